/**
 * Bodies in memory that is used again, as a client sees them: whatever becomes of a message, its
 * body is the one that was published. Every byte of a body follows from its number, and memory that
 * has been given back is overwritten (scrub-bodies.ts), so that a wrong one cannot go unseen.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import amqplib, { type Channel, type ConfirmChannel, type ConsumeMessage } from 'amqplib';
import { connectAsync } from 'mqtt';
import { expect, onTestFinished, test } from 'vitest';
import type { Seen } from '../../src/broker/inspection/browser.ts';
import { EVERYTHING } from '../../src/broker/inspection/message-filter.ts';
import type { Message } from '../../src/broker/message.ts';
import { type ObservedBroker, startObserved } from '../support/observed-broker.ts';
import { Random } from '../support/random.ts';

const MESSAGES = 2000;
const UNACKED = 40;

/** Where messages of an exchange go, or are seen. */
const ROUTES: Readonly<Record<string, readonly string[]>> = {
  classic: ['classic'],
  quorum: ['quorum'],
  transient: ['transient'],
  auto: ['auto'],
  three: ['classic', 'quorum', 'auto'],
  all: ['classic', 'quorum', 'transient', 'auto', 'untouched', 'mqtt'],
  nowhere: ['returned'],
};

const MQTT = { 'mqtt.listeners.tcp.default': '127.0.0.1:0' };

function bodyOf(number: number, bytes: number): Buffer {
  const body = Buffer.alloc(bytes, number % 251);
  body.writeUInt32BE(number, 0);
  return body;
}

/** The number of a body. @throws if there is a byte in it that does not belong there */
function numberOf(body: Buffer): number {
  const number = body.readUInt32BE(0);
  if (!body.equals(bodyOf(number, body.length))) throw new Error(`body ${number} is not its own`);
  return number;
}

class Storm {
  /** Numbers by the queue that they went to, and by where they were seen. */
  readonly sent = new Map<string, Set<number>>();
  readonly seen = new Map<string, Set<number>>();
  readonly failures: Error[] = [];
  private readonly random = new Random(7);
  private readonly observed: ObservedBroker;

  constructor(observed: ObservedBroker) {
    this.observed = observed;
  }

  look(queue: string, body: Buffer): void {
    try {
      note(this.seen, queue, numberOf(body));
    } catch (error) {
      this.failures.push(error as Error);
    }
  }

  /** Takes what comes: most is acked, some is given back or up. */
  async consume(channel: Channel, queue: string, noAck: boolean): Promise<void> {
    await channel.prefetch(UNACKED);
    const take = (message: ConsumeMessage | null): void => {
      if (message === null) return;
      this.look(queue, message.content);
      if (noAck) return;
      const what = this.random.below(20);
      if (what === 0) channel.nack(message, false, true);
      else if (what === 1) channel.nack(message, false, false);
      else channel.ack(message);
    };
    await channel.consume(queue, take, { noAck });
  }

  /** Looks into a queue while its messages come and go. */
  async peek(queue: string): Promise<void> {
    const { broker } = this.observed;
    const user = broker.users.get('guest');
    if (user === undefined) throw new Error('there is no guest');
    const browser = broker.openSession(user, '/').messages.browse(queue);
    const seen: Message[] = [];
    const show = ({ content }: Seen): number => seen.push(content as Message);
    const bounds = { filter: EVERYTHING, limit: 50, from: null, skip: 0 };
    await browser.page({ states: ['unacked', 'ready'], ...bounds, show });
    // Others settle them meanwhile.
    await new Promise((resolve) => setTimeout(resolve, 2));
    for (const { body } of seen) this.look(`${queue} (peek)`, body);
  }

  async publish(confirming: ConfirmChannel, plain: Channel): Promise<void> {
    const channels = [confirming, plain];
    for (const each of channels) each.on('return', ({ content }) => this.look('returned', content));
    const peeks: Promise<void>[] = [];
    for (let number = 0; number < MESSAGES; number++) {
      const body = bodyOf(number, 4096 + this.random.below(40 * 1024));
      const exchange = this.random.pick(Object.keys(ROUTES));
      for (const queue of ROUTES[exchange] as string[]) note(this.sent, queue, number);
      const options = { mandatory: true, persistent: this.random.chance(0.5) };
      this.random.pick(channels).publish(exchange, 'key', body, options);
      if (number % 100 === 99) {
        peeks.push(this.peek('classic'), this.peek('quorum'));
        await confirming.waitForConfirms();
      }
    }
    await confirming.waitForConfirms();
    await Promise.all(peeks);
  }
}

function note(numbers: Map<string, Set<number>>, name: string, number: number): void {
  numbers.set(name, (numbers.get(name) ?? new Set()).add(number));
}

async function declare(channel: Channel): Promise<void> {
  for (const exchange of Object.keys(ROUTES)) await channel.assertExchange(exchange, 'fanout');
  await channel.assertExchange('dead', 'fanout');
  const letters = { deadLetterExchange: 'dead' };
  await channel.assertQueue('classic', letters);
  await channel.assertQueue('quorum', { ...letters, arguments: { 'x-queue-type': 'quorum' } });
  await channel.assertQueue('transient', { durable: false, ...letters });
  await channel.assertQueue('auto');
  await channel.assertQueue('letters');
  await channel.assertQueue('untouched');
  await channel.bindQueue('letters', 'dead', '');
  for (const [exchange, queues] of Object.entries(ROUTES)) {
    for (const queue of queues) {
      if (queue === 'mqtt') await channel.bindExchange('amq.topic', exchange, '');
      else if (queue !== 'returned') await channel.bindQueue(queue, exchange, '');
    }
  }
}

async function subscribeOverMqtt(storm: Storm, port: number): Promise<void> {
  const client = await connectAsync(`mqtt://guest:guest@127.0.0.1:${port}`);
  onTestFinished(() => client.endAsync());
  client.on('message', (_topic, payload) => storm.look('mqtt', payload));
  await client.subscribeAsync('key', { qos: 1 });
}

const CASES = ['memory', 'disk'].flatMap((store) => [4096, 131_072].map((size) => [store, size]));

test.each(CASES)('a body is what was published: %s, frames of %i bytes', async (store, size) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'warren-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const observed = await startObserved(store === 'disk' ? { ...MQTT, data_dir: folder } : MQTT);
  onTestFinished(() => observed.stop());
  const connection = await amqplib.connect(`amqp://127.0.0.1:${observed.port}?frameMax=${size}`);
  onTestFinished(() => connection.close());
  const [setUp, consuming, publishing] = [
    await connection.createChannel(),
    await connection.createChannel(),
    await connection.createConfirmChannel(),
  ];
  await declare(setUp);
  const storm = new Storm(observed);
  await subscribeOverMqtt(storm, observed.portOf('mqtt'));
  for (const queue of ['classic', 'quorum', 'transient', 'letters']) {
    await storm.consume(consuming, queue, false);
  }
  await storm.consume(consuming, 'auto', true);
  await storm.publish(publishing, setUp);
  // Has waited all the time.
  await storm.consume(consuming, 'untouched', false);
  for (const [queue, numbers] of storm.sent) {
    await expect.poll(() => storm.seen.get(queue)?.size, { timeout: 20_000 }).toBe(numbers.size);
    expect(storm.seen.get(queue)).toEqual(numbers);
  }
  expect(storm.failures).toEqual([]);
  expect(storm.seen.get('letters')?.size).toBeGreaterThan(0);
  expect(storm.seen.get('classic (peek)')?.size).toBeGreaterThan(0);
  expect(observed.broker.bodies.keptBytes).toBeGreaterThan(0);
});
