/**
 * The crash loop: a broker is loaded through AMQP with confirmed publishing of mixed sizes,
 * fan-out, acks, requeues and dead letters, killed at a random moment, started again, and
 * everything in its queues is compared with what its clients were told. Then the next round on the
 * same data, with some messages left behind for ever. The client is amqplib, so that the judge is
 * not our code.
 */
import amqplib, { type ChannelModel, type ConfirmChannel, type ConsumeMessage } from 'amqplib';
import { Random } from '../support/random.ts';
import { CrashingBroker } from './broker.ts';
import { type Found, History, type Verdict } from './history.ts';

/** Queues of the fan-out, and one whose messages are rejected. */
const FAN = ['crash.a', 'crash.b', 'crash.c'];
const WORK = 'crash.work';
const DEAD = 'crash.dead';
const QUEUES = [...FAN, WORK, DEAD];
const EXCHANGE = 'crash.fan';

/** How long an ack may take, here with a busy client and a busy machine. */
const GRACE_MS = 1500;

/** Unconfirmed messages of the publisher. */
const WINDOW = 200;

/** What a round was like. */
export interface Round {
  readonly problems: readonly string[];
  readonly confirmed: number;
  readonly present: number;
  readonly returned: number;
  readonly returnedMs: number;
  readonly bootMs: number;
}

export class CrashLoop {
  private readonly folder: string;
  private readonly random: Random;
  private readonly history = new History();
  private broker: CrashingBroker | null = null;
  private lastId = 0;
  private confirmed = 0;
  private lastConfirmed = 0;

  /** @param folder a scratch folder; what is in it stays between the rounds */
  constructor(folder: string, seed: number) {
    this.folder = folder;
    this.random = new Random(seed);
  }

  async open(): Promise<void> {
    this.broker = await CrashingBroker.start(this.folder);
  }

  /** Loads, kills, starts again, compares. */
  async round(): Promise<Round> {
    this.confirmed = 0;
    this.lastConfirmed = this.lastId;
    const broker = this.broker as CrashingBroker;
    await this.load(broker, 200 + this.random.below(700));
    const crashedAtMs = performance.now();
    await broker.kill();
    const next = await CrashingBroker.start(this.folder);
    this.broker = next;
    const verdicts = await this.compare(next.port, crashedAtMs);
    return {
      problems: [...next.troubles, ...verdicts.flatMap(({ problems }) => problems)],
      confirmed: this.confirmed,
      present: sum(verdicts.map(({ present }) => present)),
      returned: sum(verdicts.map(({ returned }) => returned)),
      returnedMs: Math.max(...verdicts.map(({ returnedMs }) => returnedMs)),
      bootMs: next.bootMs,
    };
  }

  /** A last start after a proper stop, where nothing may come again. Returns what is wrong. */
  async close(): Promise<string[]> {
    const broker = this.broker as CrashingBroker;
    const code = await broker.stop();
    const problems = code === 0 ? [] : [`SIGTERM ended it with ${code}:\n${broker.output}`];
    const next = await CrashingBroker.start(this.folder);
    this.broker = next;
    const verdicts = await this.compare(next.port, performance.now());
    const returned = sum(verdicts.map((verdict) => verdict.returned));
    if (returned > 0) problems.push(`${returned} settled messages came again after SIGTERM`);
    return [...problems, ...verdicts.flatMap((verdict) => verdict.problems), ...next.troubles];
  }

  /** For clean-up. */
  async kill(): Promise<void> {
    await this.broker?.kill();
  }

  private async load(broker: CrashingBroker, forMs: number): Promise<void> {
    const connection = await connect(broker.port);
    const publisher = await connection.createConfirmChannel();
    const consumer = await connection.createConfirmChannel();
    for (const channel of [publisher, consumer]) channel.on('error', () => {});
    await declare(publisher);
    await consumer.prefetch(50);
    for (const queue of FAN) await this.consume(consumer, queue);
    await this.consume(consumer, WORK);
    const untilMs = performance.now() + forMs;
    await new Promise<void>((resolve) => {
      const turn = (): void => {
        if (performance.now() > untilMs) resolve();
        else {
          this.publishSome(publisher);
          setTimeout(turn, this.random.below(4));
        }
      };
      turn();
    });
  }

  private publishSome(channel: ConfirmChannel): void {
    for (let i = this.random.below(20); i > 0; i--) {
      if (this.lastId - this.lastConfirmed > WINDOW) return;
      const id = ++this.lastId;
      const fan = this.random.chance(0.6);
      const queues = fan ? FAN : [WORK];
      for (const queue of queues) this.history.published(queue, id);
      const body = bodyOf(id);
      const options = { persistent: true, messageId: String(id), headers: { id } };
      const done = (error: unknown): void => {
        if (error) return;
        this.confirmed++;
        this.lastConfirmed = Math.max(this.lastConfirmed, id);
        for (const queue of queues) this.history.confirmed(queue, id);
      };
      channel.publish(fan ? EXCHANGE : '', fan ? '' : WORK, body, options, done);
    }
  }

