/**
 * Webhook: one webhook for as long as it is there: its runs one after the other, what they have
 * come to, and its place in the list of connections.
 */
import { decided } from '../../../src/auth/undecided.ts';
import type { WebhookRecord } from '../../../src/broker/webhook.ts';
import type { Timer } from '../../../src/clock.ts';
import { WEBHOOK_DRAINING_MAX, WEBHOOK_REOPEN_MS } from '../../../src/limits-webhook.ts';
import type { OpenConnection } from '../../../src/server/connections.ts';
import type { ConnectedPeer, Description, Registered } from '../../../src/server/protocol.ts';
import type { Outcome } from './post.ts';
import { type RunHost, WebhookRun } from './webhook-run.ts';
import type { WebhookContext } from './wire.ts';

const PROTOCOL = 'HTTP webhook';

/** What has become of it so far, since the broker has started. */
export interface WebhookFigures {
  readonly state: 'active' | 'waiting' | 'paused' | 'disabled';
  readonly inFlight: number;
  /** For another attempt. */
  readonly waiting: number;
  readonly attempts: number;
  readonly delivered: number;
  readonly failed: number;
  readonly lastStatus: number | null;
  readonly lastError: string | null;
  readonly lastAttemptAtMs: number | null;
}

export class Webhook implements RunHost, Registered {
  readonly context: WebhookContext;
  record: WebhookRecord;
  private run: WebhookRun | null = null;
  /** Runs that are to end when their requests are answered. */
  private readonly draining = new Set<WebhookRun>();
  private entry: OpenConnection | null = null;
  private timer: Timer | null = null;
  private stopped = false;
  /** How often it has been opened, or was to be and then was not. */
  private openings = 0;
  private attempts = 0;
  private delivered = 0;
  private failed = 0;
  private lastStatus: number | null = null;
  private lastError: string | null = null;
  private lastAttemptAtMs: number | null = null;
  private readonly peer: ConnectedPeer & { reads: number };
  private readonly sent = { bytes: 0, writes: 0, pending: 0 };

  constructor(context: WebhookContext, record: WebhookRecord) {
    this.context = context;
    this.record = record;
    this.peer = this.makePeer();
    this.open();
  }

  /** As operators see it, and the holder of its sessions. */
  get name(): string {
    return `webhook ${this.record.name}@${this.record.vhost}`;
  }

  get figures(): WebhookFigures {
    const { record, run, attempts, delivered, failed } = this;
    const { lastStatus, lastError, lastAttemptAtMs } = this;
    let { inFlight = 0, waiting = 0 } = run?.held ?? {};
    for (const { held } of this.draining) {
      inFlight += held.inFlight;
      waiting += held.waiting;
    }
    const active = run === null ? 'waiting' : 'active';
    const state = record.state === 'active' ? active : record.state;
    const last = { lastStatus, lastError, lastAttemptAtMs };
    return { state, inFlight, waiting, attempts, delivered, failed, ...last };
  }

  /** Its owner has changed it: requests under way are finished as they were begun. */
  change(record: WebhookRecord): void {
    this.retire();
    this.record = record;
    this.open();
  }

  /** It is no more. Requests under way still count if their message is there. */
  drop(): void {
    this.stopped = true;
    this.retire();
  }

  /** The broker stops. */
  halt(): void {
    this.stopped = true;
    this.timer?.cancel();
    for (const run of [...this.draining, ...(this.run === null ? [] : [this.run])]) run.end(null);
    this.leave();
  }

  // -- RunHost --

  asked(bytes: number): void {
    this.attempts++;
    this.sent.writes++;
    this.sent.bytes += bytes;
    this.lastAttemptAtMs = this.context.broker.clock.now();
  }

  answered(outcome: Outcome): void {
    this.peer.reads++;
    this.lastStatus = outcome.status;
    if (outcome.status === null) this.lastError = outcome.error;
    else this.lastError = outcome.status < 300 ? null : `the target answers ${outcome.status}`;
  }

