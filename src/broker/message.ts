/**
 * Message: what a publisher said, plus where it was sent. Immutable and shared by every queue
 * that holds it; a message's stay in one queue is a Delivery. Adapters build messages, the vhost
 * routes them, stores keep them. Hot path: one of these per publish, so no lazy closures here.
 */
import { assert } from '../assert.ts';
import type { NewMessage } from '../storage/message-store.ts';
import type { BodyMemory } from './body-memory.ts';
import type { Properties } from './properties.ts';
import { encodeStoredHeader } from './stored-header.ts';

/** What a message has whose memory has been given back. */
const GIVEN_BACK = Buffer.alloc(0);

/**
 * Its memory may be used again when it is over ({@link BodyMemory}). For that, whoever has the
 * message calls hold() and, when done, release(): its maker, the queues, the store. All others need
 * not care: to read `body` is to keep the message for good.
 */
export class Message implements NewMessage {
  /** '' is the default exchange. */
  readonly exchange: string;
  readonly routingKey: string;
  readonly properties: Properties;
  /** When the broker accepted it, ms since 1970; 0 until something needs to know. */
  arrivedAtMs = 0;
  /** Owned: never a view into a socket's read buffer. */
  private bytes: Buffer;
  /** Where `bytes` are, if somebody waits for that. */
  private memory: BodyMemory | null;

  /** @param memory what the body lies in; its maker is the first who holds the message then */
  constructor(
    exchange: string,
    routingKey: string,
    properties: Properties,
    body: Buffer,
    memory: BodyMemory | null = null,
  ) {
    this.exchange = exchange;
    this.routingKey = routingKey;
    this.properties = properties;
    this.bytes = body;
    this.memory = memory;
    if (memory !== null) memory.holds = 1;
  }

  /** The body, to keep for as long as you like. */
  get body(): Buffer {
    this.keep();
    return this.bytes;
  }

  /** The body, to be read while you hold the message, and not to be kept. */
  get lent(): Buffer {
    assert(this.bytes !== GIVEN_BACK, 'the message is over');
    return this.bytes;
  }

  get bodyBytes(): number {
    return this.bytes.length;
  }

  /** Somebody has it who will not say when that ends. */
  keep(): void {
    assert(this.bytes !== GIVEN_BACK, 'the message is over');
    this.memory = null;
  }

  /** One more has it, and will say when that ends. */
  hold(): void {
    if (this.memory !== null) this.memory.holds++;
  }

  /** One of those who hold it does not need it any more. */
  release(): void {
    const { memory } = this;
    if (memory === null || --memory.holds > 0) return;
    this.memory = null;
    this.bytes = GIVEN_BACK;
    memory.pool.give(memory);
  }

  /** When its own expiration runs out, ms since 1970; 0 for never. */
  get expiresAtMs(): number {
    const ttlMs = this.properties.ttlMs;
    return ttlMs < 0 ? 0 : this.arrivedAtMs + ttlMs;
  }

  /** −1 if the publisher gave none. */
  get priority(): number {
    return this.properties.priority ?? -1;
  }

  /** The routing keys in a `CC` or `BCC` header; null if there is none. */
  copyKeys(name: 'CC' | 'BCC'): readonly string[] | null {
    const keys = this.properties.headers?.get(name);
    if (!Array.isArray(keys)) return null;
    return keys.filter((key) => typeof key === 'string');
  }

  encodeHeader(): Buffer {
    return encodeStoredHeader(this);
  }
}
