/**
 * Reading: whether a connection is read from, and why not: the peer does not read its answers,
 * something that it asked for takes a while, or it publishes while the broker is short of
 * something (publisher-gate.ts). For the adapters of all protocols; while nobody reads, the peer
 * cannot be heard, so whoever watches for its silence is told.
 */
import type { Client } from './protocol.ts';
import { type GateHost, PublisherGate } from './publisher-gate.ts';

/** Why the socket is not read from. `waiting`: for the engine, or too much waits for it. */
export type Hold = 'outbox' | 'publisher' | 'waiting';

const HOLDS: Readonly<Record<Hold, number>> = { outbox: 1, publisher: 2, waiting: 4 };

/** Whatever closes the connection of a silent peer: heartbeats, a keep-alive. */
export interface Pulse {
  /** We do not read what the peer sends. */
  deaf: boolean;
  /** Bytes have arrived. */
  hear(): void;
  stop(): void;
}

/** Told when publishers are held back and when no longer, for protocols that can say so. */
export interface AlarmTeller {
  blocked(reason: string): void;
  unblocked(): void;
}

/** What is short when the connection begins; the broker is one. */
interface Shortages {
  readonly alarms: { readonly reason: string | null };
  readonly store: { readonly busy: boolean };
}

const NOBODY: AlarmTeller = { blocked: () => {}, unblocked: () => {} };

export class Reading implements GateHost {
  readonly gate: PublisherGate;
  /** Runs from login to the end, if it was agreed on. */
  pulse: Pulse | null = null;
  private readonly client: Client;
  private readonly teller: AlarmTeller;
  /** Bits of HOLDS; a set for every connection is a lot of memory for three reasons. */
  private holds = 0;
  private finishing = false;

  constructor(client: Client, { alarms, store }: Shortages, teller = NOBODY) {
    this.client = client;
    this.teller = teller;
    this.gate = new PublisherGate(this, alarms.reason, store.busy);
  }

  /** Goodbye has been said: reads on until its answer comes; the rest is ignored anyway. */
  finish(): void {
    this.finishing = true;
    this.holds = 0;
    this.client.resume();
  }

  /** Stops reading for a reason; release() takes it back. */
  hold(reason: Hold): void {
    if (this.finishing) return;
    if (this.holds === 0) this.client.pause();
    this.holds |= HOLDS[reason];
    // Whether a peer that does not read is alive shows in what leaves the outbox.
    if (reason !== 'outbox' && this.pulse !== null) this.pulse.deaf = true;
  }

  release(reason: Hold): void {
    if ((this.holds & HOLDS[reason]) === 0) return;
    this.holds &= ~HOLDS[reason];
    if (this.holds !== 0) return;
    this.client.resume();
    if (this.pulse === null) return;
    this.pulse.deaf = false;
    this.pulse.hear();
  }

  /** The connection is over: nobody watches for silence any more. */
  stopPulse(): void {
    this.pulse?.stop();
    this.pulse = null;
  }

  holdPublisher(): void {
    this.hold('publisher');
  }

  releasePublisher(): void {
    this.release('publisher');
  }

  blocked(reason: string): void {
    this.teller.blocked(reason);
  }

  unblocked(): void {
    this.teller.unblocked();
  }
}
