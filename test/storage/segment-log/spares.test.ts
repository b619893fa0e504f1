import { describe, expect, test } from 'vitest';
import { STORE_FOOTER_DELAY_MS, STORE_SPARE_SEGMENTS } from '../../../src/limits.ts';
import type { QueueStore } from '../../../src/storage/message-store.ts';
import type { Segment } from '../../../src/storage/segment-log/segment.ts';
import { segmentOf } from '../../../src/storage/segment-log/segment.ts';
import { scanSegment } from '../../../src/storage/segment-log/segment-scan.ts';
import { SegmentRig } from '../../support/segment-rig.ts';
import { Sink } from '../conformance.ts';
import { plainMessage } from './model.ts';

const SEGMENT_BYTES = 16 * 1024;

/** Footers are compressed by threads, which take their time on a busy machine. */
const WAIT = { timeout: 30_000 };

/** Publishes many messages one after the other and acks each when it is on disk but the last. */
async function stream(rig: SegmentRig, queue: QueueStore, from: number, to: number) {
  let [last] = [0];
  for (let i = from; i < to; i++) {
    const text = `${i} ${'x'.repeat(1000)}`;
    const [ref] = rig.store.publish([queue], plainMessage(text), null);
    await rig.turns();
    if (i > from) queue.ack(last);
    last = ref as number;
  }
  return last;
}

function sizes(rig: SegmentRig): number[] {
  return rig.files.fileNames
    .filter((name) => name.endsWith('.log'))
    .map((name) => rig.files.content(name).length);
}

async function start() {
  const rig = new SegmentRig({ segmentBytes: SEGMENT_BYTES });
  const queue = rig.store.openQueue(1, new Sink());
  await rig.recover();
  return { rig, queue };
}

async function textsAfter(rig: SegmentRig): Promise<string[]> {
  const sink = new Sink();
  const queue = rig.store.openQueue(1, sink);
  await rig.recover();
  const loaded = await queue.load(sink.refs);
  return loaded.map(({ body }) => body.toString().split(' ')[0] as string);
}

describe('the file of a dead segment', () => {
  test('may have a record that was being written: it is torn, not damaged', async () => {
    const { rig, queue } = await start();
    await stream(rig, queue, 0, 100);
    const name = rig.files.fileNames
      .filter((one) => one.endsWith('.log'))
      .sort()
      .at(-1) as string;
    const { salt } = segmentOf(name) as Segment;
    const content = Buffer.from(rig.files.content(name));
    const { index } = scanSegment(content, salt, true);
    const last = index.rows - 1;
    const end = (index.offset[last] as number) + (index.length[last] as number);
    content.fill(0xee, end - 500, end);
    const torn = scanSegment(content, salt, true);
    expect([torn.gaps, torn.index.rows]).toEqual([[], last]);
  });

  test('is written again by a later one, and goes when the log is at rest', async () => {
    const { rig, queue } = await start();
    await stream(rig, queue, 0, 100);
    // What is written to now is shorter than its file.
    expect(Math.min(...sizes(rig))).toBeGreaterThanOrEqual(SEGMENT_BYTES);
    expect(rig.files.fileNames.some((name) => name.startsWith('spare-'))).toBe(true);
    const { disk } = rig.store.stats();
    expect(disk?.diskBytes).toBe(rig.files.bytes);
    await rig.settle();
    expect(rig.files.fileNames.filter((name) => name.startsWith('spare-'))).toEqual([]);
    expect(rig.troubles).toEqual([]);
  });

  test('is one of a few that are kept', async () => {
    const { rig, queue } = await start();
    await stream(rig, queue, 0, 30);
    const refs: number[] = [];
    for (let i = 0; i < 200; i++) {
      refs.push(rig.store.publish([queue], plainMessage('y'.repeat(1000)), null)[0] as number);
    }
    await rig.turns();
    for (const ref of refs) queue.ack(ref);
    await rig.turns();
    // The others go, which may take until their footers are written: one is alive, one written to.
    await expect.poll(() => sizes(rig).length, WAIT).toBeLessThanOrEqual(2);
    const spares = rig.files.fileNames.filter((name) => name.startsWith('spare-'));
    expect(spares.length).toBeLessThanOrEqual(STORE_SPARE_SEGMENTS);
  });

  test.each(['killed', 'powerCut'] as const)('gives nothing of its past back (%s)', async (end) => {
    for (let length = 60; length < 100; length++) {
      const { rig, queue } = await start();
      await stream(rig, queue, 0, length);
      await rig.store.flush();
      await rig.turns();
      const next = rig.after(end);
      const texts = await textsAfter(next);
      // What was acked may come again, but no message twice, and the last one is there.
      expect(texts.at(-1)).toBe(String(length - 1));
      expect(new Set(texts).size).toBe(texts.length);
      if (end === 'killed') expect(texts).toEqual([String(length - 1)]);
      expect(next.troubles).toEqual([]);
      expect(next.files.fileNames.filter((name) => name.startsWith('spare-'))).toEqual([]);
    }
  });

  test('has no footer; one in which something lives on has it a second later', async () => {
    const { rig, queue } = await start();
    rig.store.publish([queue], plainMessage('first'), null);
    await stream(rig, queue, 0, 20);
    const [ended] = sizes(rig);
    await rig.settle();
    await expect.poll(() => sizes(rig)[0], WAIT).toBeGreaterThan(ended as number);
    const next = rig.after('killed');
    expect(await textsAfter(next)).toEqual(['first', '19']);
    expect(next.lines.filter((line) => line.includes('scanned'))).toEqual([
      expect.stringContaining('2 messages in 2 segments, 1 scanned'),
    ]);
  });

  test('is not written again if its footer could not be written', async () => {
    const { rig, queue } = await start();
    const [first] = rig.store.publish([queue], plainMessage('first'), null);
    await stream(rig, queue, 0, 20);
    rig.clock.advance(STORE_FOOTER_DELAY_MS / 2);
    await stream(rig, queue, 20, 21);
    rig.files.faults.writeFailures = 1;
    rig.clock.advance(STORE_FOOTER_DELAY_MS / 2);
    await expect.poll(() => rig.troubles, WAIT).toHaveLength(1);
    queue.ack(first as number);
    await stream(rig, queue, 21, 60);
    expect([...rig.files.syncedAfterFailure].filter((name) => name.endsWith('.log'))).toEqual([]);
    expect(rig.files.fileNames).not.toContainEqual(expect.stringContaining('spare-00000001'));
    expect(rig.troubles).toEqual([expect.stringContaining('a segment has no footer')]);
  });

  test('is let go when the disk takes no more', async () => {
    const { rig, queue } = await start();
    await stream(rig, queue, 0, 100);
    rig.files.faults.writeFailures = 1;
    await stream(rig, queue, 100, 101);
    expect(rig.files.fileNames.filter((name) => name.startsWith('spare-'))).toEqual([]);
    expect(rig.store.stats().disk?.failedWrites).toBe(1);
  });
});
