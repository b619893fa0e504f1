/**
 * TransferJob: moves the messages of a queue that match a filter, one by one, in the background: a
 * redrive of dead letters, or a move. Looks only at what was ready when it began, so that what dies
 * again is not taken twice; waits for targets without room, for the store, for alarms and for its
 * own rate; can be told to stop at any time. A dry run does the same and moves nothing.
 */
import { whenDecided } from '../../auth/undecided.ts';
import type { Clock, Timer } from '../../clock.ts';
import { LIST_SLICE_MS } from '../../limits.ts';
import {
  PEEK_BATCH,
  PEEK_BATCH_BYTES,
  TRANSFER_RETRY_MS,
  TRANSFER_UNDERWAY_BYTES,
  TRANSFERS_UNDERWAY,
} from '../../limits-inspection.ts';
import type { Browser } from '../inspection/browser.ts';
import type { MessageFilter } from '../inspection/message-filter.ts';
import type { Sighting } from '../inspection/sighting.ts';
import { type Walk, walkOf } from '../inspection/walks.ts';
import type { Message } from '../message.ts';
import type { MessageAccess } from '../message-access.ts';
import { Mover } from './mover.ts';
import { type Destination, destinationOf, Obstacle, placementOf, type Route } from './placement.ts';
import { TransferReport } from './transfer-report.ts';

/** What is to be moved, and how. */
export interface TransferOrder {
  readonly kind: 'redrive' | 'move';
  readonly browser: Browser;
  readonly access: MessageAccess;
  readonly route: Route;
  readonly filter: MessageFilter;
  /** Only these; null for all. */
  readonly ids: readonly string[] | null;
  /** At most so many; Infinity for all. */
  readonly limit: number;
  /** A second; Infinity for as many as can be. */
  readonly rate: number;
  readonly dryRun: boolean;
  /** What publishers have to wait for now; null for nothing. */
  blocked(): string | null;
}

export type TransferState = 'running' | 'done' | 'cancelled' | 'failed';

/** Timers are not exact: what they cost may be made up for, within so much time. */
const BURST_MS = 50;

/** A place for a name that nobody has found. */
const NO_ROWS: readonly Sighting[] = [];

export class TransferJob {
  readonly order: TransferOrder;
  readonly report: TransferReport;
  readonly createdAtMs: number;
  finishedAtMs: number | null = null;
  state: TransferState = 'running';
  /** Why it has failed. */
  error: string | null = null;
  /** What it waits for. */
  waiting: string | null = null;
  /** On their way, and not safe yet. */
  underway = 0;
  private underwayBytes = 0;
  private readonly clock: Clock;
  private readonly mover: Mover;
  private readonly ends: readonly number[];
  private cancelled = false;
  private nextAtMs: number;
  private sliceMs = 0;
  private wake: (() => void) | null = null;
  private timer: Timer | null = null;
  private readonly watchers: (() => void)[] = [];

  constructor(order: TransferOrder) {
    this.order = order;
    const { queue, vhost } = order.browser;
    this.clock = queue.clock;
    this.createdAtMs = this.clock.now();
    this.nextAtMs = this.createdAtMs;
    this.report = new TransferReport(queue, order.ids?.length ?? queue.size);
    this.mover = new Mover(vhost, order.access.traffic);
    const { levels } = queue.backlog;
    this.ends = Array.from({ length: levels.returns + 1 }, (_, level) => {
      return levels.known(level)?.end ?? 0;
    });
  }

  /** Does it all; resolves when it has ended, however. */
  async run(): Promise<void> {
    try {
      await this.moveAll();
      // A store that fails may never say what became of them: who cancels does not wait for it.
      while (this.underway > 0 && !this.cancelled) await this.pause(Number.POSITIVE_INFINITY);
      if (this.order.browser.queue.deleted) throw new Error('the queue was deleted');
      this.state = this.cancelled ? 'cancelled' : 'done';
    } catch (error) {
      this.state = 'failed';
      this.error = (error as Error).message;
    }
    this.waiting = null;
    this.finishedAtMs = this.clock.now();
    for (const watcher of this.watchers.splice(0)) watcher();
  }

  /** What has gone has gone; the rest stays. */
  cancel(): void {
    this.cancelled = true;
    this.wake?.();
  }

  /** Calls back when it has ended. */
  whenEnded(watcher: () => void): void {
    if (this.state === 'running') this.watchers.push(watcher);
    else watcher();
  }

  private get over(): boolean {
    const { limit, browser } = this.order;
    return this.cancelled || browser.queue.deleted || this.report.going >= limit;
  }

  private async moveAll(): Promise<void> {
    const batches = this.order.ids === null ? this.everything() : this.named(this.order.ids);
    this.sliceMs = performance.now();
    const { access, browser } = this.order;
    for (const rows of batches) {
      if (this.over) return;
      // Rights may go while it runs.
      await this.decided(() => access.source(browser.queue.name));
      const contents = await browser.contents(rows);
      this.sliceMs = performance.now();
      for (const [index, row] of rows.entries()) {
        if (this.over) return;
        const content = contents[index] as Message | null;
        this.report.scanned++;
        if (content !== null && this.order.filter.matches(content, this.clock.now())) {
          this.report.matched++;
          await this.moveOne(row, content);
        }
        await this.breathe();
      }
      if (this.over) return;
    }
  }

