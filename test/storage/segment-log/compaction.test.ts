import { describe, expect, test, vi } from 'vitest';
import type { QueueStore } from '../../../src/storage/message-store.ts';
import { Random } from '../../support/random.ts';
import { SegmentRig } from '../../support/segment-rig.ts';
import { Sink } from '../conformance.ts';
import { plainMessage } from './model.ts';

// Long by nature, and longer on a busy machine.
vi.setConfig({ testTimeout: 120_000 });

const SEGMENT_BYTES = 64 * 1024;

/** Live messages, by ref. */
type Live = Map<number, string>;

describe('compaction', () => {
  test('keeps the disk within twice what is alive and three segments, whatever is acked when', async () => {
    const rig = new SegmentRig({ segmentBytes: SEGMENT_BYTES });
    const queue = rig.store.openQueue(1, new Sink());
    await rig.recover();
    const random = new Random(3);
    const live: Live = new Map();
    const kept: Live = new Map();
    for (let round = 0; round < 60; round++) {
      for (let i = 0; i < 200; i++) {
        const text = `${round}.${i} ${'x'.repeat(random.below(500))}`;
        const [ref] = rig.store.publish([queue], plainMessage(text), null);
        (random.chance(0.01) ? kept : live).set(ref as number, text);
      }
      await rig.turns();
      const refs = [...live.keys()];
      for (let i = refs.length - 1; i > 100; i--) {
        const ref = refs.splice(random.below(refs.length), 1)[0] as number;
        live.delete(ref);
        queue.ack(ref);
      }
      await rig.settle();
      const { bytes, disk } = rig.store.stats();
      expect(disk?.diskBytes).toBe(rig.files.bytes);
      expect(rig.files.bytes).toBeLessThanOrEqual(2 * bytes + 3 * SEGMENT_BYTES);
    }
    const { disk } = rig.store.stats();
    expect(disk?.compactedSegments).toBeGreaterThan(5);
    // What compaction writes is less than what is published.
    expect(disk?.compactedBytes ?? 0).toBeLessThan((disk?.writtenBytes ?? 0) / 2);
    await sameAfterRestart(rig, [...kept, ...live]);
  });

  test('leaves next to nothing when everything is acked', async () => {
    const rig = new SegmentRig({ segmentBytes: SEGMENT_BYTES });
    const queues = Array.from({ length: 10 }, (_, i) => rig.store.openQueue(i + 1, new Sink()));
    await rig.recover();
    const refs: number[][] = [];
    for (let i = 0; i < 500; i++) {
      refs.push([...rig.store.publish(queues, plainMessage('x'.repeat(1024)), null)]);
    }
    await rig.settle();
    // A body once, whatever the fan-out.
    expect(rig.files.bytes / 500).toBeLessThan(1250);
    for (const [i, queue] of queues.entries()) for (const one of refs) queue.ack(one[i] as number);
    await rig.settle();
    expect(rig.files.fileNames).toEqual([]);
    expect(rig.store.stats()).toMatchObject({ messages: 0, bytes: 0 });
  });

  test('keeps a message of many queues until the last of them has settled it', async () => {
    const rig = new SegmentRig({ segmentBytes: 4096 });
    const queues = [1, 2, 3].map((id) => rig.store.openQueue(id, new Sink()));
    await rig.recover();
    const refs = [...rig.store.publish(queues, plainMessage('shared'), null)];
    await fill(rig, queues[0] as QueueStore, 100);
    queues[0]?.ack(refs[0] as number);
    queues[1]?.ack(refs[1] as number);
    await fill(rig, queues[0] as QueueStore, 100);
    const [loaded] = await (queues[2] as QueueStore).load([refs[2] as number]);
    expect(loaded?.body.toString()).toBe('shared');
    queues[2]?.ack(refs[2] as number);
    await rig.settle();
    expect(rig.store.stats().messages).toBe(0);
  });

  test('moves no message that cannot be read, and loses no other', async () => {
    const rig = new SegmentRig({ segmentBytes: 4096 });
    const queue = rig.store.openQueue(1, new Sink());
    await rig.recover();
    const kept: number[] = [];
    for (let i = 0; i < 12; i++) {
      kept.push(...rig.store.publish([queue], plainMessage(i === 0 ? 'damaged' : `${i}`), null));
      kept.push(...rig.store.publish([queue], plainMessage(`whole ${i}`), null));
      await fill(rig, queue, 20);
      if (i > 0) continue;
      const [first] = rig.files.fileNames.filter((name) => name.endsWith('.log'));
      const content = rig.files.content(first as string);
      rig.files.overwrite(first as string, content.indexOf('damaged'), 'DAMAGED');
    }
    const [whole] = await queue.load([kept[1] as number]);
    expect(whole?.body.toString()).toBe('whole 0');
    const lost = Promise.resolve(queue.load([kept[0] as number]));
    await expect(lost).rejects.toThrow('damaged');
    expect(rig.troubles.join()).toMatch('damaged');
  });

  test('a queue that is deleted gives its space back, and leaves that of others', async () => {
    const rig = new SegmentRig({ segmentBytes: SEGMENT_BYTES });
    const [a, b] = [1, 2].map((id) => rig.store.openQueue(id, new Sink()));
    await rig.recover();
    for (let i = 0; i < 1000; i++) {
      rig.store.publish([a as QueueStore, b as QueueStore], plainMessage(`${i}`), null);
      rig.store.publish([a as QueueStore], plainMessage('x'.repeat(1000)), null);
    }
    await rig.settle();
    const before = rig.files.bytes;
    await Promise.all([a?.delete(), rig.settle()]);
    expect(rig.store.stats().messages).toBe(1000);
    expect(rig.files.bytes).toBeLessThan(before / 3);
    const again = rig.after('killed');
    const sink = new Sink();
    again.store.openQueue(2, sink);
    await again.recover();
    expect(sink.metas).toHaveLength(1000);
  });

  test('what is paged out is there, is not recovered, and is not waited for', async () => {
    const rig = new SegmentRig();
    const sink = new Sink();
    const queue = rig.store.openQueue(1, sink);
    await rig.recover();
    const synced = rig.files.calls.sync;
    const ref = queue.page(plainMessage('paged'));
    await rig.turns();
    expect(rig.files.calls.sync).toBe(synced);
    const [loaded] = await queue.load([ref]);
    expect(loaded?.body.toString()).toBe('paged');
    const again = rig.after('killed');
    const next = new Sink();
    again.store.openQueue(1, next);
    await again.recover();
    expect(next.metas).toEqual([]);
  });
});

/** Publishes and acks so many messages of a hundred bytes, and lets everything settle. */
async function fill(rig: SegmentRig, queue: QueueStore, messages: number): Promise<void> {
  for (let i = 0; i < messages; i += 10) {
    const refs = Array.from({ length: 10 }, (_, n) => {
      return rig.store.publish([queue], plainMessage(`${i + n}`.padEnd(200)), null)[0] as number;
    });
    await rig.turns();
    for (const ref of refs) queue.ack(ref);
  }
  await rig.settle();
}

async function sameAfterRestart(rig: SegmentRig, live: [number, string][]): Promise<void> {
  const again = rig.after('killed');
  const sink = new Sink();
  const queue = again.store.openQueue(1, sink);
  await again.recover();
  const loaded = await queue.load(sink.refs);
  const texts = loaded.map(({ body }) => body.toString());
  expect([...texts].sort()).toEqual(live.map(([, text]) => text).sort());
}
