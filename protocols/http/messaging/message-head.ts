/**
 * MessageHead: properties and headers of a message as HTTP headers, and back, for bodies that are
 * the message and nothing else. Properties have names of their own (`warren-priority`: browsers
 * send a `priority` that is about the request); headers are `warren-header-<name>`.
 */
import { validateHeaderName, validateHeaderValue } from 'node:http';
import type { Field } from '../../../src/broker/field.ts';
import { textOf } from '../../../src/broker/field.ts';
import { PERSISTENT, Properties, type PropertyValues } from '../../../src/broker/properties.ts';
import { HTTP_MESSAGE_HEAD_BYTES, MAX_SHORTSTR_BYTES } from '../../../src/limits.ts';
import {
  ATTRIBUTE,
  attributeHeaders,
  attributeProperties,
  attributesOf,
  encodedAttribute,
} from './cloud-event.ts';
import { invalid } from './problem.ts';

type IncomingHead = Readonly<Record<string, string | string[] | undefined>>;

const TEXTS = {
  'content-type': 'contentType',
  'content-encoding': 'contentEncoding',
  'warren-content-encoding': 'contentEncoding',
  'warren-correlation-id': 'correlationId',
  'warren-reply-to': 'replyTo',
  'warren-expiration': 'expiration',
  'warren-message-id': 'messageId',
  'warren-type': 'type',
  'warren-user-id': 'userId',
  'warren-app-id': 'appId',
} as const satisfies Readonly<Record<string, keyof PropertyValues>>;

const NUMBERS = {
  'warren-priority': 'priority',
  'warren-timestamp': 'timestamp',
} as const satisfies Readonly<Record<string, keyof PropertyValues>>;

const CODING = 'content-encoding';

/** What clients decode by themselves; anything else there would confuse them. */
const CODINGS: ReadonlySet<string> = new Set(['gzip', 'deflate', 'br', 'zstd']);

const PERSISTENCE = 'warren-persistent';
const HEADER = 'warren-header-';

/** What each header is, for the document. */
export const HEAD_DESCRIPTIONS: Readonly<Record<string, string>> = {
  'content-type': 'content_type of the message',
  'content-encoding': 'content_encoding of the message; the body is not decoded',
  'warren-content-encoding': 'the same, for what is no coding of HTTP, such as utf-8',
  'warren-message-id': 'message_id',
  'warren-correlation-id': 'correlation_id',
  'warren-reply-to': 'reply_to',
  'warren-expiration': 'expiration: ms until the message is too old, as digits',
  'warren-priority': 'priority, 0 to 255',
  'warren-persistent': 'true, the default: survives a restart in a durable queue; or false',
  'warren-type': 'type',
  'warren-timestamp': 'timestamp: seconds since 1970',
  'warren-user-id': 'user_id: has to be the name of the user who publishes',
  'warren-app-id': 'app_id',
  'warren-header-<name>': 'the header <name>, in small letters, a text',
  'ce-<name>': 'an attribute of a CloudEvent in binary mode',
};

/**
 * What the head of a request says about the message in its body.
 * @param persistent what counts if it does not say
 * @throws Problem
 */
export function propertiesOfHead(head: IncomingHead, persistent: boolean): Properties {
  const attributes = attributesOf(head);
  const values: Record<string, unknown> = {};
  const headers: [string, Field][] = attributes === null ? [] : attributeHeaders(attributes);
  if (attributes !== null) Object.assign(values, attributeProperties(attributes));
  values.deliveryMode = persistent ? PERSISTENT : 1;
  for (const [name, raw] of Object.entries(head)) {
    if (raw === undefined) continue;
    const text = utf8(Array.isArray(raw) ? raw.join(', ') : raw);
    if (Object.hasOwn(TEXTS, name)) {
      values[TEXTS[name as keyof typeof TEXTS]] = shortText(name, text);
    } else if (name.startsWith(HEADER)) headers.push([name.slice(HEADER.length), text]);
    else if (name.startsWith('warren-')) readOther(name, text, values);
  }
  if (headers.length > 0) values.headers = new Map(headers);
  return new Properties(values as PropertyValues);
}

/** A property that is no text. @throws Problem */
function readOther(name: string, text: string, values: Record<string, unknown>): void {
  if (name === PERSISTENCE) {
    if (text !== 'true' && text !== 'false') throw invalid(`${name} must be true or false`);
    values.deliveryMode = text === 'true' ? PERSISTENT : 1;
    return;
  }
  // A misspelt property would be lost without a word.
  if (!Object.hasOwn(NUMBERS, name)) throw invalid(`${name} is not a header that means anything`);
  const number = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  const max = name === 'warren-priority' ? 255 : Number.MAX_SAFE_INTEGER;
  if (!(number <= max)) throw invalid(`${name} must be a whole number from 0 to ${max}`);
  values[NUMBERS[name as keyof typeof NUMBERS]] = number;
}

/** @throws Problem if it is longer than the short texts of AMQP, which other consumers get */
export function shortText(name: string, text: string): string {
  if (Buffer.byteLength(text) <= MAX_SHORTSTR_BYTES) return text;
  throw invalid(`${name} is longer than ${MAX_SHORTSTR_BYTES} bytes`);
}

/** The head of an answer whose body is that message. */
export function headOf(properties: Properties): Record<string, string> {
  const head: Record<string, string> = {};
  let bytes = 0;
  let omitted = 0;
  const add = (name: string, text: string): void => {
    const value = Buffer.from(text, 'utf8').toString('latin1');
    bytes += name.length + value.length;
    const fits = bytes <= HTTP_MESSAGE_HEAD_BYTES && isSendable(name, value);
    if (fits) head[name] = value;
    else omitted++;
  };
  for (const [name, key] of [...Object.entries(TEXTS), ...Object.entries(NUMBERS)]) {
    const value = properties[key];
    if (value === undefined) continue;
    if (key === 'contentEncoding' && CODINGS.has(String(value)) !== (name === CODING)) continue;
    add(name, String(value));
  }
  if (properties.deliveryMode !== undefined) add(PERSISTENCE, String(properties.persistent));
  for (const [name, field] of properties.headers ?? []) {
    if (name.startsWith(ATTRIBUTE) && typeof field === 'string') {
      add(`ce-${name.slice(ATTRIBUTE.length)}`, encodedAttribute(field));
    } else if (field !== null && (typeof field !== 'object' || 'value' in field)) {
      add(`${HEADER}${name.toLowerCase()}`, textOf(field));
    } else omitted++;
  }
  if (omitted > 0) head['warren-omitted'] = String(omitted);
  return head;
}

function isSendable(name: string, value: string): boolean {
  try {
    validateHeaderName(name);
    validateHeaderValue(name, value);
    return true;
  } catch {
    return false;
  }
}

/** Node reads heads as Latin-1; who sends UTF-8 means it. */
function utf8(text: string): string {
  const bytes = Buffer.from(text, 'latin1');
  const read = bytes.toString('utf8');
  return read.includes('\ufffd') ? text : read;
}