  /** Those that were ready when it began, in the order of delivery. */
  private *everything(): Generator<readonly Sighting[]> {
    const { queue, vhost } = this.order.browser;
    for (let level = queue.backlog.levels.returns; level >= 0; level--) {
      const walk = walkOf('ready', queue, vhost, { state: 'ready', level, position: 0 });
      for (;;) {
        const rows = this.batchOf(walk, level);
        if (rows.length === 0) break;
        yield rows;
      }
    }
  }

  private batchOf(walk: Walk, level: number): readonly Sighting[] {
    const rows: Sighting[] = [];
    let bytes = 0;
    while (rows.length < PEEK_BATCH && bytes < PEEK_BATCH_BYTES) {
      const row = walk.next();
      if (row === null || row.level !== level) break;
      if (row.position >= (this.ends[level] as number)) break;
      if (row.message === null) bytes += row.bodyBytes;
      rows.push(row);
    }
    return rows;
  }

  private *named(ids: readonly string[]): Generator<readonly Sighting[]> {
    for (const id of ids) {
      const found = this.order.browser.find(id);
      const isReady = found !== null && found.state === 'ready';
      if (!isReady) this.report.missing(id, found === null ? 'has left the queue' : found.state);
      yield isReady ? [found] : NO_ROWS;
    }
  }

  private async moveOne(row: Sighting, original: Message): Promise<void> {
    const { route, access, dryRun } = this.order;
    let to: Destination | null = null;
    try {
      to = destinationOf(original, route);
      const destination = to;
      // Looked for anew after each wait: queues come and go.
      for (;;) {
        const found = await this.decided(() => placementOf(original, destination, route, access));
        if (dryRun) {
          this.report.would(row, original, destination);
          return;
        }
        if (await this.held()) continue;
        if (this.over) return;
        const went = this.mover.move(this.order.browser.queue, row, original, found, (error) =>
          this.settled(original, error),
        );
        if (went === 'gone') {
          this.report.left++;
          return;
        }
        if (went === 'moved') {
          this.underway++;
          this.underwayBytes += original.bodyBytes;
          this.report.going++;
          this.report.sent(row, original, destination);
          return;
        }
        await this.wait('destination full', TRANSFER_RETRY_MS);
        if (this.over) return;
      }
    } catch (error) {
      if (!(error instanceof Obstacle)) throw error;
      this.report.obstructed(row, original, to, error.message);
    }
  }

  private decided<T>(ask: () => T): T | Promise<T> {
    try {
      return ask();
    } catch (error) {
      return whenDecided(error, ask);
    }
  }

  private settled({ bodyBytes }: Message, error: Error | null): void {
    this.underway--;
    this.underwayBytes -= bodyBytes;
    if (error === null) this.report.moved++;
    else this.report.failed++;
    this.wake?.();
  }

  /** Waits as long as it has to. Returns whether it did. */
  private async held(): Promise<boolean> {
    let waited = false;
    while (!this.over) {
      const why = this.order.blocked();
      if (why !== null) await this.wait(why, TRANSFER_RETRY_MS);
      else if (this.isCrowded) await this.wait('store busy', Number.POSITIVE_INFINITY);
      else if (this.clock.now() < this.nextAtMs) {
        await this.wait('rate', this.nextAtMs - this.clock.now());
      } else break;
      waited = true;
    }
    if (waited) return true;
    const { rate } = this.order;
    if (rate !== Number.POSITIVE_INFINITY) {
      this.nextAtMs = Math.max(this.nextAtMs, this.clock.now() - BURST_MS) + 1000 / rate;
    }
    return false;
  }

  private get isCrowded(): boolean {
    return this.underway >= TRANSFERS_UNDERWAY || this.underwayBytes >= TRANSFER_UNDERWAY_BYTES;
  }

  private async wait(why: string, ms: number): Promise<void> {
    this.waiting = why;
    await this.pause(ms);
    this.waiting = null;
    this.sliceMs = performance.now();
  }

  /** Until something settles, it is cancelled, or so much time has gone by. */
  private pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.wake = () => {
        this.wake = null;
        this.timer?.cancel();
        this.timer = null;
        resolve();
      };
      if (ms !== Number.POSITIVE_INFINITY) {
        this.timer = this.clock.schedule(ms, () => this.wake?.());
      }
      if (this.cancelled && ms !== Number.POSITIVE_INFINITY) this.wake();
    });
  }

  /** Messages of others get their turn. */
  private async breathe(): Promise<void> {
    if (performance.now() - this.sliceMs < LIST_SLICE_MS) return;
    await new Promise((resolve) => setImmediate(resolve));
    this.sliceMs = performance.now();
  }
}
