/**
 * What the tests that drive the broker with amqplib share: a broker, connections that are closed
 * after each test, scratch names, an inbox that can be waited for, and the parsed refusals.
 * It adds nothing to the client and hides none of its calls.
 */
import type { Socket } from 'node:net';
import {
  type Channel,
  type ChannelModel,
  type ConfirmChannel,
  type ConsumeMessage,
  connect,
  type GetMessage,
  type Options,
  type SocketOptions,
} from 'amqplib';
import { afterAll, afterEach, beforeAll, vi } from 'vitest';
import { startTestBroker, type TestBroker } from './broker.ts';
import { Scratch } from './scratch.ts';

/** How long a test waits for what must come. It never waits for what must not. */
const PATIENCE_MS = 10_000;

/** Why the broker closed a channel or connection, or refused to open one. */
export interface Refusal {
  readonly code: number;
  readonly text: string;
}

export class AmqplibFixture {
  readonly #scratch = new Scratch();
  readonly #connections: ChannelModel[] = [];
  #broker: TestBroker | null = null;

  constructor() {
    vi.setConfig({ testTimeout: 2 * PATIENCE_MS });
    beforeAll(async () => {
      this.#broker = await startTestBroker();
    });
    afterEach(() => this.disconnect());
    afterAll(async () => {
      await this.#scratch.clean(this.broker.url);
      await this.broker.stop();
    });
  }

  get broker(): TestBroker {
    if (this.#broker === null) throw new Error('the broker is not started yet');
    return this.#broker;
  }

  name(word: string): string {
    return this.#scratch.name(word);
  }

  claim(name: string): string {
    return this.#scratch.claim(name);
  }

  /** @param query what comes after the vhost in the URL, as `?heartbeat=1` */
  async connect(query = '', options: SocketOptions = {}): Promise<ChannelModel> {
    const connection = await connect(this.broker.url + query, options);
    connection.on('error', () => {}); // tests that expect one ask for it with `closing`
    this.#connections.push(connection);
    return connection;
  }

  /** In confirm mode, so that `send` can wait until what was published is in its queue. */
  async channel(connection?: ChannelModel): Promise<ConfirmChannel> {
    const channel = await (connection ?? (await this.connect())).createConfirmChannel();
    channel.on('error', () => {});
    return channel;
  }

  /** A new queue with a scratch name. */
  async queue(channel: Channel, options: Options.AssertQueue = {}): Promise<string> {
    const { queue } = await channel.assertQueue(this.name('q'), options);
    return queue;
  }

  async exchange(channel: Channel, type: string, options: Options.AssertExchange = {}) {
    const { exchange } = await channel.assertExchange(this.name('x'), type, options);
    return exchange;
  }

  async disconnect(): Promise<void> {
    const open = this.#connections.splice(0);
    await Promise.all(open.map((connection) => connection.close().catch(() => {})));
  }
}

/** Ends the connection as a crash or a cut cable would: no connection.close is sent. */
export async function pullTheCable(connection: ChannelModel): Promise<void> {
  const { stream } = connection.connection as unknown as { stream: Socket };
  const gone = new Promise((resolve) => connection.once('close', resolve));
  stream.destroy(new Error('cable pulled'));
  await gone;
}

/** Deliveries of one consumer, to be waited for in order. A null is the broker's cancel. */
export class Inbox {
  readonly received: (ConsumeMessage | null)[] = [];
  tag = '';
  #taken = 0;
  #wake: (() => void) | null = null;

  static async of(channel: Channel, queue: string, options?: Options.Consume): Promise<Inbox> {
    const inbox = new Inbox();
    const ok = await channel.consume(queue, (message) => inbox.put(message), options);
    inbox.tag = ok.consumerTag;
    return inbox;
  }

  put(message: ConsumeMessage | null): void {
    this.received.push(message);
    this.#wake?.();
  }

  /** The next `count` deliveries. @throws if they do not come, or the consumer is cancelled. */
  async take(count: number): Promise<ConsumeMessage[]> {
    const messages = await this.#next(count);
    if (messages.includes(null)) throw new Error('the consumer was cancelled');
    return messages as ConsumeMessage[];
  }

  async one(): Promise<ConsumeMessage> {
    return (await this.take(1))[0]!;
  }

  /** Resolves when the broker cancels the consumer. @throws if a message comes instead. */
  async cancelled(): Promise<void> {
    if ((await this.#next(1))[0] !== null) throw new Error('a message came instead of a cancel');
  }

  async #next(count: number): Promise<(ConsumeMessage | null)[]> {
    const end = this.#taken + count;
    const deadline = Date.now() + PATIENCE_MS;
    while (this.received.length < end) {
      const left = deadline - Date.now();
      if (left <= 0) {
        throw new Error(`only ${this.received.length - this.#taken} of ${count} messages came`);
      }
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    const messages = this.received.slice(this.#taken, end);
    this.#taken = end;
    return messages;
  }
}

/** The refusal that a call met. @throws if it met none. */
export async function refusal(call: Promise<unknown>): Promise<Refusal> {
  try {
    await call;
  } catch (error) {
    return parseRefusal(error);
  }
  throw new Error('nothing was refused');
}

/** The next refusal that a channel or connection is closed with, however it was provoked. */
export function closing(emitter: Channel | ChannelModel): Promise<Refusal> {
  return new Promise((resolve, reject) => {
    emitter.once('error', (error: unknown) => {
      try {
        resolve(parseRefusal(error));
      } catch (unparsed) {
        reject(unparsed);
      }
    });
  });
}

/** amqplib gives the close only as text: `404 (NOT-FOUND) with message "NOT_FOUND - …"`. */
function parseRefusal(error: unknown): Refusal {
  const found = /(\d{3}) \([A-Z-]+\) with message "(.*)"/s.exec(String(error));
  if (found === null) throw error;
  return { code: Number(found[1]), text: found[2]! };
}

/**
 * Waits until whatever the queue had to send to this channel has been sent: afterwards, what has
 * not come will not come. Twice, because RabbitMQ's channel may answer the first before it
 * looks at the deliveries that arrived meanwhile.
 */
export async function settled(channel: Channel, queue: string): Promise<void> {
  await channel.checkQueue(queue);
  await channel.checkQueue(queue);
}

/** Number of messages ready for delivery. */
export async function ready(channel: Channel, queue: string): Promise<number> {
  return (await channel.checkQueue(queue)).messageCount;
}

/** Takes everything out of a queue, first to last. */
export async function drain(channel: Channel, queue: string): Promise<GetMessage[]> {
  const messages: GetMessage[] = [];
  for (;;) {
    const message = await channel.get(queue, { noAck: true });
    if (message === false) return messages;
    messages.push(message);
  }
}

export function texts(messages: readonly { readonly content: Buffer }[]): string[] {
  return messages.map((message) => message.content.toString());
}

/**
 * Publishes each text to the queue, in order, and waits for the confirms: in RabbitMQ a passive
 * declare overtakes messages that are still on their way into the queue.
 */
export async function send(channel: ConfirmChannel, queue: string, ...bodies: string[]) {
  for (const body of bodies) channel.sendToQueue(queue, Buffer.from(body));
  await channel.waitForConfirms();
}
