/**
 * SafeLetters: dead letters of a quorum queue that must arrive (`x-dead-letter-strategy` =
 * `at-least-once`). A message stays in its queue's store until every queue that its letter leads
 * to has it: a target that is full, a store that fails, a missing exchange or binding only makes
 * it wait and try again. A bounded number is on the way, the rest waits in the order of dying;
 * all count against the length limit, so that publishers feel a target that stays full. After a
 * restart they are messages of their queue again.
 */
import type { Clock, Timer } from '../../clock.ts';
import { DEAD_LETTER_RETRY_MS, DEAD_LETTERS_UNDERWAY } from '../../limits.ts';
import type { Ref } from '../../storage/message-store.ts';
import type { Message } from '../message.ts';
import { Receipt, type ReceiptHolder } from '../receipt.ts';
import type { DeathReason } from './dead-letter.ts';
import { Fifo } from './fifo.ts';
import type { Paging } from './paging.ts';
import type { Queue } from './queue.ts';
import type { QueueHost } from './queue-host.ts';

/** One letter, until it is everywhere. */
export class SafeLetter {
  readonly message: Message;
  readonly ref: Ref;
  readonly reason: DeathReason;
  readonly atMs: number;
  /** The queues that have it. */
  private readonly arrived = new Set<string>();
  private readonly finished: (letter: SafeLetter, arrived: boolean) => void;
  private answersDue = 0;
  private failed = false;

  /** @param finished told after each try */
  constructor(
    message: Message,
    ref: Ref,
    reason: DeathReason,
    atMs: number,
    finished: (letter: SafeLetter, arrived: boolean) => void,
  ) {
    this.message = message;
    this.ref = ref;
    this.reason = reason;
    this.atMs = atMs;
    this.finished = finished;
  }

  /** A try begins; it ends with {@link tried}. */
  begin(): void {
    this.answersDue = 1;
    this.failed = false;
  }

  has(queueName: string): boolean {
    return this.arrived.has(queueName);
  }

  /** For a queue that it is offered to. */
  receiptFor(queueName: string): Receipt {
    this.answersDue++;
    const completed = (_: number, accepted: boolean): void => {
      if (accepted) this.arrived.add(queueName);
      else this.failed = true;
      this.answered();
    };
    const holder: ReceiptHolder = { completed };
    return new Receipt(holder, 0);
  }

  /** @param reached how many queues it leads to; with none it has to wait for one */
  tried(reached: number): void {
    if (reached === 0) this.failed = true;
    this.answered();
  }

  private answered(): void {
    if (--this.answersDue === 0) this.finished(this, !this.failed);
  }
}

/** A message that waits for its letter to be sent. */
interface Waiting {
  /** null if it has to be read back. */
  readonly message: Message | null;
  readonly bodyBytes: number;
  readonly ref: Ref;
  readonly reason: DeathReason;
  readonly atMs: number;
}

export class SafeLetters {
  private readonly queue: Queue;
  private readonly host: QueueHost;
  private readonly clock: Clock;
  /** In the order of dying. */
  private readonly waiting = new Fifo<Waiting>();
  /** In the order of sending. */
  private readonly underway = new Set<SafeLetter>();
  private reading = 0;
  private readonly failed = new Set<SafeLetter>();
  private timer: Timer | null = null;

  constructor(queue: Queue, host: QueueHost) {
    this.queue = queue;
    this.host = host;
    this.clock = host.clock;
  }

  /** How many have not arrived yet. */
  get size(): number {
    return this.waiting.size + this.reading + this.underway.size;
  }

  add(message: Message, ref: Ref, reason: DeathReason): void {
    const bodyBytes = message.bodyBytes;
    // The store has it: however many die at once, few are in memory.
    const absent = this.crowded && this.queue.backlog.paging !== null;
    const atMs = this.clock.now();
    this.waiting.push({ message: absent ? null : message, bodyBytes, ref, reason, atMs });
    this.count(bodyBytes, 1);
    this.send();
  }

  /** For a queue that is gone. */
  clear(): void {
    this.timer?.cancel();
    this.timer = null;
    this.waiting.clear();
    this.underway.clear();
    this.failed.clear();
  }

  private get crowded(): boolean {
    return this.underway.size + this.reading >= DEAD_LETTERS_UNDERWAY;
  }

  private send(): void {
    while (!this.crowded) {
      const next = this.waiting.shift();
      if (next === undefined) return;
      if (next.message !== null) this.post(next.message, next);
      else void this.readAndPost(next);
    }
  }

  private post(message: Message, { ref, reason, atMs }: Waiting): void {
    const finished = (letter: SafeLetter, arrived: boolean): void => this.finished(letter, arrived);
    const letter = new SafeLetter(message, ref, reason, atMs, finished);
    this.underway.add(letter);
    this.host.deadLetterSafely(this.queue, letter);
  }

  private async readAndPost(waiting: Waiting): Promise<void> {
    this.reading++;
    const paging = this.queue.backlog.paging as Paging;
    const [message] = await paging.read([waiting.ref]);
    this.reading--;
    if (this.queue.deleted) return;
    if (message !== null && message !== undefined) {
      this.post(message, waiting);
      return;
    }
    this.host.lost(this.queue);
    this.count(waiting.bodyBytes, -1);
    this.send();
  }

  private finished(letter: SafeLetter, arrived: boolean): void {
    if (!this.underway.has(letter)) return;
    if (!arrived) {
      this.failed.add(letter);
      this.timer ??= this.clock.schedule(DEAD_LETTER_RETRY_MS, () => this.retry());
      return;
    }
    this.done(letter);
    this.queue.discard(letter.ref);
    this.send();
  }

  private retry(): void {
    this.timer = null;
    for (const letter of [...this.underway]) {
      if (!this.failed.delete(letter)) continue;
      if (this.queue.settings.deadLetterStrategy === 'at-least-once') {
        this.host.deadLetterSafely(this.queue, letter);
      } else {
        // A policy has changed its mind.
        this.done(letter);
        this.queue.giveUp(letter.message, letter.ref, letter.reason);
      }
    }
    this.send();
  }

  private done(letter: SafeLetter): void {
    this.underway.delete(letter);
    this.count(letter.message.bodyBytes, -1);
  }

  private count(bodyBytes: number, sign: 1 | -1): void {
    this.queue.arriving += sign;
    this.queue.arrivingBytes += sign * bodyBytes;
  }
}
