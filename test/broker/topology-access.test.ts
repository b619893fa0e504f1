import { describe, expect, test } from 'vitest';
import type { Field } from '../../src/broker/field.ts';
import { TypedNumber } from '../../src/broker/field.ts';
import { generatedName } from '../../src/broker/queue-declaration.ts';
import type { AsyncCatalog } from '../support/async-catalog.ts';
import {
  type ALL,
  ASYNC_BACKENDS,
  BACKENDS,
  Engine,
  headers,
  KEEPING_BACKENDS,
  refusal,
} from '../support/engine.ts';

const NO_ARGUMENTS = new Map<string, Field>();

describe.each(BACKENDS)('topology access ($name)', ({ name: backend }) => {
  async function start() {
    const engine = await Engine.open(backend);
    const session = engine.session();
    return { engine, session, topology: session.topology };
  }

  test('declares a queue once; an equal declaration finds it as it is', async () => {
    const { engine, session, topology } = await start();
    const queue = await engine.declare(session, 'q', { 'x-max-length': 5 });
    await engine.send(session, 'q', 'a', 'b');
    engine.consume(session, 'q', { prefetch: 1 });
    await engine.settle();
    const wide = new TypedNumber('int64', 5n);
    expect(await engine.declare(session, 'q', { 'x-max-length': wide })).toBe(queue);
    expect(topology.findQueue('q')).toEqual({ name: 'q', messages: 1, consumers: 1 });
  });

  test('refuses a declaration that differs, naming what differs, and changes nothing', async () => {
    const { engine, session } = await start();
    await engine.declare(session, 'q', { 'x-message-ttl': 5 });
    const prefix = "PRECONDITION_FAILED - inequivalent arg '";
    const again = (args: Record<string, Field>, flags = {}) =>
      refusal(() => engine.declare(session, 'q', args, flags));
    expect(await again({ 'x-message-ttl': 5 }, { durable: false })).toMatch(`${prefix}durable'`);
    expect(await again({ 'x-message-ttl': 5 }, { autoDelete: true })).toMatch(
      `${prefix}auto_delete'`,
    );
    expect(await again({ 'x-message-ttl': 5 }, { exclusive: true })).toMatch('RESOURCE_LOCKED');
    expect(await again({})).toMatch(`${prefix}x-message-ttl'`);
    expect(await again({ 'x-message-ttl': 6 })).toMatch(`${prefix}x-message-ttl'`);
    expect(await again({ 'x-message-ttl': 5, 'x-unknown': 1 })).toBe('accepted');
    expect(await again({ 'x-message-ttl': 5, 'x-queue-type': 'classic' })).toBe('accepted');
    expect(engine.queue('q').settings.ttlMs).toBe(5);
  });

  test('makes one queue of two declarations at once', async () => {
    const { engine } = await start();
    const flags = { durable: true, exclusive: false, autoDelete: false, arguments: NO_ARGUMENTS };
    const [a, b] = [engine.session(), engine.session()];
    const both = [a, b].map(({ topology }) => topology.declareQueue({ name: 'q', ...flags }));
    await engine.settle();
    expect((await Promise.all(both)).map(({ name }) => name)).toEqual(['q', 'q']);
    expect(engine.vhost.topology.queues.size).toBe(1);
  });

  test('lets one of two sessions have a queue that both want for themselves', async () => {
    const { engine } = await start();
    const flags = { durable: false, exclusive: true, autoDelete: false, arguments: NO_ARGUMENTS };
    const [a, b] = [engine.session(), engine.session()];
    const both = [a, b].map(({ topology }) =>
      refusal(() => topology.declareQueue({ name: 'q', ...flags })),
    );
    await engine.settle();
    const [first, second] = await Promise.all(both);
    expect(first).toBe('accepted');
    expect(second).toMatch('RESOURCE_LOCKED');
    await engine.run(b.close());
    expect(engine.queue('q').owner).toBe(a.id);
  });

  test('gives a queue without a name one of its own', async () => {
    const { engine, session } = await start();
    const [a, b] = [await engine.declare(session, ''), await engine.declare(session, '')];
    expect(a.name).toMatch(/^amq\.gen-[\w-]{22}$/);
    expect(a.name).not.toBe(b.name);
    expect(generatedName('prefix')).toMatch(/^prefix-[\w-]{22}$/);
  });

  test('takes line ends out of names', async () => {
    const { engine, session, topology } = await start();
    expect((await engine.declare(session, 'a\r\nb')).name).toBe('ab');
    await engine.declareExchange(session, 'x\n', 'fanout');
    await engine.bind(session, 'x\r', 'ab\n');
    expect(engine.vhost.exchange('x').bindings.size).toBe(1);
    expect(await engine.run(topology.deleteQueue('a\nb', false, false))).toBe(0);
    expect(engine.vhost.topology.queues.size).toBe(0);
  });

  test('reserves names that begin with amq., but finds those that exist', async () => {
    const { engine, session } = await start();
    expect(await refusal(() => engine.declare(session, 'amq.mine'))).toBe(
      "ACCESS_REFUSED - queue name 'amq.mine' contains reserved prefix 'amq.*'",
    );
    expect(await refusal(() => engine.declareExchange(session, 'amq.mine', 'topic'))).toBe(
      "ACCESS_REFUSED - exchange name 'amq.mine' contains reserved prefix 'amq.*'",
    );
    expect(await refusal(() => engine.declareExchange(session, 'amq.topic', 'topic'))).toBe(
      'accepted',
    );
    expect(await refusal(() => engine.declareExchange(session, 'amq.topic', 'direct'))).toBe(
      "PRECONDITION_FAILED - inequivalent arg 'type' for exchange 'amq.topic' in vhost '/': " +
        "received 'direct' but current is 'topic'",
    );
    const generated = await engine.declare(session, '');
    expect(await refusal(() => engine.declare(session, generated.name))).toBe(
      `ACCESS_REFUSED - queue name '${generated.name}' contains reserved prefix 'amq.*'`,
    );
    expect(session.topology.findQueue(generated.name).name).toBe(generated.name);
  });

  test('keeps the default exchange as it is', async () => {
    const { engine, session, topology } = await start();
    await engine.declare(session, 'q');
    const text = 'ACCESS_REFUSED - operation not permitted on the default exchange';
    const unbind = { source: '', destination: 'q', destinationKind: 'queue' as const };
    const attempts: (() => unknown)[] = [
      () => engine.declareExchange(session, '', 'direct'),
      () => topology.findExchange(''),
      () => topology.deleteExchange('', false),
      () => engine.bind(session, '', 'q', 'k'),
      () => engine.bind(session, 'amq.topic', '', 'k', {}, 'exchange'),
      () => topology.unbind({ ...unbind, routingKey: 'q', arguments: NO_ARGUMENTS }),
    ];
    for (const attempt of attempts) expect(await refusal(attempt)).toBe(text);
    expect(await refusal(() => topology.deleteExchange('amq.topic', false))).toBe(
      "ACCESS_REFUSED - deletion of system exchange 'amq.topic' in vhost '/' not allowed",
    );
  });

  test('refuses exchange types and arguments that make no sense', async () => {
    const { engine, session } = await start();
    expect(await refusal(() => engine.declareExchange(session, 'x', 'foo'))).toBe(
      "PRECONDITION_FAILED - unknown exchange type 'foo'",
    );
    const bad = { 'alternate-exchange': 5 };
    expect(await refusal(() => engine.declareExchange(session, 'x', 'topic', bad))).toBe(
      "PRECONDITION_FAILED - invalid type 'signedint' for arg 'alternate-exchange' in " +
        "exchange 'x' in vhost '/'",
    );
    expect(engine.vhost.topology.exchanges.has('x')).toBe(false);
  });

  test('compares of an exchange its type, flags and alternate only', async () => {
    const { engine, session } = await start();
    const args = { 'alternate-exchange': 'ae', other: 1 };
    await engine.declareExchange(session, 'x', 'topic', args);
    const again = (more: Record<string, Field>, flags = {}) =>
      refusal(() => engine.declareExchange(session, 'x', 'topic', more, flags));
    expect(await again({ 'alternate-exchange': 'ae', other: 2 })).toBe('accepted');
    expect(await again({})).toMatch("inequivalent arg 'alternate-exchange'");
    expect(await again(args, { durable: false })).toMatch("inequivalent arg 'durable'");
    expect(await again(args, { internal: true })).toMatch("inequivalent arg 'internal'");
    expect(await again(args, { autoDelete: true })).toMatch("inequivalent arg 'auto_delete'");
  });

  test('deletes what is not there without a word, but finds and binds it not', async () => {
    const { engine, session, topology } = await start();
    await engine.declare(session, 'q');
    expect(await engine.run(topology.deleteQueue('none', true, true))).toBe(0);
    await engine.run(topology.deleteExchange('none', true));
    const binding = { routingKey: '', destinationKind: 'queue' as const, arguments: NO_ARGUMENTS };
    await engine.run(topology.unbind({ ...binding, source: 'none', destination: 'q' }));
    const queue = "NOT_FOUND - no queue 'none' in vhost '/'";
    const exchange = "NOT_FOUND - no exchange 'none' in vhost '/'";
    expect(await refusal(() => topology.findQueue('none'))).toBe(queue);
    expect(await refusal(() => topology.purgeQueue('none'))).toBe(queue);
    expect(await refusal(() => topology.findExchange('none'))).toBe(exchange);
    expect(await refusal(() => engine.bind(session, 'amq.topic', 'none'))).toBe(queue);
    expect(await refusal(() => engine.bind(session, 'none', 'q'))).toBe(exchange);
    expect(await refusal(() => engine.bind(session, 'amq.topic', 'none', '', {}, 'exchange'))).toBe(
      exchange,
    );
  });

  test('deletes a queue only if unused or empty, when told so', async () => {
    const { engine, session, topology } = await start();
    await engine.declare(session, 'q');
    await engine.send(session, 'q', 'a', 'b');
    const consumer = engine.consume(session, 'q', { prefetch: 1 });
    await engine.settle();
    expect(await refusal(() => topology.deleteQueue('q', true, false))).toBe(
      "PRECONDITION_FAILED - queue 'q' in vhost '/' in use",
    );
    expect(await refusal(() => topology.deleteQueue('q', false, true))).toBe(
      "PRECONDITION_FAILED - queue 'q' in vhost '/' not empty",
    );
    consumer.subscription.cancel();
    expect(await engine.run(topology.deleteQueue('q', true, false))).toBe(1);
  });

  test('deletes an exchange only if nothing is bound to it, when told so', async () => {
    const { engine, session, topology } = await start();
    await engine.declare(session, 'q');
    await engine.declareExchange(session, 'x', 'fanout');
    await engine.bind(session, 'x', 'q');
    expect(await refusal(() => topology.deleteExchange('x', true))).toBe(
      "PRECONDITION_FAILED - exchange 'x' in vhost '/' in use",
    );
    await engine.run(topology.deleteExchange('x', false));
    expect(engine.vhost.topology.exchanges.has('x')).toBe(false);
  });

  test('makes a binding once, and tells bindings apart by their arguments', async () => {
    const { engine, session } = await start();
    await engine.declare(session, 'q');
    for (const args of [{}, {}, { a: 1 }, { a: new TypedNumber('int64', 1n) }, { a: 2 }]) {
      await engine.bind(session, 'amq.direct', 'q', 'k', args);
    }
    expect(engine.vhost.exchange('amq.direct').bindings.size).toBe(3);
  });

  test('checks the rights for each method', async () => {
    const { engine, session } = await start();
    await engine.declare(session, 'q');
    await engine.declareExchange(session, 'x', 'fanout');
    const all = { destinationKind: 'queue' as const, arguments: NO_ARGUMENTS, routingKey: '' };
    const where = { source: 'x', destination: 'q', ...all };
    type Rights = Partial<typeof ALL>;
    const toDead = { 'x-dead-letter-exchange': 'dlx' };
    const toAlternate = { 'alternate-exchange': 'ae' };
    const cases: [string, Rights, Rights, (engine: Engine, user: string) => unknown][] = [
      [
        'declare',
        { configure: 'new' },
        { write: '.*', read: '.*' },
        (e, u) => e.declare(e.session(u), 'new'),
      ],
      [
        'declare with a dead-letter exchange',
        { configure: 'letters', read: 'letters', write: 'dlx' },
        { configure: 'letters', read: 'letters', write: 'letters' },
        (e, u) => e.declare(e.session(u), 'letters', toDead),
      ],
      [
        'declare an exchange',
        { configure: 'newx' },
        { write: '.*', read: '.*' },
        (e, u) => e.declareExchange(e.session(u), 'newx', 'topic'),
      ],
      [
        'declare with an alternate',
        { configure: 'main', read: 'main', write: 'ae' },
        { configure: 'main', read: 'main' },
        (e, u) => e.declareExchange(e.session(u), 'main', 'topic', toAlternate),
      ],
      ['find', { read: 'q' }, { read: 'other' }, (e, u) => e.session(u).topology.findQueue('q')],
      ['find by write', { write: 'q' }, {}, (e, u) => e.session(u).topology.findQueue('q')],
      [
        'find an exchange',
        { configure: 'x' },
        {},
        (e, u) => e.session(u).topology.findExchange('x'),
      ],
      [
        'bind',
        { write: 'q', read: 'x' },
        { write: 'q' },
        (e, u) => e.session(u).topology.bind(where),
      ],
      [
        'unbind',
        { write: 'q', read: 'x' },
        { read: 'x' },
        (e, u) => e.session(u).topology.unbind(where),
      ],
      ['purge', { read: 'q' }, { write: 'q' }, (e, u) => e.session(u).topology.purgeQueue('q')],
      [
        'delete',
        { configure: 'q' },
        { write: '.*', read: '.*' },
        (e, u) => e.session(u).topology.deleteQueue('q', false, false),
      ],
      [
        'delete an exchange',
        { configure: 'x' },
        { write: '.*', read: '.*' },
        (e, u) => e.session(u).topology.deleteExchange('x', false),
      ],
    ];
    for (const [method, enough, less, attempt] of cases) {
      const settled = (user: string) =>
        refusal(() => engine.run(Promise.resolve().then(() => attempt(engine, user))));
      await engine.addUser(`less ${method}`, less);
      await engine.addUser(`enough ${method}`, enough);
      expect(await settled(`less ${method}`), method).toMatch(/^ACCESS_REFUSED - \w+ access to/);
      expect(await settled(`enough ${method}`), method).toBe('accepted');
    }
  });

  test('names the right, the thing, the vhost and the user that it refuses', async () => {
    const { engine } = await start();
    await engine.addUser('u', {});
    expect(await refusal(() => engine.declare(engine.session('u'), 'new'))).toBe(
      "ACCESS_REFUSED - configure access to queue 'new' in vhost '/' refused for user 'u'",
    );
  });

  test('declares nothing when it refuses', async () => {
    const { engine, session } = await start();
    const before = engine.vhost.topology.queues.size;
    const bad = { 'x-message-ttl': -1 };
    expect(await refusal(() => engine.declare(session, 'q', bad))).toMatch('PRECONDITION_FAILED');
    expect(engine.vhost.topology.queues.size).toBe(before);
    expect(engine.kept.filter(({ op }) => op === 'queue.put')).toEqual([]);
  });
});

