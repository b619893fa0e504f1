/** The firehose: keys and headers as RabbitMQ 4.0 made them for the same messages. */
import { describe, expect, test } from 'vitest';
import type { User } from '../../../src/auth/user.ts';
import type { Delivery } from '../../../src/broker/delivery.ts';
import type { Field, Fields } from '../../../src/broker/field.ts';
import type { Session } from '../../../src/broker/session.ts';
import { bodyOf, Engine, headers, message } from '../../support/engine.ts';

const CONNECTION = '127.0.0.1:1 -> 127.0.0.1:5672';
const VIEW = { number: 7, describe: () => ({}) as never };

/** A traced vhost, a session of a client, and a queue with the copies. */
async function openTraced(): Promise<{ engine: Engine; session: Session }> {
  const engine = await Engine.open('memory');
  const guest = engine.broker.users.get('guest') as User;
  const holder = { name: CONNECTION, expelled: () => {} };
  const session = engine.broker.openSession(guest, '/', 'test', holder);
  await engine.declare(session, 'trace');
  await engine.bind(session, 'amq.rabbitmq.trace', 'trace', '#');
  await engine.declare(session, 'a');
  await engine.declare(session, 'b');
  await engine.bind(session, 'amq.fanout', 'a');
  await engine.bind(session, 'amq.fanout', 'b');
  await trace(engine, true);
  return { engine, session };
}

function trace(engine: Engine, tracing: boolean): Promise<boolean> {
  return engine.broker.administration('guest').vhosts.put('/', { tracing });
}

async function copies(engine: Engine, session: Session): Promise<Delivery[]> {
  await engine.settle();
  const found: Delivery[] = [];
  for (;;) {
    const delivery = await engine.fetch(session, 'trace', true);
    if (delivery === null) return found;
    found.push(delivery);
  }
}

function shown({ message: { routingKey, properties } }: Delivery): [string, object] {
  return [routingKey, plain(properties.headers as Fields) as object];
}

function plain(field: Field): unknown {
  if (field instanceof Map) {
    return Object.fromEntries([...(field as Fields)].map(([key, value]) => [key, plain(value)]));
  }
  return Array.isArray(field) ? field.map(plain) : field;
}

const COMMON = { node: 'rabbit@localhost', vhost: '/', connection: CONNECTION, user: 'guest' };

describe('a vhost that is traced', () => {
  test('copies what is published, with where it went', async () => {
    const { engine, session } = await openTraced();
    const traffic = session.openTraffic(VIEW);
    const values = {
      contentType: 'text/plain',
      priority: 3,
      headers: headers({ CC: ['c'], x: 1 }),
    };
    session.publish(message('amq.fanout', 'k', 'one', values), null, traffic);
    session.publish(message('', 'nowhere', 'lost'), null, traffic);
    const [first, second, ...more] = await copies(engine, session);
    expect(more).toEqual([]);
    expect(shown(first as Delivery)).toEqual([
      'publish.amq.fanout',
      {
        ...COMMON,
        channel: 7,
        exchange_name: 'amq.fanout',
        routing_keys: ['k', 'c'],
        routed_queues: ['a', 'b'],
        properties: {
          content_type: 'text/plain',
          delivery_mode: 2,
          priority: 3,
          headers: { CC: ['c'], x: 1 },
        },
      },
    ]);
    expect(bodyOf(first as Delivery)).toBe('one');
    expect(shown(second as Delivery)).toMatchObject([
      'publish.',
      { exchange_name: '', routing_keys: ['nowhere'], routed_queues: [] },
    ]);
  });

  test('copies what is delivered and fetched, and whether it had been before', async () => {
    const { engine, session } = await openTraced();
    session.publish(message('amq.fanout', 'k', 'one'), null);
    const consumer = engine.consume(session, 'a', { traffic: session.openTraffic(VIEW) });
    consumer.settle('requeue');
    consumer.ackAll();
    await engine.fetch(session, 'b');
    const found = (await copies(engine, session)).map(shown);
    const deliver = (queue: string, redelivered: number, channel: number) => [
      `deliver.${queue}`,
      {
        ...COMMON,
        ...{ channel, redelivered, exchange_name: 'amq.fanout', routing_keys: ['k'] },
        properties: { delivery_mode: 2 },
      },
    ];
    expect(found.map(([key]) => key)[0]).toBe('publish.amq.fanout');
    expect(found.slice(1)).toEqual([deliver('a', 0, 7), deliver('a', 1, 7), deliver('b', 0, 0)]);
  });

  test('is traced from when it is told until it is told otherwise, for who is there too', async () => {
    const { engine, session } = await openTraced();
    const consumer = engine.consume(session, 'a');
    await trace(engine, false);
    session.publish(message('', 'a', 'unseen'), null);
    expect(await copies(engine, session)).toEqual([]);
    await trace(engine, true);
    session.publish(message('', 'a', 'seen'), null);
    const found = (await copies(engine, session)).map(shown);
    expect(found.map(([key]) => key)).toEqual(['publish.', 'deliver.a']);
    expect(consumer.bodies).toEqual(['unseen', 'seen']);
  });

  test('does not copy the copies, and forgets what waits when it stops', async () => {
    const { engine, session } = await openTraced();
    session.publish(message('', 'trace', 'straight'), null);
    engine.consume(session, 'trace', { noAck: true });
    await engine.settle();
    await engine.settle();
    session.publish(message('', 'a', 'late'), null);
    await engine.close();
    expect(engine.lines.filter((line) => !line.startsWith('info'))).toEqual([]);
  });

  test('is so again after a restart', async () => {
    const first = await Engine.open('durable');
    const change = first.broker.administration('guest').vhosts.put('/', { tracing: true });
    await first.run(change);
    expect((await first.crash()).vhost.tracer).not.toBeNull();
  });
});
