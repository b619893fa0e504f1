/**
 * `node test/http/definitions/round-trip.ts PORT`: makes things in Warren, exports them, has the
 * RabbitMQ with its management API on that port import them into a vhost of its own, and writes
 * what that exports in turn into warren-in-rabbitmq.json. Run by hand, with a RabbitMQ 4 at hand;
 * definitions.test.ts looks whether Warren still exports what RabbitMQ has understood.
 */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { type ApiBroker, caller, startApi } from '../../support/management.ts';

/** What RabbitMQ exports of the vhost. */
export const RECORDED = path.join(import.meta.dirname, 'warren-in-rabbitmq.json');

const VHOST = 'warren-trip';

const QUEUE = { durable: true, auto_delete: false };

/** Everything that definitions of a vhost can have, path by path. */
const THINGS: readonly (readonly [method: string, path: string, body: unknown])[] = [
  ['PUT', 'vhosts/VHOST', {}],
  ['PUT', 'queues/VHOST/plain', { ...QUEUE, arguments: { 'x-queue-type': 'classic' } }],
  [
    'PUT',
    'queues/VHOST/full',
    {
      ...QUEUE,
      arguments: {
        'x-queue-type': 'classic',
        'x-message-ttl': 60_000,
        'x-max-length': 10,
        'x-overflow': 'reject-publish',
        'x-dead-letter-exchange': 'dead',
        'x-dead-letter-routing-key': 'k',
        'x-max-priority': 5,
        'x-single-active-consumer': true,
      },
    },
  ],
  [
    'PUT',
    'queues/VHOST/safe',
    { ...QUEUE, arguments: { 'x-queue-type': 'quorum', 'x-delivery-limit': 3 } },
  ],
  ['PUT', 'exchanges/VHOST/dead', { type: 'fanout', durable: true }],
  ['PUT', 'exchanges/VHOST/heads', { type: 'headers', durable: true }],
  [
    'PUT',
    'exchanges/VHOST/inner',
    { type: 'topic', durable: true, internal: true, arguments: { 'alternate-exchange': 'dead' } },
  ],
  ['POST', 'bindings/VHOST/e/dead/q/plain', {}],
  ['POST', 'bindings/VHOST/e/inner/q/safe', { routing_key: 'a.*.#' }],
  ['POST', 'bindings/VHOST/e/inner/e/dead', { routing_key: 'audit ü' }],
  ['POST', 'bindings/VHOST/e/heads/q/full', { arguments: { 'x-match': 'any', n: 1, s: 'x' } }],
  [
    'PUT',
    'policies/VHOST/limits',
    {
      pattern: '^f',
      'apply-to': 'classic_queues',
      priority: 3,
      definition: { 'max-length': 5, overflow: 'drop-head' },
    },
  ],
  [
    'PUT',
    'operator-policies/VHOST/cap',
    { pattern: '.*', 'apply-to': 'queues', definition: { 'max-length': 100_000 } },
  ],
  ['PUT', 'vhost-limits/VHOST/max-queues', { value: 50 }],
];

/** Makes them, and gives back what Warren exports. */
export async function exportOf(broker: ApiBroker): Promise<Record<string, unknown>> {
  for (const [method, to, body] of THINGS) {
    const { status, text } = await broker.call(method, `/api/${to.replace('VHOST', VHOST)}`, body);
    if (status > 204) throw new Error(`${method} ${to}: ${text}`);
  }
  return (await broker.get(`/api/definitions/${VHOST}`)).body;
}

async function record(port: number): Promise<void> {
  const broker = await startApi();
  const document = await exportOf(broker);
  await broker.stop();
  const rabbitmq = caller(port);
  const headers = { 'content-type': 'application/json' };
  await rabbitmq('PUT', `/api/vhosts/${VHOST}`, {}, { headers });
  const { status, text } = await rabbitmq('POST', `/api/definitions/${VHOST}`, document, {
    headers,
  });
  if (status !== 204) throw new Error(`RabbitMQ refuses: ${text}`);
  const { body } = await rabbitmq('GET', `/api/definitions/${VHOST}`);
  await rabbitmq('DELETE', `/api/vhosts/${VHOST}`);
  writeFileSync(RECORDED, `${JSON.stringify(body, null, 2)}\n`);
}

if (import.meta.main) await record(Number(process.argv[2]));
