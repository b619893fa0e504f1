/**
 * Verdicts: the remembered answers to one kind of question that somebody else has to be asked. A
 * yes is good for a time; in the next such time it still counts while it is asked anew, so that
 * nobody waits twice for the same answer. A no is forgotten soon, for it may be put right. Where
 * the questions come from is asked-rights.ts.
 */
import type { Clock, Timer } from '../clock.ts';
import { ASKED_VERDICT_FACTOR, ASKED_VERDICT_MIN_MS, ASKED_VERDICTS_MAX } from '../limits-auth.ts';
import { Undecided } from './undecided.ts';

export interface VerdictOptions {
  readonly clock: Clock;
  /** How long a yes is good for. */
  readonly ttlMs: number;
  /** Told when an answer may be another from now on. */
  changed(): void;
}

export class Verdicts {
  private readonly options: VerdictOptions;
  /** What was allowed since the last tick, and between that and the one before. */
  private fresh = new Set<string>();
  private stale = new Set<string>();
  /** What was refused, and until when that counts. */
  private readonly refused = new Map<string, number>();
  private readonly asking = new Map<string, Promise<void>>();
  private timer: Timer | null = null;
  private slowestMs = 0;

  constructor(options: VerdictOptions) {
    this.options = options;
  }

  /** Is it known, and good, that the answer is yes? */
  has(question: string): boolean {
    return this.fresh.has(question);
  }

  /**
   * The answer as it is known.
   * @param ask rejects if nobody can be asked
   * @throws Undecided if it has to be asked first
   */
  of(question: string, ask: () => Promise<boolean>): boolean {
    if (this.fresh.has(question)) return true;
    const until = this.refused.get(question);
    if (until !== undefined && this.options.clock.now() < until) return false;
    const asked = this.asking.get(question) ?? this.ask(question, ask);
    if (this.stale.has(question)) return true;
    throw new Undecided(asked);
  }

  /** Nothing is known any more. */
  forget(): void {
    this.fresh.clear();
    this.stale.clear();
    this.refused.clear();
    this.asking.clear();
    this.options.changed();
  }

  private ask(question: string, ask: () => Promise<boolean>): Promise<void> {
    const { clock } = this.options;
    const askedAtMs = clock.now();
    const answered = (allowed: boolean): void => {
      // Forgotten meanwhile: the answer may be of before.
      if (this.asking.get(question) !== asked) return;
      this.asking.delete(question);
      this.slowestMs = Math.max(this.slowestMs, clock.now() - askedAtMs);
      if (allowed) this.allow(question);
      else this.refuse(question);
    };
    const asked = ask().then(answered, () => {
      // Whoever cannot be asked has not changed his mind.
      answered(this.stale.has(question));
    });
    this.asking.set(question, asked);
    return asked;
  }

  private allow(question: string): void {
    this.refused.delete(question);
    if (this.fresh.size >= ASKED_VERDICTS_MAX) this.turn();
    this.fresh.add(question);
    this.timer ??= this.arm();
  }

  private refuse(question: string): void {
    if (this.stale.delete(question)) this.options.changed();
    if (this.refused.size >= ASKED_VERDICTS_MAX) this.refused.clear();
    this.refused.set(question, this.options.clock.now() + this.shortestMs);
  }

  private arm(): Timer {
    const { clock, ttlMs } = this.options;
    return clock.schedule(Math.max(ttlMs, this.shortestMs), () => {
      this.turn();
      this.timer = this.fresh.size + this.stale.size > 0 ? this.arm() : null;
    });
  }

  private get shortestMs(): number {
    return Math.max(ASKED_VERDICT_MIN_MS, ASKED_VERDICT_FACTOR * this.slowestMs);
  }

  private turn(): void {
    this.stale = this.fresh;
    this.fresh = new Set();
    this.options.changed();
  }
}
