import amqplib, { type Channel, type ChannelModel } from 'amqplib';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { EventReader } from '../../support/event-reader.ts';
import { type ApiBroker, startApi } from '../../support/management.ts';

let broker: ApiBroker;
let client: ChannelModel;
let channel: Channel;
const readers: EventReader[] = [];

function read(path: string, as?: string): EventReader {
  const reader = new EventReader(broker.apiPort, path, as);
  readers.push(reader);
  return reader;
}

const stream = (...topics: string[]): string => {
  const wanted = topics.map((topic) => `topic=${encodeURIComponent(topic)}`);
  return `/api/_ui/stream?${[...wanted, 'interval=1000'].join('&')}`;
};

beforeAll(async () => {
  broker = await startApi({ config: { collect_statistics_interval: '1000' } });
  await broker.call('PUT', '/api/vhosts/other');
  await broker.call('PUT', '/api/queues/other/hidden.orders', {});
  for (const [name, tags] of [
    ['worker', 'management'],
    ['watcher', 'monitoring'],
    ['client', ''],
  ]) {
    await broker.call('PUT', `/api/users/${name}`, { password: 'p', tags });
    const rights = { configure: '.*', write: '.*', read: '.*' };
    await broker.call('PUT', `/api/permissions/%2F/${name}`, rights);
  }
  client = await amqplib.connect(broker.url, { clientProperties: { connection_name: 'billing' } });
  channel = await client.createChannel();
  await channel.assertExchange('orders', 'topic', { durable: false });
  await channel.assertQueue('orders.new', { durable: false });
  await channel.bindQueue('orders.new', 'orders', 'order.*.new');
  await channel.assertQueue('orders.old', { durable: false, deadLetterExchange: 'nowhere' });
});

afterEach(() => {
  for (const reader of readers.splice(0)) reader.close();
});

afterAll(async () => {
  await client?.close();
  await broker?.stop();
});

test('what there is, is told once; who may not use the API is told nothing', async () => {
  const { body } = await broker.get('/api/_ui');
  expect(body.features).toEqual(['stream', 'attention', 'topology', 'route', 'search', 'log']);
  expect((await broker.get('/api/_ui', { as: 'client:p' })).status).toBe(401);
  expect((await broker.get('/api/_ui', { as: null })).status).toBe(401);
});

describe('the stream', () => {
  test('sends at once what a GET answers, and again when it has changed', async () => {
    const topic = 'queues/%2F/orders.new?columns=name,messages';
    const reader = read(stream(topic));
    const { data } = await reader.first(topic);
    expect(data).toEqual((await broker.get(`/api/${topic}`)).body);
    channel.publish('orders', 'order.eu.new', Buffer.from('1'));
    await reader.until(() => reader.events.at(-1)?.data.messages === 1);
    const { length } = reader.events;
    const seen = reader.comments;
    await reader.until(() => reader.comments > seen);
    expect(reader.events.length).toBe(length);
    await channel.purgeQueue('orders.new');
  });

  test('without a topic is about the overview', async () => {
    const { data } = await read('/api/_ui/stream').first('overview');
    expect(data.product_name).toBe('Warren');
  });

  test('says what is wrong with a topic, and goes on with the others', async () => {
    const reader = read(
      stream('queues/%2F/gone', 'queues/other/hidden.orders', 'whoami'),
      'worker:p',
    );
    await reader.first('whoami');
    expect(
      reader.events.slice(0, 2).map(({ event, data }) => [event, data.topic, data.status]),
    ).toEqual([
      ['error', 'queues/%2F/gone', 404],
      ['error', 'queues/other/hidden.orders', 401],
    ]);
  });

  test.each([
    ['/api/_ui/stream?topic=nothing', 404],
    ['/api/_ui/stream?topic=queues/%252F/a/b/c/d', 404],
    ['/api/_ui/stream?interval=10', 400],
    [`/api/_ui/stream?${'topic=whoami&topic=overview&'.repeat(1)}interval=abc`, 400],
    [`/api/_ui/stream?${Array.from({ length: 17 }, (_, i) => `topic=queues/${i}`).join('&')}`, 400],
  ])('%s is refused with %d', async (path, status) => {
    expect((await broker.get(path)).status).toBe(status);
  });

  test('is for those who may use the API, and ends when they may no longer', async () => {
    expect((await broker.get(stream('overview'), { as: 'client:p' })).status).toBe(401);
    await broker.call('PUT', '/api/users/leaver', { password: 'p', tags: 'management' });
    const reader = read(stream('whoami'), 'leaver:p');
    await reader.first('whoami');
    await broker.call('DELETE', '/api/users/leaver');
    expect((await reader.first('end')).data.reason).toBe('you are no longer logged in');
    await reader.closed();
  });

  test('nothing is kept of a reader that has gone', async () => {
    const reader = read(stream('overview'));
    await reader.first('overview');
    reader.close();
    await reader.closed();
    // As many as may be open at a time: if the first ones were still there, this would be refused.
    for (let round = 0; round < 3; round++) {
      const many = Array.from({ length: 90 }, () => read(stream('whoami')));
      await Promise.all(many.map((one) => one.first('whoami')));
      for (const one of many) one.close();
      await Promise.all(many.map((one) => one.closed()));
    }
  });
});

