/**
 * DeadLetters: the messages that queues of one vhost gave up, on their way to dead-letter
 * exchanges; and those whose delay is over, on theirs. A work list, because nothing publishes
 * inside a publish: the vhost has it emptied afterwards. What a dead letter looks like is
 * queue/dead-letter.ts, who is given up and when the queues' affair.
 */
import type { Ref } from '../storage/message-store.ts';
import { releasedMessage } from './exchange/delayed.ts';
import type { Exchange } from './exchange/exchange.ts';
import type { Message } from './message.ts';
import { type Death, type DeathReason, deadLetterOf, isCycle } from './queue/dead-letter.ts';
import type { Queue } from './queue/queue.ts';
import type { SafeLetter } from './queue/safe-letters.ts';
import { Receipt } from './receipt.ts';
import type { Tracer } from './tracing/tracer.ts';

/** What the vhost does for dead letters. */
export interface LetterHost {
  /** Is told where messages go on; null unless somebody wants to know. */
  readonly tracer: Tracer | null;
  exchangeNamed(name: string): Exchange | undefined;
  /** The queues that a message reaches through an exchange. */
  targetsOf(
    exchange: Exchange,
    message: Message,
    extraKeys: readonly string[] | null,
  ): readonly Queue[];
  /** Gives a message to queues; the receipt is held and refused as in a publish. */
  placeIn(queues: readonly Queue[], message: Message, receipt: Receipt, refuses: boolean): void;
  warn(text: string): void;
}

interface Letter extends Death {
  readonly queue: Queue;
  readonly ref: Ref;
  /** Set if it must arrive. */
  readonly safe: SafeLetter | null;
}

export class DeadLetters {
  private readonly host: LetterHost;
  private waiting: Letter[] = [];

  constructor(host: LetterHost) {
    this.host = host;
  }

  get empty(): boolean {
    return this.waiting.length === 0;
  }

  add(queue: Queue, message: Message, ref: Ref, reason: DeathReason, atMs: number): void {
    this.waiting.push({ queue, ref, message, queueName: queue.name, reason, atMs, safe: null });
  }

  /** One that must arrive, and is told how it went. */
  addSafe(queue: Queue, safe: SafeLetter): void {
    const { ref, message, reason, atMs } = safe;
    this.waiting.push({ queue, ref, message, queueName: queue.name, reason, atMs, safe });
  }

  /** Publishes what queues gave up, and what that makes others give up, and so on. */
  postAll(): void {
    while (this.waiting.length > 0) {
      const letters = this.waiting;
      this.waiting = [];
      for (const letter of letters) this.post(letter);
    }
  }

  private post(letter: Letter): void {
    const { deadLetterExchange, deadLetterRoutingKey } = letter.queue.settings;
    const exchange = this.host.exchangeNamed(deadLetterExchange as string);
    if (exchange === undefined) {
      this.postNowhere(letter);
      return;
    }
    if (letter.queue.rules.holds) {
      this.release(letter, exchange);
      return;
    }
    const target = { exchange: exchange.name, routingKey: deadLetterRoutingKey };
    const message = deadLetterOf(letter, target);
    const targets = this.host.targetsOf(exchange, message, message.copyKeys('CC'));
    this.host.tracer?.forwarded(letter, message, targets, 'dead_lettered');
    if (letter.safe === null) this.postOnce(letter, message, targets);
    else this.postSafely(letter, message, targets, letter.safe);
  }

  /** A message whose delay is over is no dead letter: it goes where it was sent. */
  private release(letter: Letter, exchange: Exchange): void {
    const { queue, ref, message: held } = letter;
    const { message, keys } = releasedMessage(held);
    const receipt = new Receipt(queue, ref);
    const targets = this.host.targetsOf(exchange, message, keys);
    this.host.tracer?.forwarded(letter, message, targets, 'released');
    this.host.placeIn(targets, message, receipt, false);
    receipt.release();
  }

  private postNowhere({ queue, ref, safe }: Letter): void {
    if (safe === null) {
      queue.completed(ref, true);
      return;
    }
    safe.begin();
    safe.tried(0);
  }

  /** A target without room is RabbitMQ's at-most-once: the letter is dropped there. */
  private postOnce(letter: Letter, message: Message, targets: readonly Queue[]): void {
    const receipt = new Receipt(letter.queue, letter.ref);
    const open = targets.filter((target) => !this.isCycle(letter, message, target));
    this.host.placeIn(open, message, receipt, false);
    receipt.release();
  }

  /** Each target has a receipt of its own, so that only those are tried again that need it. */
  private postSafely(
    letter: Letter,
    message: Message,
    targets: readonly Queue[],
    safe: SafeLetter,
  ): void {
    safe.begin();
    for (const target of targets) {
      if (safe.has(target.name) || this.isCycle(letter, message, target)) continue;
      const receipt = safe.receiptFor(target.name);
      this.host.placeIn([target], message, receipt, true);
      receipt.release();
    }
    safe.tried(targets.length);
  }

  /** Only what a consumer rejected may come to a queue again where it died. */
  private isCycle({ queue, reason }: Letter, message: Message, target: Queue): boolean {
    if (reason === 'rejected' || !isCycle(message.properties.headers, target.name)) return false;
    this.host.warn(`a message dead-lettered by ${queue} would return to ${target}: dropped`);
    return true;
  }
}
