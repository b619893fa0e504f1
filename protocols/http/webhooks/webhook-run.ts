/**
 * WebhookRun: one time that a webhook consumes, from its session's beginning to its end. A message
 * is held until its target has taken it or has had its attempts; as many are held as the webhook's
 * concurrency says, so that a target that hangs costs no more than that. At least once: what is
 * under way when the run ends goes back to the queue, whatever the target makes of it.
 */

import { Undecided } from '../../../src/auth/undecided.ts';
import type { User } from '../../../src/auth/user.ts';
import type { Delivery } from '../../../src/broker/delivery.ts';
import type { Session, SessionHolder } from '../../../src/broker/session.ts';
import type { CancelReason, Consumer, Subscription } from '../../../src/broker/subscription.ts';
import type { WebhookRecord } from '../../../src/broker/webhook.ts';
import type { Timer } from '../../../src/clock.ts';
import { type Outcome, type Post, post, type Wire } from './post.ts';
import { type RequestForm, requestFormOf, signedHead } from './request-form.ts';
import { checkTarget } from './target.ts';
import { delayMs, verdictOn } from './verdict.ts';
import { type WebhookContext, wireOf } from './wire.ts';

/** A message that the run holds. */
interface Job {
  readonly delivery: Delivery;
  readonly form: RequestForm;
  attempts: number;
  post: Post | null;
  timer: Timer | null;
}

/** Whoever started the run. */
export interface RunHost {
  readonly name: string;
  readonly record: WebhookRecord;
  readonly context: WebhookContext;
  /** A request is about to be sent, and one was answered. */
  asked(bytes: number): void;
  answered(outcome: Outcome): void;
  settled(how: 'delivered' | 'failed'): void;
  /** The target wants nothing more, ever. @param record as the run had it */
  gone(record: WebhookRecord): void;
  /** The run is over by itself. @param why null if it was asked to end */
  ended(why: string | null): void;
}

export class WebhookRun implements Consumer, SessionHolder {
  readonly session: Session;
  over = false;
  private readonly host: RunHost;
  /** As it was when the run began: another begins when it is changed. */
  private readonly record: WebhookRecord;
  private readonly wire: Wire;
  private readonly subscription: Subscription;
  private readonly jobs = new Set<Job>();
  private readonly url: URL;
  private draining = false;

