import { describe, expect, test } from 'vitest';
import type { WebhookRecord } from '../../src/broker/webhook.ts';
import { BACKENDS, type BackendName, Engine, headers } from '../support/engine.ts';

/** What a broker says of itself, in the words of its catalog. */
function snapshotOf(engine: Engine): string[] {
  return [...engine.broker.snapshot()].map((change) => {
    if ('name' in change) return `${change.op} ${change.name}`;
    const record = 'record' in change ? change.record : change;
    if ('destination' in record) return `${change.op} ${record.source} → ${record.destination}`;
    if ('kind' in record) return `${change.op} ${record.kind} ${record.key}`;
    return `${change.op} ${'user' in record ? record.user : record.name}`;
  });
}

async function filled(backend: BackendName): Promise<Engine> {
  const engine = await Engine.open(backend);
  const session = engine.session();
  await engine.addUser('u', { read: '.*' });
  await engine.declareExchange(session, 'b', 'fanout');
  await engine.declareExchange(session, 'a', 'topic', { 'alternate-exchange': 'b' });
  await engine.declareExchange(session, 'fleeting', 'topic', {}, { durable: false });
  await engine.declare(session, 'q', { 'x-max-length': 5 });
  await engine.declare(session, 'mine', {}, { exclusive: true });
  await engine.declare(session, 'passing', {}, { durable: false });
  await engine.bind(session, 'a', 'q', 'k', { x: 1 });
  await engine.bind(session, 'a', 'b', '', {}, 'exchange');
  await engine.bind(session, 'amq.topic', 'q', 'k');
  await engine.bind(session, 'a', 'passing');
  await engine.bind(session, 'fleeting', 'q');
  const policy = { pattern: '^q', definition: new Map([['max-length', 5]]), priority: 1 };
  await engine.run(engine.vhost.policies.put('policy', 'p', policy));
  await engine.run(engine.vhost.policies.put('operatorPolicy', 'o', policy));
  const state = { vhost: '/', kind: 'mqtt.session' };
  for (const key of ['one', 'two']) {
    const value = headers({ body: Buffer.from(key), count: 1 });
    await engine.run(engine.broker.propose({ op: 'state.put', record: { ...state, key, value } }));
  }
  await engine.run(engine.broker.propose({ op: 'state.delete', ...state, key: 'two' }));
  for (const queue of ['q', 'passing']) await engine.run(putWebhook(engine, queue));
  return engine;
}

function putWebhook({ broker }: Engine, queue: string, owner = 'u'): Promise<void> {
  const record: WebhookRecord = {
    ...{ vhost: '/', name: `to ${queue}`, owner, queue, url: 'http://example.com/', headers: {} },
    ...{ format: 'json', concurrency: 1, timeoutMs: 1000, maxAttempts: 2, createdAtMs: 1 },
    ...{ firstRetryMs: 1, longestRetryMs: 1, state: 'active' },
    secrets: [{ key: 'whsec_AAAA', untilMs: null }],
  };
  return broker.propose({ op: 'webhook.put', record });
}

describe.each(BACKENDS)('a snapshot ($name)', ({ name: backend }) => {
  test('has what outlives the process, in an order in which it can be made again', async () => {
    const engine = await filled(backend);
    expect(snapshotOf(engine)).toEqual([
      'vhost.put /',
      'user.put guest',
      'permission.put guest',
      'user.put u',
      'permission.put u',
      'policy.put p',
      'operatorPolicy.put o',
      'exchange.put b',
      'exchange.put a',
      'queue.put q',
      'binding.put amq.topic → q',
      'binding.put a → q',
      'binding.put a → b',
      'state.put mqtt.session one',
      'webhook.put to q',
    ]);
  });

  test('makes the same broker, and that the same snapshot', async () => {
    const engine = await filled(backend);
    const kept = [...engine.broker.snapshot()];
    const again = await Engine.open('durable', { kept });
    expect([...again.broker.snapshot()]).toEqual([...engine.broker.snapshot()]);
  });
});

describe('what outlives the process', () => {
  test('is told by the queue, the exchange, or both ends of the binding', async () => {
    const engine = await filled('memory');
    const binding = (source: string, destination: string) => {
      const where = { vhost: '/', source, destination, destinationKind: 'queue' } as const;
      const record = { ...where, routingKey: '', arguments: new Map() };
      return engine.broker.outlives({ op: 'binding.put', record });
    };
    expect(binding('a', 'q')).toBe(true);
    expect(binding('fleeting', 'q')).toBe(false);
    expect(binding('a', 'passing')).toBe(false);
    expect(binding('a', 'unknown')).toBe(true);
    const gone = (name: string) => engine.broker.outlives({ op: 'queue.delete', vhost: '/', name });
    expect([gone('q'), gone('mine'), gone('unknown')]).toEqual([true, false, true]);
  });

  test('an auto-delete exchange that goes with a transient queue is gone after a restart', async () => {
    const engine = await Engine.open('durable');
    const session = engine.session();
    await engine.declareExchange(session, 'x', 'fanout', {}, { autoDelete: true });
    await engine.declare(session, 'passing', {}, { durable: false });
    await engine.bind(session, 'x', 'passing');
    await engine.run(session.topology.deleteQueue('passing', false, false));
    expect(engine.vhost.topology.exchanges.has('x')).toBe(false);
    const again = await engine.crash();
    expect(again.vhost.topology.exchanges.has('x')).toBe(false);
  });
});

describe('a webhook', () => {
  const names = ({ broker }: Engine): string[] => [...broker.webhooks.all()].map((one) => one.name);

  test('goes with its queue, its owner and its vhost, also in a log that is replayed', async () => {
    const engine = await Engine.open('durable');
    const session = engine.session();
    await engine.addUser('u', { read: '.*' });
    for (const queue of ['a', 'b', 'c']) await engine.declare(session, queue);
    await engine.run(putWebhook(engine, 'a'));
    await engine.run(putWebhook(engine, 'b'));
    await engine.run(putWebhook(engine, 'c', 'guest'));
    await engine.run(putWebhook(engine, 'no such queue'));
    expect(names(engine)).toEqual(['to a', 'to b', 'to c']);
    await engine.run(session.topology.deleteQueue('a', false, false));
    expect(names(engine)).toEqual(['to b', 'to c']);
    await engine.run(engine.broker.propose({ op: 'user.delete', name: 'u' }));
    expect(names(engine)).toEqual(['to c']);
    const again = await engine.crash();
    expect(names(again)).toEqual(['to c']);
    await again.run(again.broker.propose({ op: 'vhost.delete', name: '/' }));
    expect(names(again)).toEqual([]);
  });

  test('of a transient queue does not outlive the process', async () => {
    const engine = await filled('memory');
    expect(names(engine)).toEqual(['to q', 'to passing']);
    const record = engine.broker.webhooks.get('/', 'to passing') as WebhookRecord;
    expect(engine.broker.outlives({ op: 'webhook.put', record })).toBe(false);
  });
});
