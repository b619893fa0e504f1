import { crc32 } from 'node:zlib';
import { expect, test } from 'vitest';
import type { QueueStore } from '../../../src/storage/message-store.ts';
import { SegmentRig } from '../../support/segment-rig.ts';
import { newMessage, Sink } from '../conformance.ts';
import { plainMessage } from './model.ts';

async function textsOf(queue: QueueStore, refs: readonly number[]): Promise<string[]> {
  const loaded = await queue.load(refs);
  return loaded.map(({ body }) => body.toString());
}

test('a message that cannot be encoded is refused, can be had, and keeps no other from the disk', async () => {
  const rig = new SegmentRig();
  const queue = rig.store.openQueue(1, new Sink());
  await rig.recover();
  const told: string[] = [];
  const note = (name: string) => ({
    settled: (error: Error | null) => void told.push(`${name} ${error?.message ?? 'safe'}`),
  });
  const encodeHeader = (): Buffer => {
    throw new Error('no such header');
  };
  rig.store.publish([queue], plainMessage('before'), note('before'));
  const odd = newMessage('odd', { encodeHeader });
  const [ref] = rig.store.publish([queue], odd, note('odd'));
  rig.store.publish([queue], plainMessage('after'), note('after'));
  await rig.settle();
  expect(told).toEqual(['odd no such header', 'before safe', 'after safe']);
  expect(rig.store.failure).toBeNull();
  queue.ack(ref as number);
  await rig.settle();
  expect(rig.store.stats().messages).toBe(2);
  const again = rig.after('powerCut');
  const sink = new Sink();
  const reopened = again.store.openQueue(1, sink);
  await again.recover();
  expect(await textsOf(reopened, sink.refs)).toEqual(['before', 'after']);
});

test('an ack that waits for its transaction never hits the message that has its number by then', async () => {
  const rig = new SegmentRig();
  const [doomed, other] = [1, 2].map((id) => rig.store.openQueue(id, new Sink()));
  await rig.recover();
  const [old] = rig.store.publish([doomed as QueueStore], plainMessage('old'), null);
  await rig.settle();
  rig.files.faults.syncFailures = 2;
  rig.store.transaction(
    () => {
      rig.store.publish([other as QueueStore], plainMessage('in the transaction'), null);
      doomed?.ack(old as number);
    },
    { settled: () => {} },
  );
  await rig.turns();
  await doomed?.delete();
  const [reused] = rig.store.publish([other as QueueStore], plainMessage('confirmed'), null);
  expect(reused).toBe(old);
  await rig.settle();
  expect(await textsOf(other as QueueStore, [reused as number])).toEqual(['confirmed']);
  expect(rig.store.stats().messages).toBe(2);
});

test('messages of queues that a damaged catalog does not know are kept for a better one', async () => {
  const rig = new SegmentRig({ segmentBytes: 1024 });
  const [known, unknown] = [1, 2].map((id) => rig.store.openQueue(id, new Sink()));
  await rig.recover();
  for (let i = 0; i < 20; i++) {
    rig.store.publish([known as QueueStore, unknown as QueueStore], plainMessage(`${i}`), null);
    await rig.turns();
  }
  await rig.settle();
  const without = rig.after('killed');
  const sink = new Sink();
  const queue = without.store.openQueue(1, sink);
  await without.recover(false);
  expect(without.lines.join()).toMatch('20 messages are kept but out of reach');
  for (const ref of sink.refs) queue.ack(ref);
  await without.settle();
  const repaired = without.after('killed');
  const back = new Sink();
  const found = repaired.store.openQueue(2, back);
  await repaired.recover();
  expect(await textsOf(found, back.refs)).toEqual(Array.from({ length: 20 }, (_, i) => `${i}`));
});

test('a segment of a newer version is left alone', async () => {
  const rig = new SegmentRig();
  const queue = rig.store.openQueue(1, new Sink());
  await rig.recover();
  rig.store.publish([queue], plainMessage('m'), null);
  await rig.settle();
  const [name] = rig.files.fileNames;
  const content = rig.files.content(name as string);
  const header = newerHeader(content.subarray(0, 16), name as string);
  const files = rig.files.killed();
  files.put(name as string, Buffer.concat([header, content.subarray(16)]));
  const next = new SegmentRig({ files });
  next.store.openQueue(1, new Sink());
  await next.settle();
  expect(next.troubles.join()).toMatch('of a newer Warren: left alone');
  expect(files.fileNames).toEqual([name]);
});

/** The header of a segment of version 2, which carries its sum from the salt in the name. */
function newerHeader(header: Buffer, name: string): Buffer {
  const newer = Buffer.from(header);
  newer.writeUInt32LE(2, 4);
  const salt = Number.parseInt(name.slice(9, 17), 16);
  newer.writeUInt32LE(crc32(newer.subarray(0, 8), salt), 8);
  return newer;
}

test('a message is held until it is written or acked everywhere, and no longer', async () => {
  const rig = new SegmentRig();
  const [a, b] = [1, 2].map((id) => rig.store.openQueue(id, new Sink())) as [
    QueueStore,
    QueueStore,
  ];
  await rig.recover();
  const elided = plainMessage('elided');
  const [one, other] = rig.store.publish([a, b], elided, null) as [number, number];
  a.ack(one);
  expect(elided.holds).toBe(1);
  b.ack(other);
  expect(elided.holds).toBe(0);
  const failed = plainMessage('failed');
  const acked = plainMessage('acked while it is written');
  const written = plainMessage('written');
  rig.files.faults.syncFailures = 2;
  const messages = [failed, acked, written];
  const refs = messages.map((message) => rig.store.publish([a], message, null)[0] as number);
  await rig.turns();
  expect(rig.store.failure).not.toBeNull();
  expect(messages.map(({ holds }) => holds)).toEqual([1, 1, 1]);
  a.ack(refs[0] as number);
  rig.clock.advance(1000);
  await new Promise((resolve) => setImmediate(resolve));
  a.ack(refs[1] as number);
  await rig.settle();
  expect(messages.map(({ holds }) => holds)).toEqual([0, 0, 0]);
  expect(await textsOf(a, [refs[2] as number])).toEqual(['written']);
});
