/**
 * StatusStream: what a page shows, sent to it again whenever it has changed: some topics, looked
 * at once an interval for each reader. Nothing runs while nobody reads. The rights of a reader are
 * checked every time, and the login itself from time to time, because a stream outlives a request.
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Broker } from '../../../src/broker/broker.ts';
import { BrokerError } from '../../../src/broker/errors.ts';
import type { Timer } from '../../../src/clock.ts';
import {
  CONSOLE_INTERVAL_LEAST_MS,
  CONSOLE_INTERVAL_MOST_MS,
  CONSOLE_INTERVAL_MS,
  CONSOLE_LOGIN_CHECK_MS,
  CONSOLE_STREAMS_MAX,
  CONSOLE_TOPICS_MAX,
} from '../../../src/limits-console.ts';
import { Answer, ApiError, apiErrorOf, badRequest } from '../answer.ts';
import type { Viewer } from '../viewer.ts';
import { EventFeed } from './event-feed.ts';
import type { Topic, Topics } from './topic.ts';

/** Says who sends a request, as often as it is asked. */
type ViewerOf = (request: FastifyRequest) => Promise<Viewer>;

/** All open streams of a broker. */
export class StatusStreams {
  private readonly broker: Broker;
  private readonly open = new Set<StatusStream>();

  constructor(broker: Broker) {
    this.broker = broker;
  }

  get size(): number {
    return this.open.size;
  }

  /** Answers a request with a stream. @throws ApiError, Answer before anything has been sent */
  async start(
    request: FastifyRequest,
    reply: FastifyReply,
    topics: Topics,
    viewerOf: ViewerOf,
  ): Promise<void> {
    const viewer = await viewerOf(request);
    viewer.check('management', null);
    const wanted = topicsIn(request, topics);
    const intervalMs = intervalIn(request);
    if (this.open.size >= CONSOLE_STREAMS_MAX) {
      throw new ApiError(503, 'service_unavailable', 'as many streams are open as may be');
    }
    const feed = new EventFeed(reply, this.broker.clock);
    const login = () => viewerOf(request);
    const stream = new StatusStream(this.broker, feed, {
      viewer,
      login,
      topics,
      wanted,
      intervalMs,
    });
    this.open.add(stream);
    feed.onClose(() => this.open.delete(stream));
    stream.start();
  }

  /** Ends all of them. */
  stop(): void {
    for (const stream of [...this.open]) stream.feed.end('the broker stops');
  }
}

interface StatusStreamOptions {
  readonly viewer: Viewer;
  login(): Promise<Viewer>;
  readonly topics: Topics;
  readonly wanted: readonly Topic[];
  readonly intervalMs: number;
}

class StatusStream {
  readonly feed: EventFeed;
  private readonly broker: Broker;
  private readonly options: StatusStreamOptions;
  private viewer: Viewer;
  private loginCheckedMs: number;
  private readonly last = new Map<Topic, string>();
  private timer: Timer | null = null;

  constructor(broker: Broker, feed: EventFeed, options: StatusStreamOptions) {
    this.broker = broker;
    this.feed = feed;
    this.options = options;
    this.viewer = options.viewer;
    this.loginCheckedMs = broker.clock.now();
  }

  start(): void {
    this.feed.onClose(() => this.timer?.cancel());
    void this.round();
  }

  /** Sends what has changed, and comes back after the interval. */
  private async round(): Promise<void> {
    const { feed } = this;
    if (feed.ready()) await this.sendChanges();
    if (feed.ended) return;
    this.timer = this.broker.clock.schedule(this.options.intervalMs, () => void this.round());
  }

  private async sendChanges(): Promise<void> {
    const { feed, options, last } = this;
    if (!(await this.stillWelcome())) return;
    let quiet = true;
    for (const topic of options.wanted) {
      const frame = await this.frameOf(topic);
      // A reader may be gone, or behind, by now: what it misses comes next time.
      if (!feed.ready()) return;
      if (last.get(topic) === frame.data) continue;
      last.set(topic, frame.data);
      feed.send(frame.event, frame.data);
      quiet = false;
    }
    if (quiet) feed.beat();
  }

  private async stillWelcome(): Promise<boolean> {
    const { clock } = this.broker;
    try {
      if (clock.now() - this.loginCheckedMs >= CONSOLE_LOGIN_CHECK_MS) {
        this.viewer = await this.options.login();
        this.loginCheckedMs = clock.now();
      }
      this.viewer.check('management', null);
      return true;
    } catch {
      this.feed.end('you are no longer logged in');
      return false;
    }
  }

  private async frameOf(topic: Topic): Promise<{ event: string; data: string }> {
    try {
      return { event: topic.name, data: await this.options.topics.body(topic, this.viewer) };
    } catch (error) {
      const { status, error: name, reason } = errorOf(error, this.broker);
      const data = JSON.stringify({ topic: topic.name, status, error: name, reason });
      return { event: 'error', data };
    }
  }
}

function errorOf(error: unknown, broker: Broker): ApiError {
  if (error instanceof ApiError) return error;
  if (error instanceof BrokerError) return apiErrorOf(error);
  if (error instanceof Answer) return new ApiError(error.status, 'error', error.body);
  broker.log.error(`HTTP: internal error: ${error instanceof Error ? error.stack : String(error)}`);
  return new ApiError(500, 'internal_error', 'internal error, see the log');
}

function topicsIn(request: FastifyRequest, topics: Topics): Topic[] {
  const { topic = 'overview' } = request.query as { topic?: string | string[] };
  const names = new Set(Array.isArray(topic) ? topic : [topic]);
  if (names.size > CONSOLE_TOPICS_MAX) {
    throw badRequest(`at most ${CONSOLE_TOPICS_MAX} topics in one stream`);
  }
  // A name is sent back in a line of its own.
  return [...names].map((name) => {
    if (/[\r\n\0]/.test(name)) throw badRequest('malformed topic');
    return topics.find(name);
  });
}

function intervalIn(request: FastifyRequest): number {
  const { interval } = request.query as { interval?: string };
  if (interval === undefined) return CONSOLE_INTERVAL_MS;
  const ms = Number(interval);
  if (Number.isInteger(ms) && ms >= CONSOLE_INTERVAL_LEAST_MS && ms <= CONSOLE_INTERVAL_MOST_MS) {
    return ms;
  }
  const range = `${CONSOLE_INTERVAL_LEAST_MS} to ${CONSOLE_INTERVAL_MOST_MS}`;
  throw badRequest(`interval is a whole number of ms from ${range}`);
}
