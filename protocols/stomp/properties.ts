/**
 * Headers of SEND ↔ Properties ↔ headers of MESSAGE: the same names both ways (protocols/README.md
 * has the table). Whatever is no property is a header of the message. The lines of a MESSAGE are
 * encoded once for all its subscribers. Hot path: headersOf().
 */
import {
  Decimal,
  type Field,
  type Fields,
  OpaqueString,
  Timestamp,
  TypedNumber,
} from '../../src/broker/field.ts';
import {
  NO_PROPERTIES,
  PERSISTENT,
  Properties,
  type PropertyValues,
  type WireForm,
} from '../../src/broker/properties.ts';
import { formatReplyTo } from './destinations.ts';
import { booleanOf, integerOf } from './frame-head.ts';
import { headerLine } from './header-text.ts';

/** A header that becomes a property. */
interface PropertyHeader {
  readonly property: Exclude<keyof PropertyValues, 'headers' | 'clusterId'>;
  /** @throws StompError */
  valueOf(text: string): string | number | undefined;
}

const MAX_PRIORITY = 255;

const PROPERTIES: ReadonlyMap<string, PropertyHeader> = new Map<string, PropertyHeader>([
  ['content-type', { property: 'contentType', valueOf: asIs }],
  ['content-encoding', { property: 'contentEncoding', valueOf: asIs }],
  ['persistent', { property: 'deliveryMode', valueOf: deliveryModeOf }],
  [
    'priority',
    { property: 'priority', valueOf: (text) => integerOf('priority', text, MAX_PRIORITY) },
  ],
  ['correlation-id', { property: 'correlationId', valueOf: asIs }],
  ['reply-to', { property: 'replyTo', valueOf: asIs }],
  ['expiration', { property: 'expiration', valueOf: asIs }],
  ['amqp-message-id', { property: 'messageId', valueOf: asIs }],
  [
    'timestamp',
    {
      property: 'timestamp',
      valueOf: (text) => integerOf('timestamp', text, Number.MAX_SAFE_INTEGER),
    },
  ],
  ['type', { property: 'type', valueOf: asIs }],
  ['user-id', { property: 'userId', valueOf: asIs }],
  ['app-id', { property: 'appId', valueOf: asIs }],
]);

/** Headers of the frame, not of the message. */
const OF_FRAME: ReadonlySet<string> = new Set([
  'destination',
  'receipt',
  'transaction',
  'content-length',
]);

/** Headers that the broker writes into a MESSAGE; one of the message's own may not forge them. */
const OF_MESSAGE: ReadonlySet<string> = new Set([
  ...OF_FRAME,
  'message-id',
  'subscription',
  'ack',
  'redelivered',
]);

/** What the headers of a SEND say about its message. @throws StompError */
export function propertiesOf(names: readonly string[], values: readonly string[]): Properties {
  const found: Record<string, Field | Fields | undefined> = {};
  const headers = new Map<string, Field>();
  const seen = new Set<string>(OF_FRAME);
  for (const [index, name] of names.entries()) {
    if (seen.has(name)) continue;
    seen.add(name);
    const text = values[index]!;
    const known = PROPERTIES.get(name);
    if (known === undefined) headers.set(name, text);
    else found[known.property] = known.valueOf(text);
  }
  if (headers.size > 0) found.headers = headers;
  else if (Object.keys(found).length === 0) return NO_PROPERTIES;
  return new Properties(found as PropertyValues);
}

function asIs(text: string): string {
  return text;
}

function deliveryModeOf(text: string): number | undefined {
  return booleanOf(text) === true ? PERSISTENT : undefined;
}

/** The lines of a MESSAGE that come from the message's properties. */
class StompHeaders implements WireForm {
  readonly protocol = 'stomp';
  /** With the escapes of 1.1 and 1.2, and without. */
  escaped: Buffer | null = null;
  plain: Buffer | null = null;
}

/** Every protocol shares the object that these belong to, so its `wire` is left alone. */
const NO_HEADERS = new StompHeaders();

/** The last properties that were somebody else's: their `wire` is not ours to replace. */
let guest: Properties | null = null;
let guestHeaders = new StompHeaders();

/**
 * The header lines of these properties.
 * @param escapes false for STOMP 1.0
 */
export function headersOf(properties: Properties, escapes: boolean): Buffer {
  const headers = cacheOf(properties);
  if (escapes) {
    headers.escaped ??= encodeHeaders(properties, true);
    return headers.escaped;
  }
  headers.plain ??= encodeHeaders(properties, false);
  return headers.plain;
}

function cacheOf(properties: Properties): StompHeaders {
  if (properties === NO_PROPERTIES) return NO_HEADERS;
  const { wire } = properties;
  if (wire instanceof StompHeaders) return wire;
  if (wire === null) {
    const headers = new StompHeaders();
    properties.wire = headers;
    return headers;
  }
  if (properties !== guest) {
    guest = properties;
    guestHeaders = new StompHeaders();
  }
  return guestHeaders;
}

function encodeHeaders(p: Properties, escapes: boolean): Buffer {
  let text = '';
  const put = (name: string, value: string | number | undefined): void => {
    if (value !== undefined) text += headerLine(name, String(value), escapes);
  };
  put('content-type', p.contentType);
  put('content-encoding', p.contentEncoding);
  if (p.persistent) put('persistent', 'true');
  put('priority', p.priority);
  put('correlation-id', p.correlationId);
  if (p.replyTo !== undefined) put('reply-to', formatReplyTo(p.replyTo));
  put('expiration', p.expiration);
  put('amqp-message-id', p.messageId);
  put('timestamp', p.timestamp);
  put('type', p.type);
  put('user-id', p.userId);
  put('app-id', p.appId);
  if (p.headers !== undefined) {
    for (const [name, value] of p.headers) {
      // Names may repeat in no frame, and the first one counts: the broker's own word.
      if (name === '' || OF_MESSAGE.has(name) || PROPERTIES.has(name)) continue;
      put(name, textOf(value));
    }
  }
  return Buffer.from(text);
}

/** Tables and arrays are JSON: RabbitMQ leaves them out, and with them x-death. */
function textOf(value: Field): string {
  if (typeof value === 'string') return value;
  if (value instanceof OpaqueString) return value.bytes.toString('latin1');
  const plain = plainOf(value);
  return typeof plain === 'string' ? plain : JSON.stringify(plain);
}

type Plain = string | number | boolean | null | Plain[] | { [name: string]: Plain };

function plainOf(value: Field): Plain {
  if (value instanceof TypedNumber) {
    return typeof value.value === 'bigint' ? bigNumber(value.value) : value.value;
  }
  if (value instanceof Timestamp) return value.seconds;
  if (value instanceof Decimal) return value.unscaled * 10 ** -value.scale;
  if (value instanceof OpaqueString) return value.bytes.toString('base64');
  if (Buffer.isBuffer(value)) return value.toString('base64');
  if (Array.isArray(value)) return value.map((element: Field) => plainOf(element));
  if (value instanceof Map) {
    // Object.fromEntries defines properties, so that __proto__ is a name like any other.
    return Object.fromEntries([...(value as Fields)].map(([name, of]) => [name, plainOf(of)]));
  }
  return value as string | number | boolean | null;
}

function bigNumber(value: bigint): string | number {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value.toString();
}