  settled(how: 'delivered' | 'failed'): void {
    this[how]++;
  }

  gone(record: WebhookRecord): void {
    const { broker } = this.context;
    // Whoever has changed or deleted it meanwhile is not contradicted.
    if (broker.webhooks.get(record.vhost, record.name) !== record) return;
    broker.log.warning(`${this.name}: its target is gone (410), it is disabled`);
    const disabled = { ...record, state: 'disabled' } as const;
    broker.propose({ op: 'webhook.put', record: disabled }).catch((error: Error) => {
      broker.log.error(`${this.name} could not be disabled: ${error.message}`);
      this.reopen();
    });
  }

  ended(why: string | null): void {
    const { run } = this;
    for (const one of this.draining) if (one.over) this.draining.delete(one);
    if (run === null || !run.over) return;
    this.run = null;
    this.leave();
    if (why === null || this.stopped) return;
    this.lastError = why;
    this.context.broker.log.info(`${this.name}: ${why}`);
    this.reopen();
  }

  // -- Registered --

  /** An operator closes it: it comes back, as a client would. Pausing ends it. */
  stop(reason: string): void {
    this.run?.end(reason);
  }

  describe(): Description {
    const { record, run } = this;
    return {
      protocol: PROTOCOL,
      state: run === null ? 'closing' : 'running',
      user: record.owner,
      vhost: record.vhost,
      session: run?.session ?? null,
      givenName: record.name,
      channels: 1,
    };
  }

  // -- inside --

  private open(): void {
    this.timer = null;
    const { context, record } = this;
    const { broker } = context;
    if (this.stopped || record.state !== 'active') return;
    const owner = broker.users.get(record.owner);
    const opening = ++this.openings;
    const refused = (error: Error): void => {
      if (opening !== this.openings) return;
      this.lastError = error.message;
      this.reopen();
    };
    if (owner === undefined) {
      refused(new Error(`there is no user '${record.owner}'`));
      return;
    }
    try {
      const made = decided(() => new WebhookRun(this, owner));
      if (made instanceof Promise) made.then((run) => this.begin(run, opening), refused);
      else this.begin(made, opening);
    } catch (error) {
      refused(error as Error);
    }
  }

  /** @param opening which; another may have been asked for while somebody was asked */
  private begin(run: WebhookRun, opening: number): void {
    if (opening !== this.openings || this.stopped) {
      run.end(null);
      return;
    }
    this.run = run;
    this.entry = this.context.connections.add(PROTOCOL, this.peer, this);
    run.start();
  }

  private reopen(): void {
    const { clock } = this.context.broker;
    this.timer?.cancel();
    this.timer = clock.schedule(WEBHOOK_REOPEN_MS, () => this.open());
  }

  private retire(): void {
    this.openings++;
    this.timer?.cancel();
    this.timer = null;
    const { run } = this;
    this.run = null;
    this.leave();
    if (run === null) return;
    this.draining.add(run);
    run.drain();
    // Whoever changes it again and again does not get its concurrency each time.
    for (const oldest of this.draining) {
      if (this.draining.size <= WEBHOOK_DRAINING_MAX) break;
      oldest.end(null);
    }
  }

  private leave(): void {
    if (this.entry !== null) this.context.connections.remove(this.entry);
    this.entry = null;
  }

  /** Where it sends to, and how much. */
  private makePeer(): ConnectedPeer & { reads: number } {
    const webhook = this;
    return {
      get name() {
        return webhook.name;
      },
      get remoteAddress() {
        return new URL(webhook.record.url).hostname;
      },
      get remotePort() {
        const { port, protocol } = new URL(webhook.record.url);
        return Number(port) || (protocol === 'https:' ? 443 : 80);
      },
      localAddress: '',
      localPort: 0,
      tls: null,
      reads: 0,
      readBytes: 0,
      outbox: this.sent,
      destroy: () => this.stop('closed'),
    };
  }
}
