/**
 * CloudEvent: CloudEvents 1.0 over HTTP. In binary mode attributes are `ce-` headers; they become
 * headers `cloudEvents:<name>` of the message, as in the AMQP binding, and fill properties that
 * say the same. In structured mode the body is the event and stays as it is. Either way an event
 * without its four required attributes is refused, so that no consumer meets half of one.
 */
import type { Field } from '../../../src/broker/field.ts';
import type { PropertyValues } from '../../../src/broker/properties.ts';
import { isObject, type JsonObject } from '../input.ts';
import { invalid } from './problem.ts';

/** Media types of the structured mode, without parameters. */
export const EVENT = 'application/cloudevents+json';
export const EVENTS = 'application/cloudevents-batch+json';

/** What the name of a header begins with that is an attribute. */
export const ATTRIBUTE = 'cloudEvents:';

const REQUIRED = ['specversion', 'id', 'source', 'type'] as const;

const NAME = /^[a-z0-9]+$/;

/** The attributes of an event in binary mode; null if it is none. @throws Problem */
export function attributesOf(
  headers: Readonly<Record<string, string | string[] | undefined>>,
): Map<string, string> | null {
  const attributes = new Map<string, string>();
  for (const [name, value] of Object.entries(headers)) {
    if (!name.startsWith('ce-') || typeof value !== 'string') continue;
    const attribute = name.slice(3);
    if (!NAME.test(attribute)) throw invalid(`${name} is no name of a CloudEvents attribute`);
    attributes.set(attribute, decoded(name, value));
  }
  if (attributes.size === 0) return null;
  checkRequired((name) => attributes.get(name));
  return attributes;
}

/** The attributes as headers of a message. */
export function attributeHeaders(attributes: ReadonlyMap<string, string>): [string, Field][] {
  return [...attributes].map(([name, value]) => [`${ATTRIBUTE}${name}`, value]);
}

/** What the attributes say that messages have properties for. */
export function attributeProperties(attributes: ReadonlyMap<string, string>): PropertyValues {
  const timeMs = Date.parse(attributes.get('time') ?? '');
  const timestamp = timeMs >= 0 ? Math.floor(timeMs / 1000) : undefined;
  return { messageId: short(attributes.get('id')), type: short(attributes.get('type')), timestamp };
}

/** The event in a structured body. @throws Problem */
export function checkEvent(value: unknown): JsonObject {
  if (!isObject(value)) throw invalid('a CloudEvent is a JSON object');
  checkRequired((name) => value[name]);
  return value;
}

/** What an event says that messages have properties for. */
export function eventProperties(event: JsonObject): PropertyValues {
  const texts = Object.entries(event).filter(([, value]) => typeof value === 'string');
  return attributeProperties(new Map(texts as [string, string][]));
}

/** [CloudEvents HTTP 3.1.3.2]: percent-encoded UTF-8. */
export function encodedAttribute(value: string): string {
  return value.replace(/[^\x21\x23\x24\x26-\x7e]/gu, (character) => encodeURIComponent(character));
}

function decoded(name: string, value: string): string {
  try {
    return decodeURIComponent(value.replace(/%(?![0-9a-fA-F]{2})/g, '%25'));
  } catch {
    throw invalid(`${name} is not percent-encoded UTF-8`);
  }
}

function checkRequired(attribute: (name: string) => unknown): void {
  for (const name of REQUIRED) {
    const value = attribute(name);
    if (typeof value !== 'string' || value === '') {
      throw invalid(`a CloudEvent has to have the attribute ${name}`);
    }
  }
  const version = attribute('specversion') as string;
  if (version !== '1.0') throw invalid(`CloudEvents ${version} is not known here, 1.0 is`);
}

/** Properties are short texts; what is longer is in the event only. */
function short(text: string | undefined): string | undefined {
  return text !== undefined && Buffer.byteLength(text) <= 255 ? text : undefined;
}