describe.each(KEEPING_BACKENDS)(
  'topology access on a catalog that takes its time ($name)',
  ({ name }) => {
    test('finds no queue that nobody uses any more, and declares another of that name', async () => {
      const engine = await Engine.open(name);
      const session = engine.session();
      const queue = await engine.declare(session, 'q', {}, { autoDelete: true });
      engine.consume(session, 'q').subscription.cancel();
      expect(engine.vhost.topology.queues.get('q')).toBe(queue);
      expect(await refusal(() => session.topology.findQueue('q'))).toMatch('NOT_FOUND');
      const other = await engine.declare(session, 'q', {}, { autoDelete: false });
      expect(other).not.toBe(queue);
      expect(engine.queue('q')).toBe(other);
    });
  },
);

describe.each(ASYNC_BACKENDS)('topology access on a catalog that fails ($name)', ({ name }) => {
  test('changes nothing and can try again', async () => {
    const engine = await Engine.open(name);
    const session = engine.session();
    const catalog = engine.catalog as AsyncCatalog;
    catalog.failures = 1;
    await expect(engine.declare(session, 'q')).rejects.toThrow('not available');
    expect(engine.vhost.topology.queues.size).toBe(0);
    await engine.declare(session, 'q');
    catalog.failures = 1;
    await expect(engine.run(session.topology.deleteQueue('q', false, false))).rejects.toThrow();
    expect(engine.vhost.topology.queues.size).toBe(1);
    catalog.failures = 1;
    await expect(engine.bind(session, 'amq.topic', 'q')).rejects.toThrow();
    expect(engine.vhost.exchange('amq.topic').bindings.size).toBe(0);
  });

  test('closes the store and the catalog all the same', async () => {
    const engine = await Engine.open(name);
    const session = engine.session();
    await engine.declare(session, 'mine', {}, { exclusive: true });
    (engine.catalog as AsyncCatalog).failures = 1;
    await engine.close();
    expect(engine.clock.pending).toBe(0);
    expect(timesLogged(engine)).toBe(1);
  });
});

/** How often the engine logged that a queue could not be deleted. */
function timesLogged({ lines }: Engine): number {
  return lines.filter((line) => line.includes('could not be deleted')).length;
}

test('arguments of a declaration are kept as they came', async () => {
  const engine = await Engine.open('memory');
  const args = { 'x-max-length': new TypedNumber('int64', 5n), 'x-note': 'kept' };
  const queue = await engine.declare(engine.session(), 'q', args);
  expect(queue.arguments).toEqual(headers(args));
});
