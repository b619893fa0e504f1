/**
 * Reading: whether a connection is read from, and why not: the peer does not read its answers, the
 * engine is asked for something that takes a while, or the client publishes while the broker is
 * short of something, of which MQTT cannot tell it (server/publisher-gate.ts).
 */
import type { Broker } from '../../src/broker/broker.ts';
import type { Client } from '../../src/server/protocol.ts';
import { type GateHost, PublisherGate } from '../../src/server/publisher-gate.ts';
import type { KeepAlive } from './keep-alive.ts';

/** Why the socket is not read from. */
export type Hold = 'outbox' | 'publisher' | 'engine';

export class Reading implements GateHost {
  readonly gate: PublisherGate;
  /** Runs from login to the end, if the client wants it. */
  keepAlive: KeepAlive | null = null;
  private readonly client: Client;
  private readonly holds = new Set<Hold>();

  constructor(client: Client, { alarms, store }: Broker) {
    this.client = client;
    this.gate = new PublisherGate(this, alarms.reason, store.busy);
  }

  /** Stops reading for a reason; release() takes it back. */
  hold(reason: Hold): void {
    if (this.holds.size === 0) this.client.pause();
    this.holds.add(reason);
    // Whether a peer that does not read is alive shows in what leaves the outbox.
    if (reason !== 'outbox' && this.keepAlive !== null) this.keepAlive.deaf = true;
  }

  release(reason: Hold): void {
    if (!this.holds.delete(reason) || this.holds.size > 0) return;
    this.client.resume();
    if (this.keepAlive === null) return;
    this.keepAlive.deaf = false;
    this.keepAlive.heard();
  }

  holdPublisher(): void {
    this.hold('publisher');
  }

  releasePublisher(): void {
    this.release('publisher');
  }

  blocked(): void {}

  unblocked(): void {}
}
