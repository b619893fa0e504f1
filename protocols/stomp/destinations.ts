/**
 * Destinations: RabbitMQ's names of places ↔ exchanges, routing keys and queues. Names within are
 * percent-encoded: `%2F` is a slash. What a destination makes exist is endpoints.ts.
 */
import { MAX_SHORTSTR_BYTES } from '../../src/limits.ts';
import { StompError } from './errors.ts';

export type DestinationKind =
  | 'queue'
  | 'topic'
  | 'exchange'
  | 'amqqueue'
  | 'temp_queue'
  | 'reply_queue';

/** Somewhere messages are sent to or come from. */
export interface Destination {
  readonly kind: DestinationKind;
  /** Where a message for it is published; '' is the default exchange. */
  readonly exchange: string;
  readonly routingKey: string;
}

/** What `/topic/…` stands for unless `stomp.default_topic_exchange` says otherwise. */
export const TOPIC_EXCHANGE = 'amq.topic';

const PREFIXES: readonly string[] = [
  '/topic',
  '/exchange',
  '/queue',
  '/amq/queue',
  '/reply-queue',
  '/temp-queue',
];

const REPLY_QUEUE = '/reply-queue/';

/**
 * @param topicExchange where `/topic/…` leads
 * @throws StompError if it is none
 */
export function parseDestination(text: string, topicExchange: string): Destination {
  const parts = text.split('/');
  if (parts.length === 1) return toQueue('queue', unescapeName(text));
  const [before, first, second] = parts;
  if (before === '') {
    switch (first) {
      case 'exchange':
        return parseExchange(parts.slice(2));
      case 'topic':
        return { ...simple('topic', parts.slice(2)), exchange: topicExchange };
      case 'queue':
        return simple('queue', parts.slice(2));
      case 'temp-queue':
        return simple('temp_queue', parts.slice(2));
      case 'amq':
        if (second === 'queue') return simple('amqqueue', parts.slice(3));
        break;
      case 'reply-queue':
        // Names of reply queues may have slashes.
        if (parts.length > 2) {
          return simple('reply_queue', [text.slice(REPLY_QUEUE.length)]);
        }
        break;
      default:
    }
  }
  const types = PREFIXES.join(', ');
  const detail = `'${text}' is not a valid destination.\nValid destination types are: ${types}.\n`;
  throw new StompError('Unknown destination', detail);
}

/** The same, or null if it is none. */
export function findDestination(text: string, topicExchange: string): Destination | null {
  try {
    return parseDestination(text, topicExchange);
  } catch {
    return null;
  }
}

/** How a MESSAGE frame names the place that its message was published to. */
export function formatDestination(exchange: string, routingKey: string): string {
  const key = escapeName(routingKey);
  if (exchange === '') return `/queue/${key}`;
  if (exchange === TOPIC_EXCHANGE) return `/topic/${key}`;
  const name = escapeName(exchange);
  return routingKey === '' ? `/exchange/${name}` : `/exchange/${name}/${key}`;
}

/** How a MESSAGE frame names the queue that a reply is expected in. */
export function formatReplyTo(replyTo: string): string {
  const known = PREFIXES.some((prefix) => replyTo.startsWith(`${prefix}/`));
  return known ? replyTo : REPLY_QUEUE + replyTo;
}

function parseExchange(names: readonly string[]): Destination {
  const [name, key] = names;
  if (name === undefined || name === '' || names.length > 2) throw invalid('exchange', names);
  const routingKey = key === undefined ? '' : unescapeName(key);
  return { kind: 'exchange', exchange: unescapeName(name), routingKey };
}

function simple(kind: DestinationKind, names: readonly string[]): Destination {
  const [name] = names;
  if (name === undefined || name === '' || names.length > 1) throw invalid(kind, names);
  return toQueue(kind, unescapeName(name));
}

function toQueue(kind: DestinationKind, name: string): Destination {
  if (name !== '') return { kind, exchange: '', routingKey: name };
  throw new StompError('Invalid destination', 'Destination cannot be blank');
}

function invalid(kind: DestinationKind, names: readonly string[]): StompError {
  const content = names.map((name) => `/${name}`).join('');
  return new StompError('Invalid destination', `'${content}' is not a valid ${kind} destination\n`);
}

/** RabbitMQ decodes `%2F` only, and so cannot be sent to by the names that it gives itself. */
function unescapeName(text: string): string {
  const name = text.includes('%') ? decoded(text) : text;
  if (name.length <= MAX_SHORTSTR_BYTES / 3 || Buffer.byteLength(name) <= MAX_SHORTSTR_BYTES) {
    return name;
  }
  const detail = `names in destinations have at most ${MAX_SHORTSTR_BYTES} bytes\n`;
  throw new StompError('Invalid destination', detail);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text.replaceAll('%2F', '/');
  }
}

/** Slash, percent sign, control characters and what is not ASCII, as `%XX` of their bytes. */
function escapeName(name: string): string {
  if (/^[ !-$&-.0-~]*$/.test(name)) return name;
  let result = '';
  for (const byte of Buffer.from(name)) {
    const special = byte === 0x2f || byte === 0x25 || byte < 0x20 || byte > 0x7f;
    const hex = byte.toString(16).toUpperCase().padStart(2, '0');
    result += special ? `%${hex}` : String.fromCharCode(byte);
  }
  return result;
}
