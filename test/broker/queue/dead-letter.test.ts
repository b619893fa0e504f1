import { describe, expect, test } from 'vitest';
import type { Delivery } from '../../../src/broker/delivery.ts';
import { type Fields, Timestamp, TypedNumber } from '../../../src/broker/field.ts';
import { deadLetterOf, isCycle } from '../../../src/broker/queue/dead-letter.ts';
import { BACKENDS, bodyOf, Engine, headers, message } from '../../support/engine.ts';

const TO_DEAD = { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': 'dead' };

function headersOf(delivery: Delivery | null): Fields {
  return delivery?.message.properties.headers as Fields;
}

/** The `x-death` entries as plain objects. */
function deaths(fields: Fields | undefined): Record<string, unknown>[] {
  const entries = (fields?.get('x-death') ?? []) as Fields[];
  return entries.map((entry) => Object.fromEntries(entry));
}

/** Short: `queue/reason×count`, newest first. */
function summary(fields: Fields | undefined): string[] {
  return deaths(fields).map(
    ({ queue, reason, count }) => `${queue}/${reason}×${(count as TypedNumber).value}`,
  );
}

describe.each(BACKENDS)('dead-lettering ($name)', ({ name: backend }) => {
  async function start(args: Parameters<Engine['declare']>[2] = TO_DEAD) {
    const engine = await Engine.open(backend);
    const session = engine.session();
    const queue = await engine.declare(session, 'q', args);
    await engine.declare(session, 'dead');
    return { engine, session, queue };
  }

  test('writes exactly the headers that RabbitMQ writes', async () => {
    const { engine, session } = await start();
    await engine.bind(session, 'amq.direct', 'q', 'key');
    const values = { headers: headers({ CC: ['copy'], zebra: 1, BCC: ['blind'] }) };
    const sent = message('amq.direct', 'key', 'body', {
      ...values,
      expiration: '1000',
      messageId: 'id',
    });
    session.publish(sent, null);
    await engine.settle();
    const diedAtMs = engine.clock.now() + 1000;
    await engine.advance(1000);
    const dead = await engine.fetch(session, 'dead');
    const fields = headersOf(dead);
    expect([...fields.keys()]).toEqual([
      'x-death',
      'x-first-death-exchange',
      'x-first-death-queue',
      'x-first-death-reason',
      'x-last-death-exchange',
      'x-last-death-queue',
      'x-last-death-reason',
      'zebra',
    ]);
    const [entry] = fields.get('x-death') as Fields[];
    expect([...(entry as Fields)]).toEqual([
      ['original-expiration', '1000'],
      ['count', new TypedNumber('int64', 1n)],
      ['reason', 'expired'],
      ['queue', 'q'],
      ['time', new Timestamp(Math.floor(diedAtMs / 1000))],
      ['exchange', 'amq.direct'],
      ['routing-keys', ['key', 'copy']],
    ]);
    expect(fields.get('x-first-death-reason')).toBe('expired');
    expect(fields.get('x-last-death-exchange')).toBe('amq.direct');
    const { message: letter } = dead as Delivery;
    expect([letter.exchange, letter.routingKey]).toEqual(['', 'dead']);
    expect(letter.properties.expiration).toBeUndefined();
    expect(letter.properties.messageId).toBe('id');
    expect(bodyOf(dead as Delivery)).toBe('body');
    expect(dead?.redelivered).toBe(false);
  });

  test('keeps all routing keys if the queue has none of its own', async () => {
    const { engine, session } = await start({ 'x-dead-letter-exchange': 'amq.topic' });
    await engine.declare(session, 'copies');
    await engine.bind(session, 'amq.topic', 'dead', 'q');
    await engine.bind(session, 'amq.topic', 'copies', 'other.*');
    session.publish(message('', 'q', 'm', { headers: headers({ CC: ['other.key'] }) }), null);
    await engine.settle();
    engine.consume(session, 'q', { prefetch: 1 }).onTake = () => {};
    await engine.settle();
    const consumer = engine.consume(session, 'q');
    await engine.settle();
    expect(consumer.bodies).toEqual([]);
    await engine.run(session.close());
    const again = engine.session();
    const rejecter = engine.consume(again, 'q');
    await engine.settle();
    rejecter.settle('reject');
    await engine.settle();
    expect(await engine.drain(again, 'dead')).toEqual(['m']);
    const copy = await engine.fetch(again, 'copies');
    expect(headersOf(copy).get('CC')).toEqual(['other.key']);
    expect(copy?.message.routingKey).toBe('q');
    expect(copy?.message.exchange).toBe('amq.topic');
  });

  test('counts the same death again, moves it to the front and keeps its first details', async () => {
    const { engine, session } = await start();
    await engine.declare(session, 'dead', {});
    const back = { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': 'q' };
    await engine.declare(session, 'loop', back);
    const first = engine.clock.now();
    session.publish(message('', 'q', 'm'), null);
    await engine.settle();
    const reject = async (queue: string) => {
      const delivery = (await engine.fetch(session, queue)) as Delivery;
      session.settle(delivery, 'reject');
      await engine.advance(10_000);
    };
    await reject('q');
    const dead = (await engine.fetch(session, 'dead')) as Delivery;
    expect(summary(headersOf(dead))).toEqual(['q/rejected×1']);
    // By hand to the next queue, as an application that retries does.
    const { properties } = dead.message;
    session.publish(message('', 'loop', 'm', { headers: properties.headers as Fields }), null);
    await engine.settle();
    await reject('loop');
    await reject('q');
    const again = await engine.fetch(session, 'dead');
    expect(summary(headersOf(again))).toEqual(['q/rejected×2', 'loop/rejected×1']);
    const [newest] = deaths(headersOf(again));
    expect(newest?.time).toEqual(new Timestamp(Math.floor(first / 1000)));
    expect(headersOf(again).get('x-first-death-queue')).toBe('q');
    expect(headersOf(again).get('x-last-death-queue')).toBe('q');
  });

  test('tells the reasons apart', async () => {
    const { engine, session } = await start({
      ...TO_DEAD,
      'x-max-length': 1,
      'x-message-ttl': 100,
    });
    await engine.send(session, 'q', 'one', 'two');
    await engine.advance(100);
    const reasons: string[] = [];
    for (let i = 0; i < 2; i++) {
      const dead = await engine.fetch(session, 'dead');
      reasons.push(`${bodyOf(dead as Delivery)} ${headersOf(dead).get('x-last-death-reason')}`);
    }
    expect(reasons).toEqual(['one maxlen', 'two expired']);
  });

  test('drops messages when the exchange is missing', async () => {
    const { engine, session } = await start({ 'x-dead-letter-exchange': 'missing' });
    await engine.send(session, 'q', 'm');
    session.settle((await engine.fetch(session, 'q')) as Delivery, 'reject');
    await engine.settle();
    expect(engine.store.stats().messages).toBe(0);
    expect(engine.lines).toEqual([]);
  });

  test('drops rejected messages of a queue without a dead-letter exchange', async () => {
    const { engine, session } = await start({});
    await engine.send(session, 'q', 'm');
    session.settle((await engine.fetch(session, 'q')) as Delivery, 'reject');
    await engine.settle();
    expect(engine.store.stats().messages).toBe(0);
  });

  test('needs nobody to have the rights of the publisher', async () => {
    const { engine, session } = await start();
    await engine.addUser('reader', { read: 'q' });
    await engine.send(session, 'q', 'm');
    const reader = engine.session('reader');
    reader.settle((await engine.fetch(reader, 'q')) as Delivery, 'reject');
    await engine.settle();
    expect(await engine.drain(session, 'dead')).toEqual(['m']);
  });

  test('keeps the order of the messages that expire, in memory or not', async () => {
    const { engine, session } = await start();
    const bodies = Array.from({ length: 200 }, (_, i) => `body ${i}`);
    for (const body of bodies) session.publish(message('', 'q', body, { expiration: '50' }), null);
    await engine.settle();
    await engine.advance(50);
    expect(await engine.drain(session, 'dead')).toEqual(bodies);
    expect(engine.store.stats().messages).toBe(0);
  });

  test('keeps the order of the messages that are too many, in memory or not', async () => {
    const { engine, session } = await start({ ...TO_DEAD, 'x-max-length': 10 });
    const bodies = Array.from({ length: 200 }, (_, i) => `body ${i}`);
    await engine.send(session, 'q', ...bodies);
    expect(await engine.drain(session, 'dead')).toEqual(bodies.slice(0, 190));
    expect(await engine.drain(session, 'q')).toEqual(bodies.slice(190));
  });

  test('does not bring a message back to a queue that it died in without being rejected', async () => {
    const { engine, session } = await start({
      'x-message-ttl': 10,
      'x-dead-letter-exchange': '',
      'x-dead-letter-routing-key': 'q',
    });
    await engine.send(session, 'q', 'm');
    await engine.advance(10);
    expect(engine.queue('q').size).toBe(0);
    expect(engine.store.stats().messages).toBe(0);
    expect(engine.lines).toEqual([expect.stringContaining('would return')]);
  });

  test('brings a rejected message back as often as consumers reject it', async () => {
    const { engine, session } = await start({
      'x-dead-letter-exchange': '',
      'x-dead-letter-routing-key': 'q',
    });
    await engine.send(session, 'q', 'm');
    for (let i = 0; i < 5; i++) {
      session.settle((await engine.fetch(session, 'q')) as Delivery, 'reject');
      await engine.settle();
    }
    expect(summary(headersOf(await engine.fetch(session, 'q')))).toEqual(['q/rejected×5']);
  });

  test('retries with a delay for as long as somebody rejects in between', async () => {
    const { engine, session } = await start({
      'x-dead-letter-exchange': '',
      'x-dead-letter-routing-key': 'delay',
    });
    const back = { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': 'q' };
    await engine.declare(session, 'delay', { ...back, 'x-message-ttl': 100 });
    await engine.send(session, 'q', 'm');
    for (let i = 0; i < 3; i++) {
      session.settle((await engine.fetch(session, 'q')) as Delivery, 'reject');
      await engine.settle();
      await engine.advance(100);
    }
    const last = await engine.fetch(session, 'q');
    expect(summary(headersOf(last))).toEqual(['delay/expired×3', 'q/rejected×3']);
    expect(engine.lines).toEqual([]);
  });

  test('ends in a chain of full queues, each message having died once in each', async () => {
    const { engine, session } = await start({});
    const length = 20;
    for (let i = 0; i < length; i++) {
      const next = {
        'x-dead-letter-exchange': '',
        'x-dead-letter-routing-key': `c${(i + 1) % length}`,
      };
      await engine.declare(session, `c${i}`, { ...next, 'x-max-length': 1 });
    }
    await engine.send(session, 'c0', ...Array.from({ length: 30 }, (_, i) => `m${i}`));
    let left = 0;
    for (let i = 0; i < length; i++) left += engine.queue(`c${i}`).size;
    expect(left).toBe(length);
    expect(engine.store.stats().messages).toBe(length);
  });

  test('fans out among queues that overflow into each other, and ends', async () => {
    const { engine, session } = await start({});
    for (const name of ['a', 'b', 'c']) {
      const args = { 'x-dead-letter-exchange': 'amq.fanout', 'x-max-length': 1 };
      await engine.declare(session, name, args);
      await engine.bind(session, 'amq.fanout', name);
    }
    for (let i = 0; i < 10; i++) session.publish(message('amq.fanout', '', `m${i}`), null);
    await engine.settle();
    expect(engine.store.stats().messages).toBe(3);
  });

  test('never publishes inside a publish: fan-out reaches every queue first', async () => {
    const { engine, session } = await start({});
    const full = {
      'x-dead-letter-exchange': '',
      'x-dead-letter-routing-key': 'b',
      'x-max-length': 0,
    };
    await engine.declare(session, 'a', full);
    await engine.declare(session, 'b');
    await engine.bind(session, 'amq.fanout', 'a');
    await engine.bind(session, 'amq.fanout', 'b');
    session.publish(message('amq.fanout', '', 'm'), null);
    await engine.settle();
    const [first, second] = [await engine.fetch(session, 'b'), await engine.fetch(session, 'b')];
    expect(first?.message.exchange).toBe('amq.fanout');
    expect(second?.message.exchange).toBe('');
  });
});

describe('a dead letter', () => {
  const death = { queueName: 'q', reason: 'rejected', atMs: 5_999 } as const;

  test('ignores an x-death that is none', () => {
    for (const forged of ['text', 5, null, ['text', 5]]) {
      const values = { headers: headers({ 'x-death': forged }) };
      const letter = deadLetterOf(
        { ...death, message: message('', 'q', '', values) },
        { exchange: 'x', routingKey: null },
      );
      expect(summary(letter.properties.headers)).toEqual(['q/rejected×1']);
    }
  });

  test('goes on counting from whatever kind of number it finds', () => {
    const counted = (count: TypedNumber | number | string) => {
      const entry = headers({ count, reason: 'rejected', queue: 'q' });
      const values = { headers: headers({ 'x-death': [entry] }) };
      const target = { exchange: 'x', routingKey: null };
      return summary(
        deadLetterOf({ ...death, message: message('', 'q', '', values) }, target).properties
          .headers,
      );
    };
    expect(counted(4)).toEqual(['q/rejected×5']);
    expect(counted(new TypedNumber('int16', 4))).toEqual(['q/rejected×5']);
    expect(counted('nonsense')).toEqual(['q/rejected×1']);
  });

  test('survives a forged count that is no integer', () => {
    for (const count of [1.5, new TypedNumber('double', 1.5), new TypedNumber('float', Infinity)]) {
      const entry = headers({ count, reason: 'rejected', queue: 'q' });
      const values = { headers: headers({ 'x-death': [entry] }) };
      const target = { exchange: 'x', routingKey: null };
      const letter = deadLetterOf({ ...death, message: message('', 'q', '', values) }, target);
      expect(deaths(letter.properties.headers)).toHaveLength(1);
    }
  });

  test('is in a cycle if it died in that queue and was not rejected since', () => {
    const entry = (queue: string, reason: string) => headers({ queue, reason });
    const died = (...entries: Fields[]) => headers({ 'x-death': entries });
    expect(isCycle(undefined, 'q')).toBe(false);
    expect(isCycle(died(entry('q', 'expired')), 'q')).toBe(true);
    expect(isCycle(died(entry('p', 'maxlen'), entry('q', 'expired')), 'q')).toBe(true);
    expect(isCycle(died(entry('p', 'rejected'), entry('q', 'expired')), 'q')).toBe(false);
    expect(isCycle(died(entry('p', 'expired')), 'q')).toBe(false);
  });
});
