/**
 * MessageFilter: which messages somebody wants to see who looks into a queue, redrives it or
 * traces a vhost. Everything asked for has to match. Text is found whatever its case; patterns know
 * one sign, `*` for any characters, so that no pattern from outside can take long.
 */
import { PEEK_SEARCH_BYTES } from '../../limits-inspection.ts';
import { type Field, type Fields, OpaqueString, textOf } from '../field.ts';
import type { Message } from '../message.ts';
import { deathsOf } from '../queue/dead-letter.ts';

/** What is asked for; what is not there matches everything. */
export interface FilterValues {
  /** Anywhere in the payload, the routing key, headers (but for those of deaths) and properties. */
  readonly text?: string;
  readonly routingKey?: string;
  readonly exchange?: string;
  /** Equal to these as text; `*` for any value. */
  readonly headers?: ReadonlyMap<string, string>;
  /** A reason in x-death. */
  readonly reason?: string;
  /** Where it died first. */
  readonly sourceQueue?: string;
  readonly olderThanMs?: number;
  readonly youngerThanMs?: number;
}

/** The properties that are searched for text. */
const TEXTS = [
  'contentType',
  'correlationId',
  'replyTo',
  'messageId',
  'type',
  'userId',
  'appId',
] as const;

const DEATHS = /^x-(death$|(first|last)-death-)/;

export class MessageFilter {
  readonly values: FilterValues;
  /** Nothing is asked for. */
  readonly empty: boolean;
  private readonly needle: string;
  private readonly searchBytes: number;

  /** @param searchBytes how much of a payload is searched for text */
  constructor(values: FilterValues, searchBytes = PEEK_SEARCH_BYTES) {
    this.values = values;
    this.searchBytes = searchBytes;
    this.needle = values.text?.toLowerCase() ?? '';
    const { headers, text, ...rest } = values;
    const others = Object.values(rest).every((value) => value === undefined);
    this.empty = others && this.needle === '' && (headers?.size ?? 0) === 0;
  }

  matches(message: Message, nowMs: number): boolean {
    if (this.empty) return true;
    const { exchange, routingKey } = this.values;
    if (routingKey !== undefined && !matchesPattern(routingKey, message.routingKey)) return false;
    if (exchange !== undefined && !matchesPattern(exchange, message.exchange)) return false;
    if (!this.isOfAge(message.arrivedAtMs, nowMs)) return false;
    if (!this.hasHeaders(message) || !this.hasDied(message)) return false;
    return this.needle === '' || this.hasText(message);
  }

  private isOfAge(arrivedAtMs: number, nowMs: number): boolean {
    const { olderThanMs, youngerThanMs } = this.values;
    if (olderThanMs === undefined && youngerThanMs === undefined) return true;
    if (arrivedAtMs === 0) return false;
    const ageMs = nowMs - arrivedAtMs;
    if (olderThanMs !== undefined && ageMs <= olderThanMs) return false;
    return youngerThanMs === undefined || ageMs < youngerThanMs;
  }

  private hasHeaders({ properties }: Message): boolean {
    const { headers: wanted } = this.values;
    if (wanted === undefined || wanted.size === 0) return true;
    const { headers } = properties;
    if (headers === undefined) return false;
    for (const [name, value] of wanted) {
      const field = headers.get(name);
      if (field === undefined || (value !== '*' && !equals(field, value))) return false;
    }
    return true;
  }

  private hasDied({ properties }: Message): boolean {
    const { reason, sourceQueue } = this.values;
    if (reason === undefined && sourceQueue === undefined) return true;
    const { headers } = properties;
    if (sourceQueue !== undefined && firstQueueOf(headers) !== sourceQueue) return false;
    return (
      reason === undefined || deathsOf(headers).some((death) => death.get('reason') === reason)
    );
  }

  private hasText({ routingKey, properties, body }: Message): boolean {
    if (this.finds(routingKey)) return true;
    for (const name of TEXTS) if (this.finds(properties[name])) return true;
    if (properties.hasHeaders && this.inHeaders(properties.headers as Fields)) return true;
    if (body.length === 0) return false;
    return this.finds(body.toString('utf8', 0, this.searchBytes));
  }

  private finds(text: string | undefined): boolean {
    return text?.toLowerCase().includes(this.needle) ?? false;
  }

  /** What dead-lettering writes is asked for by names of its own, and would be found everywhere. */
  private inHeaders(headers: Fields): boolean {
    for (const [name, field] of headers) {
      if (DEATHS.test(name)) continue;
      if (this.finds(name) || this.inField(field)) return true;
    }
    return false;
  }

  private inFields(fields: Fields): boolean {
    for (const [name, field] of fields) {
      if (this.finds(name) || this.inField(field)) return true;
    }
    return false;
  }

  private inField(field: Field): boolean {
    if (Array.isArray(field)) return field.some((item) => this.inField(item));
    if (field instanceof Map) return this.inFields(field);
    return this.finds(plain(field));
  }
}

/** Asks for nothing. */
export const EVERYTHING = new MessageFilter({});

/** Where a message died first; undefined if it never did. */
export function firstQueueOf(headers: Fields | undefined): Field | undefined {
  const name = headers?.get('x-first-death-queue');
  return name ?? deathsOf(headers).at(-1)?.get('queue');
}

/** Is `text` what the pattern says, whose `*` stand for any characters? */
export function matchesPattern(pattern: string, text: string): boolean {
  const parts = pattern.split('*');
  const first = parts[0] as string;
  if (parts.length === 1) return pattern === text;
  const last = parts.at(-1) as string;
  if (!text.startsWith(first) || !text.endsWith(last)) return false;
  const end = text.length - last.length;
  let at = first.length;
  if (at > end) return false;
  for (const part of parts.slice(1, -1)) {
    const found = text.indexOf(part, at);
    if (found < 0 || found + part.length > end) return false;
    at = found + part.length;
  }
  return true;
}

function equals(field: Field, value: string): boolean {
  if (Array.isArray(field)) return field.some((item) => equals(item, value));
  return !(field instanceof Map) && plain(field) === value;
}

function plain(field: Field): string {
  if (Buffer.isBuffer(field)) return field.toString('utf8');
  if (field instanceof OpaqueString) return field.bytes.toString('latin1');
  // JavaScript's own words for numbers, as JSON shows them.
  if (typeof field === 'number' || typeof field === 'boolean') return String(field);
  return field === null ? 'null' : textOf(field);
}
