import { describe, expect, test } from 'vitest';
import type { Delivery } from '../../src/broker/delivery.ts';
import type { Field } from '../../src/broker/field.ts';
import type { PropertyValues } from '../../src/broker/properties.ts';
import {
  Answers,
  ASYNC_BACKENDS,
  BACKENDS,
  bodyOf,
  Engine,
  headers,
  message,
  Recorder,
  refusal,
} from '../support/engine.ts';

const DIGITS = ['1', '2', '3', '4', '5', '6', '7', '8'];

describe.each(BACKENDS)('a session ($name)', ({ name: backend }) => {
  async function start() {
    const engine = await Engine.open(backend, { maxMessageBytes: 1000 });
    const session = engine.session();
    const queue = await engine.declare(session, 'q');
    return { engine, session, queue };
  }

  test('gives back what its subscriptions hold, in order, when it closes', async () => {
    const { engine, session, queue } = await start();
    engine.consume(session, 'q', { prefetch: 4 });
    engine.consume(session, 'q', { prefetch: 3 });
    await engine.send(session, 'q', ...DIGITS);
    const heir = engine.consume(engine.session(), 'q');
    await engine.settle();
    expect(heir.bodies).toEqual(['8']);
    await engine.run(session.close());
    expect(heir.bodies).toEqual(['8', '1', '2', '3', '4', '5', '6', '7']);
    expect(heir.deliveries.slice(1).every(({ redelivered }) => redelivered)).toBe(true);
    expect(queue.unsettled).toBe(8);
    expect(engine.broker.sessions.has(session)).toBe(false);
  });

  test('subscribes to nothing any more once it is closed', async () => {
    const { engine, session, queue } = await start();
    const late = new Recorder(session);
    await engine.run(session.close());
    for (const name of ['q', 'amq.rabbitmq.reply-to']) {
      const attempt = () => session.subscribe(name, late, { tag: 'late', noAck: true });
      expect(await refusal(attempt)).toBe('CONNECTION_FORCED - the session is closed');
    }
    expect(queue.subscriptions.size).toBe(0);
    await engine.send(engine.session(), 'q', 'x');
    expect(queue.size).toBe(1);
  });

  test('publishes to all but the queues that do not want it', async () => {
    const { engine, session, queue } = await start();
    const others = [await engine.declare(session, 'r'), await engine.declare(session, 's')];
    for (const name of ['q', 'r', 's']) await engine.bind(session, 'amq.fanout', name);
    const sent = message('amq.fanout', '', 'x');
    expect(session.publish(sent, null, session.traffic, [queue])).toBe(2);
    await engine.settle();
    expect([queue, ...others].map(({ size }) => size)).toEqual([0, 1, 1]);
    expect(session.publish(sent, null, session.traffic, [queue, ...others])).toBe(0);
  });

  test('gives a message to one queue as if it had been routed there', async () => {
    const { engine, session, queue } = await start();
    const properties = { deliveryMode: 2 };
    session.publishTo('q', message('amq.topic', 'a.b', 'kept', properties));
    await engine.settle();
    expect(queue.size).toBe(1);
    const delivery = (await engine.fetch(session, 'q')) as Delivery;
    expect([delivery.message.routingKey, bodyOf(delivery)]).toEqual(['a.b', 'kept']);
    expect(await refusal(() => session.publishTo('none', message('', '', 'x')))).toMatch(
      /no queue/,
    );
  });

  test('gives back what it fetched and what cancelled subscriptions hold', async () => {
    const { engine, session, queue } = await start();
    await engine.send(session, 'q', ...DIGITS);
    await engine.fetch(session, 'q');
    const consumer = engine.consume(session, 'q', { prefetch: 2 });
    await engine.settle();
    consumer.subscription.cancel();
    await engine.fetch(session, 'q');
    expect(queue.size).toBe(4);
    await engine.run(session.close());
    await engine.run(session.close());
    expect(queue.unsettled).toBe(0);
    expect(await engine.drain(engine.session(), 'q')).toEqual(DIGITS);
  });

  test('gives back what it fetches from several queues at once', async () => {
    const { engine, session } = await start();
    const names = ['a', 'b', 'c'];
    for (const name of names) {
      await engine.declare(session, name);
      await engine.send(session, name, `${name} one, larger than the memory`, `${name} two`);
    }
    const fetching = names.map((name) => session.fetch(name, false));
    await engine.settle();
    for (const one of await Promise.all(fetching)) expect(one).not.toBeNull();
    await engine.run(session.close());
    for (const name of names) {
      expect(engine.queue(name).unsettled).toBe(0);
      expect(engine.queue(name).size).toBe(2);
    }
  });

  test('gives back a message whose fetch ends after it closed', async () => {
    const { engine, session, queue } = await start();
    await engine.send(session, 'q', 'larger than the memory', 'second');
    const fetching = session.fetch('q', false);
    const closing = session.close();
    await engine.settle();
    await closing;
    await fetching;
    expect([queue.size, queue.unsettled]).toEqual([2, 0]);
    expect(await engine.drain(engine.session(), 'q')).toEqual(['larger than the memory', 'second']);
  });

  test('fetches nothing that it gave back before the caller heard of it', async () => {
    const { engine, session, queue } = await start();
    session.publish(message('', 'q', 'm', { deliveryMode: 1 }), null);
    await engine.settle();
    const fetching = session.fetch('q', false);
    void session.close();
    expect(await engine.run(fetching)).toBeNull();
    expect([queue.size, queue.unsettled]).toEqual([1, 0]);
    await engine.settle();
  });

  test('deletes its exclusive queues when it closes', async () => {
    const { engine, session } = await start();
    const mine = await engine.declare(session, 'mine', {}, { exclusive: true });
    expect([mine.durable, mine.owner]).toEqual([false, session.id]);
    await engine.declare(session, 'mine', {}, { exclusive: true });
    await engine.run(session.close());
    expect([...engine.vhost.topology.queues.keys()]).toEqual(['q']);
  });

  test('deletes an exclusive queue that was still being declared when it closed', async () => {
    const { engine, session } = await start();
    const flags = { durable: false, exclusive: true, autoDelete: false, arguments: new Map() };
    const declaring = session.topology.declareQueue({ name: 'late', ...flags });
    declaring.catch(() => {});
    await engine.run(session.close());
    await engine.settle();
    expect([...engine.vhost.topology.queues.keys()]).toEqual(['q']);
  });

  test('keeps its exclusive queue from every other session', async () => {
    const { engine, session } = await start();
    await engine.declare(session, 'mine', {}, { exclusive: true });
    const other = engine.session();
    const { topology } = other;
    const locked =
      "RESOURCE_LOCKED - cannot obtain exclusive access to locked queue 'mine' in vhost '/'. It " +
      'could be originally declared on another connection or the exclusive property value does ' +
      'not match that of the original declaration.';
    const where = { source: 'amq.topic', destination: 'mine', destinationKind: 'queue' as const };
    const attempts: (() => unknown)[] = [
      () => engine.declare(other, 'mine', {}, { exclusive: true }),
      () => engine.declare(other, 'mine', {}, { durable: false }),
      () => topology.findQueue('mine'),
      () => topology.deleteQueue('mine', false, false),
      () => topology.purgeQueue('mine'),
      () => topology.bind({ ...where, routingKey: '', arguments: new Map() }),
      () => other.subscribe('mine', new Recorder(other), { tag: 't' }),
      () => other.fetch('mine', true),
    ];
    for (const attempt of attempts) expect(await refusal(attempt)).toBe(locked);
    expect(other.publish(message('', 'mine', 'anyone may send'), null)).toBe(1);
  });

  test('needs read to consume, fetch and purge', async () => {
    const { engine } = await start();
    await engine.addUser('writer', { configure: '.*', write: '.*', read: 'other' });
    const session = engine.session('writer');
    const text = "ACCESS_REFUSED - read access to queue 'q' in vhost '/' refused for user 'writer'";
    expect(await refusal(() => session.subscribe('q', new Recorder(session), { tag: 't' }))).toBe(
      text,
    );
    expect(await refusal(() => session.fetch('q', true))).toBe(text);
    expect(await refusal(() => session.topology.purgeQueue('q'))).toBe(text);
  });

  test('needs write to publish, and calls the default exchange amq.default', async () => {
    const { engine } = await start();
    await engine.addUser('reader', { configure: '.*', write: '^amq\\.topic$', read: '.*' });
    const session = engine.session('reader');
    const publish = (exchange: string) =>
      refusal(() => session.publish(message(exchange, 'q'), null));
    const refused = (name: string) =>
      `ACCESS_REFUSED - write access to exchange '${name}' in vhost '/' refused for user 'reader'`;
    expect(await publish('')).toBe(refused('amq.default'));
    expect(await publish('amq.direct')).toBe(refused('amq.direct'));
    expect(await publish('missing')).toBe(refused('missing'));
    expect(await publish('amq.topic')).toBe('accepted');
  });

  test('feels a change of its rights at once', async () => {
    const { engine } = await start();
    await engine.addUser('u', { write: '.*' });
    const session = engine.session('u');
    const publish = () => refusal(() => session.publish(message('', 'q'), null));
    expect(await publish()).toBe('accepted');
    await engine.run(engine.broker.propose({ op: 'permission.delete', user: 'u', vhost: '/' }));
    expect(await publish()).toMatch('refused');
    await engine.addUser('u', { write: '.*' });
    const again = engine.session('u');
    expect(await refusal(() => again.publish(message('', 'q'), null))).toBe('accepted');
  });

  test('refuses to publish where nothing is, or where only bindings lead', async () => {
    const { engine, session } = await start();
    await engine.declareExchange(session, 'inner', 'fanout', {}, { internal: true });
    expect(await refusal(() => session.publish(message('nowhere', 'k'), null))).toBe(
      "NOT_FOUND - no exchange 'nowhere' in vhost '/'",
    );
    expect(await refusal(() => session.publish(message('inner', 'k'), null))).toBe(
      "ACCESS_REFUSED - cannot publish to internal exchange 'inner' in vhost '/'",
    );
  });

  test('checks what a message says about itself, with the texts of RabbitMQ', async () => {
    const { engine, session } = await start();
    const attempt = (values: PropertyValues) => {
      const one = message('', 'q', 'm', values);
      return refusal(() => session.publish(one, null));
    };
    const cc = (value: Field) => ({ headers: headers({ CC: value }) });
    const refused = 'PRECONDITION_FAILED - ';
    expect(await attempt({ expiration: 'abc' })).toBe(
      `${refused}invalid expiration 'abc': no_integer`,
    );
    expect(await attempt({ expiration: '-5' })).toBe(
      `${refused}invalid expiration '-5': {value_negative,-5}`,
    );
    expect(await attempt({ expiration: '315360000001' })).toBe(
      `${refused}invalid expiration '315360000001': {value_too_large,315360000001}`,
    );
    expect(await attempt(cc('text'))).toBe(
      `${refused}invalid message: {unacceptable_type_in_header,"CC",longstr}`,
    );
    expect(await attempt({ headers: headers({ BCC: 5 }) })).toBe(
      `${refused}invalid message: {unacceptable_type_in_header,"BCC",signedint}`,
    );
    expect(await attempt({ userId: 'other' })).toBe(
      `${refused}user_id property set to 'other' but authenticated user was 'guest'`,
    );
    expect(await attempt({ userId: 'guest' })).toBe('accepted');
    const bad = message('', 'q', '', { expiration: 'abc' });
    expect(await refusal(() => session.check(bad))).toMatch('invalid expiration');
    await engine.settle();
    expect(engine.queue('q').size).toBe(1);
  });

  test('lets an impersonator publish in the name of another', async () => {
    const { engine } = await start();
    await engine.addUser('proxy', { write: '.*' }, ['impersonator']);
    const session = engine.session('proxy');
    expect(session.publish(message('', 'q', 'm', { userId: 'someone' }), null)).toBe(1);
  });

  test('refuses a body that is too large', async () => {
    const { session } = await start();
    expect(await refusal(() => session.checkSize(1000))).toBe('accepted');
    expect(await refusal(() => session.checkSize(1001))).toBe(
      'PRECONDITION_FAILED - message size 1001 is larger than configured max size 1000',
    );
  });

  test('sends to every key in CC and BCC, and shows BCC to nobody', async () => {
    const { engine, session } = await start();
    for (const name of ['cc', 'bcc']) await engine.declare(session, name);
    const copies = { CC: ['cc', 'q', 5, 'missing'], BCC: ['bcc'], other: 'kept' };
    const sent = message('', 'q', 'm', { headers: headers(copies) });
    expect(session.publish(sent, null)).toBe(3);
    await engine.settle();
    for (const name of ['q', 'cc', 'bcc']) {
      const delivery = (await engine.fetch(session, name)) as Delivery;
      const fields = delivery.message.properties.headers;
      expect([...(fields?.keys() ?? [])]).toEqual(['CC', 'other']);
      expect(delivery.message.routingKey).toBe('q');
      expect(engine.queue(name).size).toBe(0);
    }
    expect([...(sent.properties.headers?.keys() ?? [])]).toEqual(['CC', 'BCC', 'other']);
  });

  test('refuses consumer arguments that make no sense', async () => {
    const { engine, session } = await start();
    const attempt = (args: Record<string, Field>) =>
      refusal(() => engine.consume(session, 'q', { arguments: headers(args) }));
    expect(await attempt({ 'x-priority': 'high' })).toBe(
      "PRECONDITION_FAILED - invalid arg 'x-priority' for queue 'q' in vhost '/': " +
        '"expected integer, got longstr"',
    );
    expect(await attempt({ 'x-stream-offset': 'first' })).toBe(
      "PRECONDITION_FAILED - invalid arg 'x-stream-offset' for queue 'q' in vhost '/' of queue " +
        'type rabbit_classic_queue',
    );
    expect(await attempt({ 'x-unknown': 'kept' })).toBe('accepted');
  });

  test('refuses to consume or fetch from a queue that is not there', async () => {
    const { session } = await start();
    const text = "NOT_FOUND - no queue 'nowhere' in vhost '/'";
    const consumer = new Recorder(session);
    expect(await refusal(() => session.subscribe('nowhere', consumer, { tag: 't' }))).toBe(text);
    expect(await refusal(() => session.fetch('nowhere', true))).toBe(text);
  });

  test('says with a fetched message how many are ready behind it', async () => {
    const { engine, session } = await start();
    await engine.send(session, 'q', '1', '2', '3');
    const first = await engine.run(session.fetch('q', true));
    expect(first?.remaining).toBe(2);
    expect(first && bodyOf(first.delivery)).toBe('1');
    expect((await engine.run(session.fetch('q', false)))?.remaining).toBe(1);
  });

  test('settles a delivery once', async () => {
    const { engine, session } = await start();
    await engine.send(session, 'q', 'm');
    const delivery = (await engine.fetch(session, 'q')) as Delivery;
    session.settle(delivery, 'ack');
    expect(() => session.settle(delivery, 'ack')).toThrow();
    expect(engine.queue('q').unsettled).toBe(0);
  });

  test('forgets subscriptions that have ended and hold nothing', async () => {
    const { engine, session } = await start();
    const known = (session as unknown as { subscriptions: Set<unknown> }).subscriptions;
    const idle = engine.consume(session, 'q');
    idle.subscription.cancel();
    expect(known.size).toBe(0);
    const holding = engine.consume(session, 'q');
    await engine.send(session, 'q', 'm');
    holding.subscription.cancel();
    expect(known.size).toBe(1);
    holding.settle('ack');
    expect(known.size).toBe(0);
  });

  test('confirms every publish once and in order, stored or not', async () => {
    const { engine, session } = await start();
    await engine.bind(session, 'amq.fanout', 'q');
    const answers = new Answers();
    for (let i = 0; i < 6; i++) {
      answers.publish(session, message('amq.fanout', '', `${i}`));
      answers.publish(session, message('', 'nowhere', `${i}`));
    }
    await engine.settle();
    const sequences = answers.list.map((answer) => Number.parseInt(answer, 10));
    expect([...sequences].sort((a, b) => a - b)).toEqual(
      Array.from({ length: 12 }, (_, i) => i + 1),
    );
    expect(answers.list.every((answer) => answer.endsWith(' ack'))).toBe(true);
    const stored = sequences.filter((sequence) => sequence % 2 === 1);
    expect(stored).toEqual([...stored].sort((a, b) => a - b));
  });

  test('makes what a transaction publishes and settles happen', async () => {
    const { engine, session, queue } = await start();
    await engine.send(session, 'q', 'old');
    const old = (await engine.fetch(session, 'q')) as Delivery;
    const done = session.transaction(() => {
      session.publish(message('', 'q', 'new'), null);
      session.settle(old, 'ack');
    });
    await engine.run(done);
    expect([queue.size, queue.unsettled]).toEqual([1, 0]);
    expect(engine.store.stats().messages).toBe(1);
    expect(await engine.drain(session, 'q')).toEqual(['new']);
  });

  test('may settle inside take, whichever way', async () => {
    const { engine, session } = await start();
    const consumer = engine.consume(session, 'q', { prefetch: 1 });
    consumer.onTake = (delivery) => {
      session.settle(delivery, delivery.redelivered ? 'ack' : 'requeue');
    };
    await engine.send(session, 'q', ...DIGITS);
    expect([...consumer.bodies].sort()).toEqual([...DIGITS, ...DIGITS].sort());
    expect(engine.store.stats().messages).toBe(0);
  });
});

