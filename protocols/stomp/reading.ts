/**
 * Reading: whether a connection is read from, and why not: the client does not read its answers, a
 * command has to wait, or it publishes while the broker is short of something. What blocks
 * publishers is the server's publisher-gate.ts; STOMP has no frame to say so, the client only
 * notices that nobody reads.
 */
import type { Broker } from '../../src/broker/broker.ts';
import type { Client } from '../../src/server/protocol.ts';
import { type GateHost, PublisherGate } from '../../src/server/publisher-gate.ts';
import type { Heartbeat } from './heartbeat.ts';

/** Why the socket is not read from. */
export type Hold = 'outbox' | 'publisher' | 'waiting';

export class Reading implements GateHost {
  readonly gate: PublisherGate;
  /** Runs from login to the end. */
  pulse: Heartbeat | null = null;
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
    // Whether a client that does not read is alive shows in what leaves the outbox.
    if (reason !== 'outbox' && this.pulse !== null) this.pulse.deaf = true;
  }

  release(reason: Hold): void {
    if (!this.holds.delete(reason) || this.holds.size > 0) return;
    this.client.resume();
    if (this.pulse === null) return;
    this.pulse.deaf = false;
    this.pulse.heard = true;
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
