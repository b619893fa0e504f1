/** Publishes that are sent twice with an Idempotency-Key. */
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { ManualClock } from '../../../src/clock.ts';
import { HTTP_REMEMBERED_MAX, HTTP_REMEMBERED_MS } from '../../../src/limits.ts';
import { type ApiBroker, startApi } from '../../support/management.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const clock = new ManualClock();
let broker: ApiBroker;
let keys = 0;
let key: string;

beforeAll(async () => {
  broker = await startApi({ clock });
});

beforeEach(async () => {
  key = `key ${++keys}`;
  await broker.call('DELETE', '/api/queues/%2F/q');
  await broker.call('PUT', '/api/queues/%2F/q', { durable: true });
});

afterAll(() => broker?.stop());

const QUEUE = '/v1/vhosts/%2F/exchanges/amq.default/messages?routing_key=q';

const publish = (raw: string, path = QUEUE, as = 'guest:guest', own = key) =>
  broker.call('POST', path, undefined, { raw, as, headers: { 'idempotency-key': own } });

async function inQueue(): Promise<string[]> {
  const order = { max_messages: 100, auto_ack: true };
  const reply = await broker.call('POST', '/v1/vhosts/%2F/queues/q/messages:receive', order);
  return reply.body.messages.map(({ payload }: { payload: string }) => payload);
}

test('the second one gets the answer of the first, and does nothing', async () => {
  const first = await publish('once');
  const second = await publish('once');
  expect([first.status, second.status, second.body]).toEqual([200, 200, { routed: 1 }]);
  expect(first.headers['idempotency-replayed']).toBeUndefined();
  expect(second.headers['idempotency-replayed']).toBe('true');
  expect(await inQueue()).toEqual(['once']);
});

test('so do many at the same time', async () => {
  const replies = await Promise.all(Array.from({ length: 10 }, () => publish('once')));
  expect(new Set(replies.map(({ status }) => status))).toEqual(new Set([200]));
  expect(await inQueue()).toEqual(['once']);
});

test('a batch that was done in part is not done again', async () => {
  const path = '/v1/vhosts/%2F/exchanges/amq.default/messages:batch?mandatory=true&routing_key=q';
  const raw = '[{"payload":"1"},{"payload":"2","routing_key":"nowhere"}]';
  const first = await publish(raw, path);
  expect(first.status).toBe(207);
  expect((await publish(raw, path)).body).toEqual(first.body);
  expect(await inQueue()).toEqual(['1']);
});

test('another request with the same key is refused', async () => {
  await publish('one');
  const { status, body } = await publish('two');
  expect([status, body.kind]).toEqual([422, 'KEY_REUSED']);
  expect((await publish('one', QUEUE.replace('routing_key=q', 'routing_key=r'))).status).toBe(422);
  expect(await inQueue()).toEqual(['one']);
});

test('what was refused may be tried again', async () => {
  const path = '/v1/vhosts/%2F/exchanges/later/messages';
  expect((await publish('x', path)).status).toBe(404);
  await broker.call('PUT', '/api/exchanges/%2F/later', { type: 'direct' });
  expect((await publish('x', path)).status).toBe(200);
});

test('keys are of their user, and of ten minutes', async () => {
  await broker.call('PUT', '/api/users/other', { password: 'p', tags: '' });
  const rights = { configure: '', write: '.*', read: '' };
  await broker.call('PUT', '/api/permissions/%2F/other', rights);
  await publish('mine');
  await publish('theirs', QUEUE, 'other:p');
  clock.advance(HTTP_REMEMBERED_MS);
  await publish('later');
  expect(await inQueue()).toEqual(['mine', 'theirs', 'later']);
});

test(`of more than ${HTTP_REMEMBERED_MAX} keys the oldest is forgotten`, async () => {
  await publish('first');
  for (let done = 0; done < HTTP_REMEMBERED_MAX; done += 500) {
    const some = Array.from({ length: 500 }, (_, index) =>
      publish(
        'more',
        '/v1/vhosts/%2F/exchanges/amq.direct/messages',
        undefined,
        `k${done + index}`,
      ),
    );
    await Promise.all(some);
  }
  expect((await publish('second')).status).toBe(200);
  expect(await inQueue()).toEqual(['first', 'second']);
});

test.each(['', 'x'.repeat(256)])('the key %j is refused', async (wrong) => {
  expect((await publish('x', QUEUE, undefined, wrong)).status).toBe(400);
});
