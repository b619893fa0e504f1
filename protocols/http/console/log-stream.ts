/**
 * LogStream: the broker's log as Server-Sent Events: the lines that are kept, then each as it is
 * written. A reader that is behind is told how many lines it missed. For who monitors.
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Clock, Timer } from '../../../src/clock.ts';
import { HTTP_STREAM_BEAT_MS } from '../../../src/limits.ts';
import { CONSOLE_LOGIN_CHECK_MS, CONSOLE_STREAMS_MAX } from '../../../src/limits-console.ts';
import { LOG_LEVELS, type LogLine, type LogTail } from '../../../src/log-tail.ts';
import { ApiError, badRequest } from '../answer.ts';
import type { Viewer } from '../viewer.ts';
import { EventFeed } from './event-feed.ts';

/** All open streams of the log. */
export class LogStreams {
  private readonly tail: LogTail;
  private readonly clock: Clock;
  private readonly open = new Set<LogStream>();

  constructor(tail: LogTail, clock: Clock) {
    this.tail = tail;
    this.clock = clock;
  }

  get size(): number {
    return this.open.size;
  }

  /** Answers a request with a stream. @throws ApiError, Answer before anything has been sent */
  async start(
    request: FastifyRequest,
    reply: FastifyReply,
    viewerOf: (request: FastifyRequest) => Promise<Viewer>,
  ): Promise<void> {
    const viewer = await viewerOf(request);
    viewer.check('monitoring', null);
    const least = levelIn(request);
    if (this.open.size >= CONSOLE_STREAMS_MAX) {
      throw new ApiError(503, 'service_unavailable', 'as many streams are open as may be');
    }
    const feed = new EventFeed(reply, this.clock);
    const check = async (): Promise<void> => (await viewerOf(request)).check('monitoring', null);
    const stream = new LogStream(feed, this.clock, least, check);
    this.open.add(stream);
    const unwatch = this.tail.watch((line) => stream.line(line));
    feed.onClose(() => {
      unwatch();
      this.open.delete(stream);
    });
    stream.start(this.tail.lines());
  }

  /** Ends all of them. */
  stop(): void {
    for (const stream of [...this.open]) stream.feed.end('the broker stops');
  }
}

class LogStream {
  readonly feed: EventFeed;
  private readonly clock: Clock;
  private readonly least: number;
  private readonly check: () => Promise<void>;
  private checkedMs: number;
  private missed = 0;
  private timer: Timer | null = null;

  constructor(feed: EventFeed, clock: Clock, least: number, check: () => Promise<void>) {
    this.feed = feed;
    this.clock = clock;
    this.least = least;
    this.check = check;
    this.checkedMs = clock.now();
  }

  start(lines: readonly LogLine[]): void {
    this.feed.onClose(() => this.timer?.cancel());
    // They are bounded, so a reader may get all of them at once.
    for (const line of lines) if (this.isWanted(line)) this.send(line);
    this.schedule();
  }

  line(line: LogLine): void {
    if (!this.isWanted(line)) return;
    if (!this.feed.ready()) {
      this.missed++;
      return;
    }
    if (this.missed > 0) this.feed.send('skipped', JSON.stringify({ lines: this.missed }));
    this.missed = 0;
    this.send(line);
  }

  private isWanted({ level }: LogLine): boolean {
    return LOG_LEVELS.indexOf(level) >= this.least;
  }

  private send({ timeMs, level, text }: LogLine): void {
    this.feed.send('line', JSON.stringify({ time: timeMs, level, text }));
  }

  private schedule(): void {
    if (this.feed.ended) return;
    this.timer = this.clock.schedule(HTTP_STREAM_BEAT_MS, () => void this.look());
  }

  private async look(): Promise<void> {
    const { feed, clock } = this;
    if (feed.ready()) feed.beat();
    if (clock.now() - this.checkedMs >= CONSOLE_LOGIN_CHECK_MS) {
      this.checkedMs = clock.now();
      await this.check().catch(() => feed.end('you are no longer logged in'));
    }
    this.schedule();
  }
}

function levelIn(request: FastifyRequest): number {
  const { level = 'info' } = request.query as { level?: string };
  const index = (LOG_LEVELS as readonly string[]).indexOf(level);
  if (index < 0) throw badRequest(`level is one of ${LOG_LEVELS.join(', ')}`);
  return index;
}