describe('the simulator', () => {
  const route = (exchange: string, key: string, as = 'guest:guest', vhost = '%2F') =>
    broker.call('POST', `/api/_ui/route/${vhost}`, { exchange, routing_key: key }, { as });

  test('says where a message would go, and sends none', async () => {
    const { body } = await route('orders', 'order.eu.new');
    expect(body.queues).toEqual([
      { name: 'orders.new', type: 'classic', messages: 0, consumers: 0, reach: 'yes' },
    ]);
    expect(body.summary).toBe("The message would go to 'orders.new'.");
    expect(body.steps[0].matched[0].reason).toBe(
      "the pattern 'order.*.new' fits the routing key 'order.eu.new'",
    );
    const { body: queue } = await broker.get('/api/queues/%2F/orders.new');
    expect(queue.messages).toBe(0);
  });

  test('says why it would go nowhere', async () => {
    const { body } = await route('orders', 'order.new');
    expect(body.routed).toBe(false);
    expect(body.steps[0].missed[0].reason).toBe(
      "the pattern 'order.*.new' has 3 words, the routing key 2 words",
    );
    expect(body.summary).toContain('no binding takes it');
  });

  test('knows no exchange that is not there, and no vhost that is not yours', async () => {
    expect((await route('gone', 'k')).status).toBe(404);
    expect((await route('', 'k', 'worker:p', 'other')).status).toBe(401);
  });
});

describe('search', () => {
  const search = async (text: string, as = 'guest:guest') => {
    const { body } = await broker.get(`/api/_ui/search?q=${encodeURIComponent(text)}`, { as });
    return (body as { kind: string; name: string }[]).map(({ kind, name }) => `${kind} ${name}`);
  };

  test('finds by name, exact ones first, whatever they are', async () => {
    expect(await search('orders')).toEqual([
      'exchange orders',
      'queue orders.new',
      'queue orders.old',
      'queue hidden.orders',
    ]);
    expect(await search('WORK')).toEqual(['user worker']);
    expect((await search('billing'))[0]).toMatch(/^connection 127/);
  });

  test('finds only what the viewer may see', async () => {
    expect(await search('orders', 'worker:p')).not.toContain('queue hidden.orders');
    expect(await search('watch', 'worker:p')).toEqual([]);
    expect(await search('')).toEqual([]);
  });

  test('finds twenty at most', async () => {
    for (let i = 0; i < 25; i++) await channel.assertQueue(`many.${i}`, { durable: false });
    expect((await search('many')).length).toBe(20);
    for (let i = 0; i < 25; i++) await channel.deleteQueue(`many.${i}`);
  });
});

