/**
 * What damage costs: a segment, and its journal, cut at every byte, with every bit flipped, with
 * zeros and garbage at its end. Never a wrong body, never more than the message that is hit.
 */
import { beforeAll, describe, expect, test, vi } from 'vitest';
import type { QueueStore } from '../../../src/storage/message-store.ts';
import { readJournal } from '../../../src/storage/segment-log/ack-journal.ts';
import { recordOf } from '../../../src/storage/segment-log/reader.ts';
import type { RecordIndex } from '../../../src/storage/segment-log/record-index.ts';
import { segmentOf } from '../../../src/storage/segment-log/segment.ts';
import { scanSegment } from '../../../src/storage/segment-log/segment-scan.ts';
import { MemoryFiles } from '../../support/memory-files.ts';
import { Random } from '../../support/random.ts';
import { SegmentRig } from '../../support/segment-rig.ts';
import { newMessage, Sink } from '../conformance.ts';

// Long by nature, and longer on a busy machine.
vi.setConfig({ testTimeout: 120_000 });

/** Fan-out, empty bodies, and sizes on both sides of a multiple of eight. */
const TEXTS = ['a', 'bcdefgh', '', 'ijklmnop', 'q'.repeat(33), 'rs', 'tuv', 'wxyz'];

let name: string;
let salt: number;
/** As it is after a crash, and with the footer that a clean end writes. */
let content: Buffer;
let sealed: Buffer;
let journal: Buffer;

beforeAll(async () => {
  const rig = new SegmentRig();
  const queues = [1, 2, 3].map((id) => rig.store.openQueue(id, new Sink()));
  const refs: number[] = [];
  for (const [i, text] of TEXTS.entries()) {
    const to = i % 3 === 1 ? queues : [queues[0] as QueueStore];
    refs.push(...rig.store.publish(to, newMessage(text, { priority: i }), null));
    if (i % 3 === 2) await rig.settle();
  }
  await rig.settle();
  for (const i of [0, 2, 5]) queues[0]?.ack(refs[i] as number);
  queues[0]?.delivered(refs[9] as number, 3);
  await rig.settle();
  name = rig.files.fileNames.find((one) => one.endsWith('.log')) as string;
  salt = segmentOf(name)?.salt as number;
  content = rig.files.content(name);
  journal = rig.files.content(name.replace('.log', '.ack'));
  await rig.store.close();
  sealed = rig.files.content(name);
});

/** Rows as text: everything that recovery goes by, and the body. */
function rowsOf(index: RecordIndex, bytes: Buffer): string[] {
  const rows: string[] = [];
  let id = 0;
  for (let row = 0; row < index.rows; row++) {
    const offset = index.offset[row] as number;
    const length = index.length[row] as number;
    const record = recordOf(bytes.subarray(offset, offset + length), salt);
    const queues = index.queues[row] as number;
    const ids = index.queueIds.slice(id, id + queues).join();
    id += queues;
    const head = [index.ordinal[row], index.seq[row], index.flags[row], index.arrivedAtMs[row]];
    rows.push(`${head.join()} [${ids}] ${record?.header}/${record?.body}`);
  }
  return rows;
}

function scan(bytes: Buffer, maybeTorn = true): string[] {
  // In memory of its own, as a file is read.
  const own = Buffer.from(new Uint8Array(bytes).buffer);
  return rowsOf(scanSegment(own, salt, maybeTorn).index, own);
}

function flipped(bytes: Buffer, bit: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[bit >> 3] = (copy[bit >> 3] as number) ^ (1 << (bit & 7));
  return copy;
}

