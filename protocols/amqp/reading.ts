/**
 * Reading: whether a connection is read from, and why not: the peer does not read its answers, too
 * much waits for the catalog, or it publishes while the broker is short of something. What blocks
 * publishers is the server's publisher-gate.ts; the client learns of it by connection.blocked.
 */
import type { Client } from '../../src/server/protocol.ts';
import { type GateHost, PublisherGate } from '../../src/server/publisher-gate.ts';
import type { AmqpConnection } from './connection.ts';
import type { Heartbeat } from './heartbeat.ts';

/** Why the socket is not read from. */
export type Hold = 'outbox' | 'publisher' | 'backlog';

export class Reading implements GateHost {
  readonly gate: PublisherGate;
  /** Runs from login to the end. */
  pulse: Heartbeat | null = null;
  private readonly connection: AmqpConnection;
  private readonly client: Client;
  private readonly holds = new Set<Hold>();
  private finishing = false;

  constructor(connection: AmqpConnection) {
    this.connection = connection;
    this.client = connection.client;
    const { alarms, store } = connection.broker;
    this.gate = new PublisherGate(this, alarms.reason, store.busy);
  }

  /** Goodbye has been said: reads on until its answer comes; the rest is ignored anyway. */
  finish(): void {
    this.finishing = true;
    this.holds.clear();
    this.client.resume();
  }

  /** Stops reading for a reason; release() takes it back. */
  hold(reason: Hold): void {
    if (this.finishing) return;
    if (this.holds.size === 0) this.client.pause();
    this.holds.add(reason);
    // Whether a peer that does not read is alive shows in what leaves the outbox.
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

  blocked(reason: string): void {
    if (this.mayTell()) this.connection.send('connection.blocked', { reason });
  }

  unblocked(): void {
    if (this.mayTell()) this.connection.send('connection.unblocked', {});
  }

  private mayTell(): boolean {
    return !this.connection.closing && this.connection.clientCan('connection.blocked');
  }
}
