/**
 * Confirmation: publishes the messages of one request and waits until each is as safe as it will
 * be: the engine's receipts, collected. A batch yields to others every now and then. It gives up
 * waiting after a while, and then says that it does not know.
 */

import { setImmediate as nextTurn } from 'node:timers/promises';
import { whenDecided } from '../../../src/auth/undecided.ts';
import { BrokerError } from '../../../src/broker/errors.ts';
import type { Message } from '../../../src/broker/message.ts';
import { Receipt, type ReceiptHolder } from '../../../src/broker/receipt.ts';
import type { Session } from '../../../src/broker/session.ts';
import type { Traffic } from '../../../src/broker/traffic.ts';
import type { Clock } from '../../../src/clock.ts';
import { HTTP_BATCH_SLICE, HTTP_CONFIRM_WAIT_MS } from '../../../src/limits.ts';
import type { Intake } from './intake.ts';
import { Problem } from './problem.ts';

/** A message, and whether its publisher wants to hear that no queue takes it. */
export interface Posting {
  readonly message: Message;
  readonly mandatory: boolean;
}

/** What became of one. */
export interface Fate {
  /** Queues that it reached. */
  readonly routed: number;
  /** null if it is safe, or nobody minds that it went nowhere. */
  readonly problem: Problem | null;
}

/** Made once: it is what every message begins as. */
const UNCONFIRMED = new Problem('UNCONFIRMED', 'the broker does not know yet whether it is safe');

export class Confirmation implements ReceiptHolder {
  private readonly session: Session;
  private readonly traffic: Traffic;
  private readonly routed: number[] = [];
  private readonly problems: (Problem | null)[] = [];
  private waiting = 0;
  private done: (() => void) | null = null;

  private constructor(session: Session, traffic: Traffic) {
    this.session = session;
    this.traffic = traffic;
  }

  /**
   * Publishes them in their order.
   * @param traffic the channel that they are of
   * @throws Problem UNAVAILABLE if the first cannot be
   */
  static async of(
    session: Session,
    postings: readonly Posting[],
    intake: Intake,
    clock: Clock,
    traffic: Traffic = session.traffic,
  ): Promise<Fate[]> {
    const one = new Confirmation(session, traffic);
    for (const [index, posting] of postings.entries()) {
      if (index % HTTP_BATCH_SLICE === 0) {
        if (index > 0) await nextTurn();
        try {
          await intake.room();
        } catch (error) {
          if (index === 0) throw error;
          for (let i = index; i < postings.length; i++) one.problems[i] = error as Problem;
          break;
        }
      }
      try {
        one.publish(posting, index);
      } catch (error) {
        await one.publishLater(error, posting, index);
      }
    }
    await one.settled(clock);
    return postings.map((_, index) => one.fateOf(index));
  }

  completed(sequence: number, accepted: boolean): void {
    this.problems[sequence] = accepted ? null : rejected();
    if (accepted) this.traffic.confirm++;
    if (--this.waiting === 0) this.done?.();
  }

  /** Makes the closure, so that of() makes none when all goes well. */
  private publishLater(error: unknown, posting: Posting, index: number): Promise<void> {
    return whenDecided(error, () => this.publish(posting, index));
  }

  /** @throws Undecided */
  private publish({ message, mandatory }: Posting, index: number): void {
    const { session } = this;
    const receipt = new Receipt(this, index);
    try {
      session.checkSize(message.bodyBytes);
      this.problems[index] = UNCONFIRMED;
      this.waiting++;
      this.routed[index] = session.publish(message, receipt, this.traffic);
    } catch (error) {
      if (this.problems[index] !== undefined) this.waiting--;
      delete this.problems[index];
      if (!(error instanceof BrokerError)) throw error;
      this.problems[index] = new Problem(error.kind, error.message);
      return;
    }
    receipt.release();
    if (!mandatory || this.routed[index] !== 0) return;
    session.returned(message, this.traffic);
    this.problems[index] = new Problem('NO_ROUTE', 'no queue takes a message with this key');
  }

  private settled(clock: Clock): Promise<void> {
    if (this.waiting === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = clock.schedule(HTTP_CONFIRM_WAIT_MS, resolve);
      this.done = () => {
        timer.cancel();
        resolve();
      };
    });
  }

  private fateOf(index: number): Fate {
    return { routed: this.routed[index] ?? 0, problem: this.problems[index] ?? null };
  }
}

function rejected(): Problem {
  return new Problem('REJECTED', 'a queue or the store does not take it: see queue limits');
}
