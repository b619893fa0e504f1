/**
 * Protocol: the port that every adapter implements. A listener accepts sockets and hands bytes
 * over; the adapter turns them into calls of a Session and deliveries into bytes. Nothing here
 * knows what the bytes mean.
 */
import type { Outbox } from './outbox.ts';

/** One connected client, as an adapter sees it. */
export interface Client {
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localAddress: string;
  readonly localPort: number;
  /** Does the peer sit on this machine? */
  readonly loopback: boolean;
  readonly outbox: Outbox;
  /** Stops and restarts reading from the socket. */
  pause(): void;
  resume(): void;
  /** Sends what is in the outbox, then closes; by force if the peer does not follow in time. */
  end(): void;
  /** Closes at once. */
  destroy(): void;
}

/** The adapter's side of one connection. None of its methods may throw. */
export interface Connection {
  /** Bytes arrived; they are only valid during the call. */
  receive(buffer: Buffer, start: number, end: number): void;
  /** The outbox was over its high-water mark and has been sent. */
  drained(): void;
  /** The store is (or is no longer) behind with writing: hold publishers back. */
  storeBusy(busy: boolean): void;
  /** The socket is gone, for whatever reason; called once. */
  closed(): void;
  /** The broker stops, or an operator closes the connection: say goodbye. */
  stop(reason: string): void;
}

export interface Protocol {
  /** As printed at start-up, e.g. `AMQP 0-9-1`. */
  readonly name: string;
  connect(client: Client): Connection;
}
