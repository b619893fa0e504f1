import { expect, test } from 'vitest';
import type { QueueStore } from '../../../src/storage/message-store.ts';
import { SegmentRig } from '../../support/segment-rig.ts';
import { Sink } from '../conformance.ts';
import { plainMessage } from './model.ts';

const QUEUES = 10_000;

test('ten thousand queues cost no file each, and are all there after a restart', async () => {
  const rig = new SegmentRig();
  const queues: QueueStore[] = [];
  for (let id = 1; id <= QUEUES; id++) queues.push(rig.store.openQueue(id, new Sink()));
  await rig.recover();
  for (const queue of queues) {
    for (let i = 0; i < 2; i++) rig.store.publish([queue], plainMessage(`${queue.id}.${i}`), null);
  }
  await rig.settle();
  expect(rig.files.openFiles).toBe(1);
  expect(rig.files.fileNames).toHaveLength(1);
  const again = rig.after('killed');
  const sinks = Array.from({ length: QUEUES }, () => new Sink());
  const reopened = sinks.map((sink, i) => again.store.openQueue(i + 1, sink));
  await again.recover();
  expect(sinks.every(({ metas }) => metas.length === 2)).toBe(true);
  const last = reopened.at(-1) as QueueStore;
  const [first] = await last.load(sinks.at(-1)?.refs ?? []);
  expect(first?.body.toString()).toBe(`${QUEUES}.0`);
});

test('queues deleted together are looked for once, and nothing of others goes', async () => {
  const rig = new SegmentRig();
  const queues = Array.from({ length: 200 }, (_, i) => rig.store.openQueue(i + 1, new Sink()));
  await rig.recover();
  for (const queue of queues) rig.store.publish([queue], plainMessage(`${queue.id}`), null);
  await rig.settle();
  const odd = queues.filter(({ id }) => id % 2 === 1);
  const deleted = odd.map((queue) => queue.delete());
  // While they are looked for, new queues and messages come.
  const late = rig.store.openQueue(1000, new Sink());
  const [ref] = rig.store.publish([late], plainMessage('late'), null);
  await Promise.all(deleted);
  await rig.settle();
  expect(rig.store.stats().messages).toBe(101);
  const [loaded] = await late.load([ref as number]);
  expect(loaded?.body.toString()).toBe('late');
});