describe('a segment', () => {
  test('has every record before the byte where it is cut', () => {
    const all = scan(content);
    expect(all).toHaveLength(TEXTS.length);
    let before = 0;
    for (let bytes = 0; bytes <= content.length; bytes++) {
      const rows = scan(content.subarray(0, bytes));
      expect(rows).toEqual(all.slice(0, rows.length));
      expect(rows.length).toBeGreaterThanOrEqual(before);
      before = rows.length;
    }
    expect(before).toBe(all.length);
  });

  test('loses one record to a flipped bit, wherever it is, and takes none for another', () => {
    const all = scan(content);
    for (let bit = 0; bit < content.length * 8; bit++) {
      const rows = scan(flipped(content, bit));
      expect(rows.length).toBeGreaterThanOrEqual(all.length - 1);
      for (const row of rows) expect(all).toContain(row);
    }
  });

  test('is what it was with zeros or garbage behind it, or in the place of a record', () => {
    const all = scan(content);
    const random = new Random(7);
    const garbage = Buffer.from(Array.from({ length: 4096 }, () => random.below(256)));
    expect(scan(Buffer.concat([content, Buffer.alloc(100_000)]))).toEqual(all);
    expect(scan(Buffer.concat([content, garbage]))).toEqual(all);
    for (const fill of [Buffer.alloc(64), garbage.subarray(0, 64)]) {
      const hurt = Buffer.from(content);
      fill.copy(hurt, 16);
      expect(scan(hurt)).toEqual(all.slice(1));
    }
  });

  test('says which ordinals are gone, so that those behind them keep their acks', () => {
    const own = Buffer.from(new Uint8Array(content).buffer);
    own.fill(0, 16, 24);
    expect(scanSegment(own, salt, true).gaps).toEqual([{ ordinal: 0, count: 1 }]);
  });

  test('takes no record of another segment, or in a body, for its own', async () => {
    const rig = new SegmentRig();
    const queue = rig.store.openQueue(1, new Sink());
    rig.store.publish([queue], newMessage('carrier', { lent: content }), null);
    await rig.settle();
    const [file] = rig.files.fileNames;
    const bytes = rig.files.content(file as string);
    const own = Buffer.from(new Uint8Array(bytes).buffer);
    own.fill(0, 16, 80);
    const { index } = scanSegment(own, segmentOf(file as string)?.salt as number, true);
    expect(index.rows).toBe(0);
  });
});

/** What the queues of a log have, opened on these files. */
async function recovered(log: Buffer, ack: Buffer): Promise<{ bodies: string[]; lost: number }> {
  const files = new MemoryFiles();
  files.put(name, log);
  files.put(name.replace('.log', '.ack'), ack);
  const rig = new SegmentRig({ files });
  const sinks = [1, 2, 3].map(() => new Sink());
  const queues = sinks.map((sink, i) => rig.store.openQueue(i + 1, sink));
  await rig.recover();
  const bodies: string[] = [];
  let lost = 0;
  for (const [i, queue] of queues.entries()) {
    for (const ref of (sinks[i] as Sink).refs) {
      try {
        const [one] = await queue.load([ref]);
        bodies.push(`${i} ${one?.body}`);
      } catch {
        lost++;
      }
    }
  }
  return { bodies, lost };
}

describe('a sealed segment', () => {
  test('loses one message to a flipped bit, and never has a wrong body', async () => {
    const { bodies: all } = await recovered(sealed, journal);
    expect(all.length).toBeGreaterThan(5);
    // Every byte, and of each one bit.
    for (let byte = 0; byte < sealed.length; byte++) {
      const { bodies } = await recovered(flipped(sealed, 8 * byte + (byte % 8)), journal);
      for (const body of bodies) expect(all).toContain(body);
      const texts = new Set(
        all.filter((body) => !bodies.includes(body)).map((one) => one.slice(2)),
      );
      expect(texts.size).toBeLessThanOrEqual(1);
    }
  });

  test('is read in spite of a footer that is cut anywhere', async () => {
    const { bodies: all } = await recovered(sealed, journal);
    for (let bytes = content.length; bytes < sealed.length; bytes++) {
      expect((await recovered(sealed.subarray(0, bytes), journal)).bodies).toEqual(all);
    }
  });
});

describe('a journal of acks', () => {
  test('damaged anywhere brings messages again, and loses none', async () => {
    const { bodies: all } = await recovered(content, journal);
    for (let byte = 0; byte < journal.length; byte++) {
      const { bodies } = await recovered(content, flipped(journal, 8 * byte + (byte % 8)));
      expect(bodies).toEqual(expect.arrayContaining(all));
      const { bodies: cut } = await recovered(content, journal.subarray(0, byte));
      expect(cut).toEqual(expect.arrayContaining(all));
    }
  });

  test('a damaged block costs only itself', () => {
    const again = Buffer.concat([journal, journal]);
    again[9] = (again[9] as number) ^ 1;
    const { settled, deliveries, damaged } = readJournal(again, 12, salt);
    expect(damaged).toBe(true);
    const whole = readJournal(journal, 12, salt);
    expect(settled).toEqual(whole.settled);
    expect(deliveries).toEqual(whole.deliveries);
    expect(whole.deliveries.size).toBe(1);
  });
});
