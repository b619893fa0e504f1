/** Acks before a message's turn: it is not written, and the writer gives them a chance. */
import { expect, test } from 'vitest';
import type { QueueStore } from '../../../src/storage/message-store.ts';
import { SegmentRig } from '../../support/segment-rig.ts';
import { Sink } from '../conformance.ts';
import { plainMessage } from './model.ts';

const KIB = 1024;

/** A log that is writing its first message, and how many bytes each of its commits had. */
async function writing(): Promise<{
  readonly rig: SegmentRig;
  readonly queue: QueueStore;
  readonly commits: number[];
  publish(bytes: number): number;
  committed(): Promise<void>;
}> {
  const rig = new SegmentRig();
  const queue = rig.store.openQueue(1, new Sink());
  await rig.recover();
  const commits: number[] = [];
  let written = 0;
  const look = (): void => {
    const { disk } = rig.store.stats();
    if (disk === null || disk.commits === commits.length) return;
    commits.push(disk.writtenBytes - written);
    written = disk.writtenBytes;
  };
  const settled = { settled: look };
  const publish = (bytes: number): number =>
    rig.store.publish([queue], plainMessage('x'.repeat(bytes)), settled)[0] as number;
  const committed = async (): Promise<void> => {
    const before = commits.length;
    while (commits.length === before) await new Promise((resolve) => setImmediate(resolve));
  };
  publish(KIB);
  await new Promise((resolve) => setImmediate(resolve));
  return { rig, queue, commits, publish, committed };
}

test('what is acked just after a commit is not written with the next', async () => {
  const { rig, queue, publish, committed } = await writing();
  const next = publish(KIB);
  await committed();
  queue.ack(next);
  await rig.settle();
  expect(rig.store.stats().disk).toMatchObject({ writtenMessages: 1, elided: 1 });
});

test('little is written at once while acks overtake the disk, and much when they do not', async () => {
  const { rig, queue, commits, publish, committed } = await writing();
  for (const ref of [publish(KIB), publish(KIB)]) queue.ack(ref);
  publish(KIB);
  await committed();
  await new Promise((resolve) => setImmediate(resolve));
  for (let i = 0; i < 20; i++) publish(100 * KIB);
  await rig.settle();
  const [, , small, rest] = commits.map((bytes) => Math.round(bytes / (100 * KIB)));
  expect([commits.length, small, rest]).toEqual([4, 6, 14]);
});

test('much is written at once if too much waits', async () => {
  const { rig, queue, commits, publish, committed } = await writing();
  for (const ref of [publish(KIB), publish(KIB)]) queue.ack(ref);
  publish(KIB);
  await committed();
  await new Promise((resolve) => setImmediate(resolve));
  for (let i = 0; i < 100; i++) publish(100 * KIB);
  expect(rig.store.busy).toBe(true);
  await rig.settle();
  expect(Math.round((commits[2] as number) / (100 * KIB))).toBe(41);
});

test('publishers go on as soon as acks have made room, without waiting for the disk', async () => {
  const { rig, queue, publish } = await writing();
  const refs = Array.from({ length: 100 }, () => publish(100 * KIB));
  expect(rig.store.busy).toBe(true);
  const told: boolean[] = [];
  rig.store.onBusy((busy) => told.push(busy));
  for (const ref of refs.slice(0, 50)) queue.ack(ref);
  expect(told).toEqual([]);
  for (const ref of refs.slice(50, 70)) queue.ack(ref);
  expect([told, rig.store.busy]).toEqual([[false], false]);
  await rig.settle();
});