  /** @throws BrokerError as Broker.openSession() and Session.subscribe(); Undecided */
  constructor(host: RunHost, owner: User) {
    this.host = host;
    const { context, record } = host;
    const { broker } = context;
    const { vhost, queue, concurrency, url } = record;
    this.record = record;
    this.wire = wireOf(context, record);
    this.url = new URL(url);
    this.session = broker.openSession(owner, vhost, 'http', this);
    try {
      const { rules } = this.session.readableQueue(queue);
      // The number of attempts bounds how long a message is held, and nothing else has to.
      const args = new Map(rules.counts ? [['x-consumer-timeout', 0]] : []);
      const wishes = { tag: `webhook.${record.name}`, prefetch: concurrency, arguments: args };
      this.subscription = this.session.subscribe(queue, this, wishes);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** As operators see it. */
  get name(): string {
    return this.host.name;
  }

  /** Messages that it holds, and those of them that wait for another attempt. */
  get held(): { readonly inFlight: number; readonly waiting: number } {
    let waiting = 0;
    for (const { timer } of this.jobs) if (timer !== null) waiting++;
    return { inFlight: this.jobs.size - waiting, waiting };
  }

  start(): void {
    this.subscription.resume();
  }

  canTake(): boolean {
    return !this.draining && this.jobs.size < this.record.concurrency;
  }

  take(delivery: Delivery): void {
    // Requests are for a later turn: this one may be in the middle of a publish.
    setImmediate(() => this.begin(delivery));
  }

  cancelled(reason: CancelReason): void {
    this.end(`${this.subscription.queue}: ${reason}`);
  }

  expelled(reason: string): void {
    this.end(reason);
  }

  /** Takes nothing more, and ends when every request under way is answered. */
  drain(): void {
    if (this.over) return;
    this.draining = true;
    this.subscription.cancel();
    for (const job of [...this.jobs]) if (job.post === null) this.giveBack(job);
    this.endIfDrained();
  }

  /** Ends now: what it holds goes back. @param why null if that is what its host wants */
  end(why: string | null): void {
    if (this.over) return;
    this.over = true;
    this.subscription.cancel();
    for (const { post: under, timer } of this.jobs) {
      under?.abort();
      timer?.cancel();
    }
    this.jobs.clear();
    this.close();
    this.host.ended(why);
  }

  private begin(delivery: Delivery): void {
    if (this.over || delivery.holder === null) return;
    const form = requestFormOf(delivery, this.record);
    const job: Job = { delivery, form, attempts: 0, post: null, timer: null };
    this.jobs.add(job);
    if (this.draining) this.giveBack(job);
    else this.attempt(job);
  }

  private attempt(job: Job): void {
    job.timer = null;
    const { host, session, record, wire } = this;
    const { context } = host;
    const { clock } = context.broker;
    if (this.over || !this.jobs.has(job)) return;
    try {
      session.reauthorize();
    } catch (error) {
      if (error instanceof Undecided) void error.settled.then(() => this.attempt(job));
      else this.end((error as Error).message);
      return;
    }
    // It may have lost its right to read, or the queue may have taken the message back.
    if (this.over || !isHeld(job)) return;
    job.attempts++;
    let outcome: Promise<Outcome>;
    try {
      checkTarget(this.url, context.allowPrivate);
      const headers = signedHead(job.form, record, clock.now());
      const { body } = job.form;
      host.asked(body.length);
      job.post = post({ url: this.url, headers, body, timeoutMs: record.timeoutMs }, wire);
      outcome = job.post.outcome;
    } catch (error) {
      outcome = Promise.resolve({ status: null, error: (error as Error).message });
    }
    void outcome.then((result) => this.judge(job, result));
  }

  private judge(job: Job, outcome: Outcome): void {
    job.post = null;
    if (this.over) return;
    const { host, record } = this;
    const { context } = host;
    host.answered(outcome);
    switch (verdictOn(outcome, job.attempts, record.maxAttempts)) {
      case 'done':
        this.settle(job, 'ack');
        host.settled('delivered');
        break;
      case 'given up':
        this.settle(job, 'reject');
        host.settled('failed');
        break;
      case 'gone':
        // First, or the message would come back at once.
        this.draining = true;
        this.subscription.cancel();
        this.giveBack(job);
        host.gone(record);
        break;
      case 'again': {
        if (this.draining) {
          this.giveBack(job);
          break;
        }
        const { broker, random } = context;
        const ms = delayMs(outcome, job.attempts, record, broker.clock.now(), random());
        job.timer = broker.clock.schedule(ms, () => this.attempt(job));
      }
    }
    this.endIfDrained();
  }

  private giveBack(job: Job): void {
    this.settle(job, 'requeue');
  }

  private settle(job: Job, outcome: 'ack' | 'reject' | 'requeue'): void {
    job.timer?.cancel();
    this.jobs.delete(job);
    if (isHeld(job)) this.session.settle(job.delivery, outcome);
    // A message that was taken back has made no room by itself.
    this.subscription.resume();
  }

  private endIfDrained(): void {
    if (this.draining && this.jobs.size === 0) this.end(null);
  }

  private close(): void {
    this.wire.agent.destroy();
    const { log } = this.host.context.broker;
    this.session.close().catch((error: Error) => log.error(`${this.name}: ${error.message}`));
  }
}

/** Its queue may have taken it back meanwhile, or may be gone. */
function isHeld({ delivery }: Job): boolean {
  return delivery.holder !== null && delivery.tally?.withdrawn !== true;
}
