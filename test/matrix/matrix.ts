/**
 * The matrix: what one protocol publishes, every other one gets: body, properties, headers,
 * persistence and expiry; what is not acknowledged comes again, what is refused is dead-lettered,
 * and a slow consumer holds nobody up. All clients are independent ones.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type EmbeddedBroker, startBroker } from '../../src/embed.ts';
import type { Connect, Sent, Side } from './side.ts';

const TEXT = Buffer.from('Käse 😀\n');

const BODIES = [
  ['no body', Buffer.alloc(0)],
  ['text', TEXT],
  ['all bytes there are', Buffer.from(Array.from({ length: 256 }, (_none, byte) => byte))],
  ['300 KB', Buffer.alloc(300_000, 'body')],
] as const;

/** The tests of every pair of these sides. */
export function describeMatrix(all: Readonly<Record<string, Connect>>): void {
  const names = Object.keys(all);
  const pairs = names.flatMap((from) => names.map((to) => ({ from, to })));

  let broker: EmbeddedBroker;
  let keys = 0;
  let key: string;
  const sides: Side[] = [];

  beforeAll(async () => {
    broker = await startBroker({
      config: {
        'mqtt.listeners.tcp.default': '127.0.0.1:0',
        'stomp.listeners.tcp.default': '127.0.0.1:0',
        'management.tcp.port': '127.0.0.1:0',
        'web_amqp.tcp.port': '127.0.0.1:0',
        'web_mqtt.tcp.port': '127.0.0.1:0',
        'web_stomp.tcp.port': '127.0.0.1:0',
      },
    });
  });

  afterEach(async () => {
    for (const side of sides.splice(0)) await side.leave();
  });

  afterAll(() => broker?.stop());

  async function connect(name: string): Promise<Side> {
    key = `matrix.k${++keys}`;
    const portOf = (listener: string) =>
      listener === 'http' ? broker.managementPort : broker.portOf(listener);
    const side = await all[name]!((listener) => portOf(listener) as number);
    sides.push(side);
    return side;
  }

  /** A publisher and a subscriber who is there already. */
  async function pair(from: string, to: string, options = {}) {
    const [publisher, subscriber] = [await connect(from), await connect(to)];
    return { publisher, subscriber, inbox: await subscriber.subscribe(key, options) };
  }

  async function through(from: string, to: string, message: Sent) {
    const { publisher, inbox } = await pair(from, to);
    await publisher.publish(key, message);
    const got = await inbox.next();
    got.ack();
    return got;
  }

  describe.each(pairs)('from $from to $to', ({ from, to }) => {
    it.each(BODIES)('comes %s', async (_what, body) => {
      const got = await through(from, to, { body });
      expect(Buffer.compare(got.body, body)).toBe(0);
    });

    it('come properties and headers', async () => {
      const properties = {
        contentType: 'text/plain',
        correlationId: 'c-1',
        replyTo: 'answers.here',
      };
      const headers = { colour: 'grün', 'x-trace.id': 'a:b' };
      const got = await through(from, to, { body: TEXT, ...properties, headers });
      expect(got).toMatchObject(properties);
      expect(got.headers).toMatchObject(headers);
    });

    it.each([true, false])('comes whether it is persistent: %s', async (persistent) => {
      const got = await through(from, to, { body: TEXT, persistent });
      expect(got.persistent).toBe(persistent);
    });

    it('comes when it expires', async () => {
      const got = await through(from, to, { body: TEXT, expirationMs: 3_600_000 });
      // MQTT counts down.
      expect(got.expirationMs).toBeGreaterThan(3_000_000);
      expect(got.expirationMs).toBeLessThanOrEqual(3_600_000);
    });

    it('comes again what was not acknowledged, and says so', async () => {
      const { publisher, subscriber, inbox } = await pair(from, to);
      await publisher.publish(key, { body: TEXT, persistent: true });
      const first = await inbox.next();
      expect(first.redelivered).toBe(false);
      await subscriber.leave();
      const wanted = key;
      const back = await connect(to);
      const again = await (await back.subscribe(wanted)).next();
      expect(Buffer.compare(again.body, TEXT)).toBe(0);
      expect(again.redelivered).toBe(true);
      again.ack();
    });

    it('a slow consumer gets everything in order, and holds nobody up', async () => {
      const { publisher, inbox } = await pair(from, to, { prefetch: 1 });
      for (let i = 0; i < 50; i++) {
        await publisher.publish(key, { body: Buffer.from(String(i)), persistent: true });
      }
      for (let i = 0; i < 50; i++) {
        const got = await inbox.next();
        expect(got.body.toString()).toBe(String(i));
        got.ack();
      }
    });
  });

  /** MQTT cannot refuse a message. */
  const refusers = pairs.filter(({ to }) => !to.startsWith('MQTT'));

  describe.each(refusers)('published by $from, refused by $to', ({ from, to }) => {
    it.each(names)('a message is dead-lettered to %s', async (reader) => {
      const letters = await connect(reader);
      const deadKey = key;
      const deadInbox = await letters.subscribe(deadKey);
      const { publisher, inbox } = await pair(from, to, { deadLetterKey: deadKey });
      await publisher.publish(key, { body: TEXT, headers: { colour: 'red' } });
      (await inbox.next()).refuse!();
      const letter = await deadInbox.next();
      letter.ack();
      expect(Buffer.compare(letter.body, TEXT)).toBe(0);
      expect(letter.headers).toMatchObject({ colour: 'red' });
      // MQTT clients are not told what the broker has to say about a message.
      if (!reader.startsWith('MQTT'))
        expect(letter.headers['x-first-death-reason']).toBe('rejected');
    });
  });
}
