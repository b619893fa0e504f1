/**
 * Message: what a publisher said, plus where it was sent. Immutable and shared by every queue
 * that holds it; a message's stay in one queue is a Delivery. Adapters build messages, the vhost
 * routes them, stores keep them. Hot path: one of these per publish, so no lazy closures here.
 */
import type { NewMessage } from '../storage/message-store.ts';
import type { Properties } from './properties.ts';
import { encodeStoredHeader } from './stored-header.ts';

export class Message implements NewMessage {
  /** '' is the default exchange. */
  readonly exchange: string;
  readonly routingKey: string;
  readonly properties: Properties;
  /** Owned: never a view into a socket's read buffer. */
  readonly body: Buffer;
  /** When the broker accepted it, ms since 1970; 0 until something needs to know. */
  arrivedAtMs = 0;

  constructor(exchange: string, routingKey: string, properties: Properties, body: Buffer) {
    this.exchange = exchange;
    this.routingKey = routingKey;
    this.properties = properties;
    this.body = body;
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