  private async consume(channel: ConfirmChannel, queue: string): Promise<void> {
    await channel.consume(queue, (message) => {
      if (message !== null) this.treat(channel, queue, message);
    });
  }

  /** Acks most, now or later, puts some back, rejects some, and keeps the rest. */
  private treat(channel: ConfirmChannel, queue: string, message: ConsumeMessage): void {
    const id = idOf(message);
    const dice = this.random.below(100);
    const act = (run: () => void): void => {
      if (this.random.chance(0.5)) run();
      else setTimeout(() => quietly(run), this.random.below(30));
    };
    if (dice < 2) return;
    if (dice < 12) act(() => channel.nack(message, false, true));
    else if (queue === WORK && dice < 60) {
      act(() => {
        channel.nack(message, false, false);
        // Where it went; whether it is there already cannot be told.
        this.history.published(DEAD, id);
        this.history.settled(WORK, id, true);
      });
    } else {
      act(() => {
        channel.ack(message);
        this.history.settled(queue, id);
      });
    }
  }

  private async compare(port: number, crashedAtMs: number): Promise<Verdict[]> {
    const connection = await connect(port);
    const channel = await connection.createConfirmChannel();
    const found = new Map<string, ConsumeMessage[]>();
    const verdicts: Verdict[] = [];
    for (const queue of QUEUES) {
      const messages = await drain(channel, queue);
      found.set(queue, messages);
      const ordered = queue !== DEAD;
      const check = this.history.check(queue, messages.map(lookAt), crashedAtMs, GRACE_MS, ordered);
      verdicts.push(check);
    }
    const [left, dead] = [WORK, DEAD].map((queue) => (found.get(queue) ?? []).map(lookAt));
    const lost = this.history.lostLetters(WORK, left as Found[], dead as Found[]);
    verdicts.push({ problems: lost, returned: 0, returnedMs: 0, present: 0 });
    const letters = new Set((dead as Found[]).map(({ id }) => id));
    for (const [queue, messages] of found) {
      // A letter whose original came again would become a second letter.
      const settle = queue === WORK ? letters : new Set<number>();
      this.leaveSome(channel, queue, messages, settle);
    }
    await channel.close();
    await connection.close();
    return verdicts;
  }

  /** Most are acked now; the rest stays for the rounds to come. */
  private leaveSome(
    channel: ConfirmChannel,
    queue: string,
    messages: readonly ConsumeMessage[],
    settle: ReadonlySet<number>,
  ): void {
    const left: number[] = [];
    for (const message of messages) {
      if (settle.has(idOf(message)) || this.random.chance(0.8)) channel.ack(message);
      else left.push(idOf(message));
    }
    this.history.restart(queue, left);
  }
}

async function connect(port: number): Promise<ChannelModel> {
  const connection = await amqplib.connect(`amqp://127.0.0.1:${port}?heartbeat=0`);
  connection.on('error', () => {});
  return connection;
}

async function declare(channel: ConfirmChannel): Promise<void> {
  await channel.assertExchange(EXCHANGE, 'fanout', { durable: true });
  for (const queue of FAN) {
    await channel.assertQueue(queue, { durable: true });
    await channel.bindQueue(queue, EXCHANGE, '');
  }
  await channel.assertQueue(DEAD, { durable: true });
  const letters = { deadLetterExchange: '', deadLetterRoutingKey: DEAD };
  await channel.assertQueue(WORK, { durable: true, ...letters });
}

/** Everything in a queue, unsettled. */
async function drain(channel: ConfirmChannel, queue: string): Promise<ConsumeMessage[]> {
  const { messageCount } = await channel.checkQueue(queue);
  const messages: ConsumeMessage[] = [];
  if (messageCount === 0) return messages;
  await new Promise<void>((resolve, reject) => {
    const take = (message: ConsumeMessage | null): void => {
      if (message === null) reject(new Error(`${queue} is gone`));
      else if (messages.push(message) === messageCount) resolve();
    };
    channel.consume(queue, take).catch(reject);
  });
  return messages;
}

function lookAt(message: ConsumeMessage): Found {
  const id = idOf(message);
  const intact = message.content.equals(bodyOf(id)) && message.properties.headers?.id === id;
  return { id, intact };
}

function idOf(message: ConsumeMessage): number {
  return Number(message.properties.messageId);
}

/** Of any size up to 100 KB, most of them small, and different for every id. */
function bodyOf(id: number): Buffer {
  const random = new Random(id);
  const bytes = Math.floor(100_000 ** random.next());
  const body = Buffer.alloc(bytes, `${id}-`);
  body[random.below(bytes)] = random.below(256);
  return body;
}

function quietly(run: () => void): void {
  try {
    run();
  } catch {
    // The channel is gone with the broker.
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}
