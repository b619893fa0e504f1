/**
 * EventForm: any message as a CloudEvent 1.0, for consumers that want those. One that was published
 * as an event stays what it was, whichever protocol it came by: the attributes are headers with the
 * prefix of the AMQP binding, or without one as in the MQTT 5 binding, or in the body (structured
 * mode). Of any other message an event is made. What comes in is cloud-event.ts.
 */
import { isUtf8 } from 'node:buffer';
import type { Delivery } from '../../../src/broker/delivery.ts';
import { type Field, textOf } from '../../../src/broker/field.ts';
import type { Message } from '../../../src/broker/message.ts';
import { isObject, type JsonObject } from '../input.ts';
import { EVENT, encodedAttribute } from './cloud-event.ts';

/** Before names of headers: of this broker and most clients, and of clients of JMS. */
const PREFIXES = ['cloudEvents:', 'cloudEvents_'];

const NAME = /^[a-z0-9]{1,64}$/;
const REQUIRED = ['specversion', 'id', 'source', 'type'] as const;

/** An event, taken apart. */
export interface EventForm {
  /** Texts by names, without `datacontenttype`. */
  readonly attributes: ReadonlyMap<string, string>;
  readonly dataType: string | undefined;
  readonly data: Buffer;
}

/** What an event is told about itself that its message does not say. */
export interface EventOrigin {
  readonly vhost: string;
  readonly queue: string;
  /** Told apart from every other message by this, if by nothing of its own. */
  readonly id: string;
}

/** What tokens go by in an event: an attribute of our own. */
export const TOKEN_ATTRIBUTE = 'warrentoken';

/** A delivery as an event in structured mode. @param token null if it is settled already */
export function heldEvent(
  { message, queue }: Delivery,
  token: string | null,
  id: string,
  vhost: string,
): JsonObject {
  const event = structuredEvent(eventFormOf(message, { vhost, queue: queue.name, id }));
  return token === null ? event : { ...event, [TOKEN_ATTRIBUTE]: token };
}

/** The message as an event. */
export function eventFormOf(message: Message, origin: EventOrigin): EventForm {
  const { properties, body } = message;
  const { contentType: dataType } = properties;
  if (mediaTypeOf(dataType) === EVENT) {
    const event = parsedEvent(body);
    if (event !== null) return takenApart(event);
  }
  const attributes = attributesIn(properties.headers ?? new Map());
  return { attributes: attributes ?? madeUp(message, origin), dataType, data: body };
}

/** Its head in binary mode [CloudEvents HTTP 3.1]; the data is the body. */
export function binaryHead({ attributes, dataType }: EventForm): Record<string, string> {
  const head: Record<string, string> = {};
  for (const [name, value] of attributes) head[`ce-${name}`] = encodedAttribute(value);
  if (dataType !== undefined) head['content-type'] = dataType;
  return head;
}

/** The whole of it in structured mode [CloudEvents JSON 3]. */
export function structuredEvent({ attributes, dataType, data }: EventForm): JsonObject {
  const event: Record<string, unknown> = Object.fromEntries(attributes);
  if (dataType !== undefined) event.datacontenttype = dataType;
  if (data.length === 0) return event;
  if (!isUtf8(data)) return { ...event, data_base64: data.toString('base64') };
  const text = data.toString('utf8');
  if (!/^application\/json$|\+json$/.test(mediaTypeOf(dataType))) return { ...event, data: text };
  try {
    return { ...event, data: JSON.parse(text) };
  } catch {
    return { ...event, data_base64: data.toString('base64') };
  }
}

function mediaTypeOf(type: string | undefined): string {
  return (type ?? '').split(';', 1)[0]!.trim().toLowerCase();
}

function parsedEvent(body: Buffer): JsonObject | null {
  try {
    const event: unknown = JSON.parse(body.toString('utf8'));
    const complete = isObject(event) && REQUIRED.every((name) => typeof event[name] === 'string');
    return complete ? event : null;
  } catch {
    return null;
  }
}

function takenApart(event: JsonObject): EventForm {
  const { data, data_base64: encoded, datacontenttype: given, ...rest } = event;
  const named = Object.entries(rest).filter(([name, value]) => NAME.test(name) && value !== null);
  const attributes = new Map(named.map(([name, value]) => [name, String(value)]));
  const type = typeof given === 'string' ? given : undefined;
  if (typeof encoded === 'string') {
    return { attributes, dataType: type, data: Buffer.from(encoded, 'base64') };
  }
  if (data === undefined) return { attributes, dataType: type, data: Buffer.alloc(0) };
  const isJson = type === undefined || /^application\/json$|\+json$/.test(mediaTypeOf(type));
  const text = typeof data === 'string' && !isJson ? data : JSON.stringify(data);
  return { attributes, dataType: type ?? 'application/json', data: Buffer.from(text) };
}

/** null if the headers are not those of an event. */
function attributesIn(headers: ReadonlyMap<string, Field>): Map<string, string> | null {
  for (const prefix of [...PREFIXES, '']) {
    if (!REQUIRED.every((name) => typeof headers.get(prefix + name) === 'string')) continue;
    const attributes = new Map<string, string>();
    for (const [name, field] of headers) {
      const attribute = name.startsWith(prefix) ? name.slice(prefix.length) : '';
      const scalar = field !== null && (typeof field !== 'object' || 'value' in field);
      if (NAME.test(attribute) && scalar) attributes.set(attribute, textOf(field));
    }
    return attributes;
  }
  return null;
}

function madeUp({ properties, routingKey }: Message, origin: EventOrigin): Map<string, string> {
  const { vhost, queue, id } = origin;
  const source = `/vhosts/${encodeURIComponent(vhost)}/queues/${encodeURIComponent(queue)}`;
  const { timestamp, type } = properties;
  const attributes = new Map([
    ['specversion', '1.0'],
    ['id', properties.messageId || id],
    ['source', source],
    ['type', type || 'warren.message'],
  ]);
  if (routingKey !== '') attributes.set('subject', routingKey);
  const time = timestamp === undefined ? Number.NaN : timestamp * 1000;
  if (Math.abs(time) < 8.64e15) attributes.set('time', new Date(time).toISOString());
  return attributes;
}