describe('attention', () => {
  const kinds = async (as = 'guest:guest'): Promise<string[]> => {
    const { body } = await broker.get('/api/_ui/attention', { as });
    return (body as { id: string }[]).map(({ id }) => id);
  };

  test('is drawn to a queue that grows without a consumer, and to lost dead letters', async () => {
    const beat = setInterval(() => channel.publish('orders', 'order.eu.new', Buffer.from('1')), 50);
    const reader = read(stream('_ui/attention'));
    const latest = () =>
      (reader.events.at(-1)?.data as { id: string }[] | undefined)?.map(({ id }) => id) ?? [];
    await reader.until(() => latest().includes('queue-without-consumers:/:orders.new'));
    clearInterval(beat);
    expect(latest()).toContain('dead-letter-exchange-missing:/:orders.old');
    const found = reader.events.at(-1)?.data as Record<string, string>[];
    expect(found[0]).toMatchObject({ severity: 'critical', link: '#/queues/%2F/orders.new' });
    for (const one of found) {
      expect(Object.values({ title: one.title, cause: one.cause, fix: one.fix })).not.toContain('');
    }
  });

  test('is not drawn to what the viewer may not see', async () => {
    await broker.call('PUT', '/api/queues/other/lost', {
      arguments: { 'x-dead-letter-exchange': 'nowhere' },
    });
    const lost = 'dead-letter-exchange-missing:other:lost';
    await vi.waitUntil(async () => (await kinds()).includes(lost), { timeout: 15_000 });
    expect(await kinds('worker:p')).not.toContain(lost);
  });
});

describe('the topology', () => {
  test('has exchanges, queues and the clients that consume, and what leads where', async () => {
    await channel.consume('orders.new', () => {}, { noAck: true });
    const { body } = await broker.get('/api/_ui/topology/%2F');
    const names = new Map(
      body.nodes.map((one: { id: string; name: string }) => [one.id, one.name]),
    );
    expect([...names.values()].sort()).toEqual(['billing', 'orders', 'orders.new', 'orders.old']);
    const edges = body.edges.map(({ from, to, kind, labels }: Record<string, string>) => {
      return [names.get(from as string), kind, names.get(to as string), labels?.[0]];
    });
    expect(edges).toContainEqual(['orders', 'binding', 'orders.new', 'order.*.new']);
    expect(edges).toContainEqual(['orders.new', 'consumer', 'billing', expect.any(String)]);
    expect(body.collapsed).toBe(false);
  });

  test('of many queues puts those together whose names begin alike', async () => {
    for (let i = 0; i < 200; i++)
      await channel.assertQueue(`shop.${i % 2}.q${i}`, { durable: false });
    const { body } = await broker.get('/api/_ui/topology/%2F');
    const groups = body.nodes.filter((one: { members?: number }) => one.members !== undefined);
    expect(groups.map((one: Record<string, unknown>) => [one.id, one.members])).toEqual([
      ['g:queue:shop.0.', 100],
      ['g:queue:shop.1.', 100],
    ]);
    expect(body.total.nodes).toBe(204);
    const opened = await broker.get('/api/_ui/topology/%2F?expand=g:queue:shop.0.');
    expect(opened.body.nodes.length).toBe(105);
    const filtered = await broker.get('/api/_ui/topology/%2F?filter=shop.1.q1');
    expect(filtered.body.collapsed).toBe(false);
    expect(
      filtered.body.nodes.every(({ name }: { name: string }) => name.includes('shop.1.q1')),
    ).toBe(true);
    for (let i = 0; i < 200; i++) await channel.deleteQueue(`shop.${i % 2}.q${i}`);
  });

  test('is that of vhosts that one may enter', async () => {
    expect((await broker.get('/api/_ui/topology/other', { as: 'worker:p' })).status).toBe(401);
  });
});

describe('the log', () => {
  test('is what was written lately and then what is written, without secrets', async () => {
    const reader = read('/api/_ui/log');
    await reader.first('line');
    await broker.get('/api/overview', { as: 'nobody:hunter2' });
    const refused = () =>
      reader.events.find(({ data }) => data.text?.includes("login of 'nobody'"));
    await reader.until(() => refused() !== undefined);
    expect(refused()?.data).toMatchObject({ level: 'warning', time: expect.any(Number) });
    expect(reader.body).not.toContain('hunter2');
  });

  test('is for who monitors', async () => {
    expect((await broker.get('/api/_ui/log', { as: 'worker:p' })).status).toBe(401);
    const reader = read('/api/_ui/log?level=warning', 'watcher:p');
    await reader.first('line');
    expect(reader.events.every(({ data }) => data.level !== 'info')).toBe(true);
    expect((await broker.get('/api/_ui/log?level=loud')).status).toBe(400);
  });
});