describe.each(ASYNC_BACKENDS)('a failing store ($name)', ({ name: backend }) => {
  test('nacks what it could not keep, once, and keeps the rest', async () => {
    const engine = await Engine.open(backend, { publishFailureRate: 0.5, seed: 3 });
    const session = engine.session();
    for (const name of ['a', 'b']) {
      await engine.declare(session, name);
      await engine.bind(session, 'amq.fanout', name);
    }
    const answers = new Answers();
    for (let i = 1; i <= 40; i++) answers.publish(session, message('amq.fanout', '', String(i)));
    await engine.settle();
    expect(answers.list.map((answer) => Number.parseInt(answer, 10))).toEqual(
      Array.from({ length: 40 }, (_, i) => i + 1),
    );
    const accepted = answers.list
      .filter((one) => one.endsWith(' ack'))
      .map((one) => one.slice(0, -4));
    expect(accepted.length).toBeGreaterThan(5);
    expect(accepted.length).toBeLessThan(35);
    for (const name of ['a', 'b']) {
      const bodies = await engine.drain(session, name);
      expect(bodies).toEqual(expect.arrayContaining(accepted));
      if (backend !== 'publish') expect(bodies).toEqual(accepted);
    }
  });

  test('costs only the messages that it cannot read, and says so', async () => {
    const engine = await Engine.open(backend, { seed: 9 });
    const session = engine.session();
    const queue = await engine.declare(session, 'q');
    const bodies = Array.from({ length: 100 }, (_, i) => `body ${i}`);
    await engine.send(session, 'q', ...bodies);
    const refs = [...engine.disk.queue(queue.store?.id as number).keys()];
    const isDamaged = (_: unknown, i: number) => i % 10 === 7;
    for (const ref of refs.filter(isDamaged)) engine.asyncStore.damaged.add(ref);
    const consumer = engine.consume(session, 'q');
    await engine.settle();
    expect(consumer.bodies).toEqual(bodies.filter((_, i) => i % 10 !== 7));
    expect(engine.lines).toHaveLength(10);
    expect(engine.lines.every((line) => line.includes('could not be read back'))).toBe(true);
    expect([queue.size, queue.unsettled]).toEqual([0, 90]);
    const again = await engine.crash();
    expect(await again.drain(again.session(), 'q')).toEqual(bodies);
  });
});
