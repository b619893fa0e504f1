/**
 * Recovery: finds out what a folder of segments holds. Segments with a footer are not read, the one
 * that was being written is scanned and gets a footer; of two copies of a message the one in the
 * newer segment counts. Damage is skipped and counted, and never keeps the log from opening.
 */
import type { Log } from '../../log.ts';
import { type Files, readWhole } from '../files.ts';
import type { QueueId } from '../message-store.ts';
import { isSettled, type Journal, readJournal } from './ack-journal.ts';
import type { Counters } from './counters.ts';
import { type Ledger, slotLength } from './ledger.ts';
import { align, FLAG } from './record.ts';
import { RecordIndex, release } from './record-index.ts';
import { RecoveredRows } from './recovered-rows.ts';
import { ORPHAN, type Segment, segmentOf } from './segment.ts';
import {
  type Gap,
  isReused,
  SEGMENT_HEADER_BYTES,
  SEGMENT_VERSION,
  scanSegment,
  versionOf,
} from './segment-scan.ts';
import { isSpare } from './spares.ts';

/** What recovery works with. */
export interface RecoveryContext {
  readonly files: Files;
  readonly log: Log;
  readonly ledger: Ledger;
  readonly counters: Counters;
  /** The index in the ledger of each queue that exists. */
  readonly queues: ReadonlyMap<QueueId, number>;
  /** May messages of other queues go? */
  readonly forgetUnknown: boolean;
}

/** What was found. */
export interface Recovered {
  /** By the index of the queue in the ledger, in the order of the queue. */
  readonly rows: ReadonlyMap<number, RecoveredRows>;
  readonly lastSeq: number;
  readonly lastSegment: number;
  readonly highestQueueId: QueueId;
  readonly messages: number;
  /** Messages in queues that are lost to damage. */
  readonly lost: number;
  /** Messages kept though nobody knows their queues. */
  readonly orphans: number;
  readonly scanned: number;
}

/** @throws Error if the folder cannot be read */
export async function recover(context: RecoveryContext): Promise<Recovered> {
  const recovery = new Recovery(context);
  await recovery.run();
  return recovery;
}

class Recovery implements Recovered {
  readonly rows = new Map<number, RecoveredRows>();
  lastSeq = 0;
  lastSegment = 0;
  highestQueueId: QueueId = 0;
  messages = 0;
  lost = 0;
  orphans = 0;
  scanned = 0;
  private readonly context: RecoveryContext;
  /** Of messages that compaction moved: in which queues a newer copy is, or was. */
  private readonly copies = new Map<number, Set<QueueId>>();

  constructor(context: RecoveryContext) {
    this.context = context;
  }

  async run(): Promise<void> {
    const segments = await this.list();
    // The newest first, so that copies are known before what they are of.
    for (const [i, segment] of segments.entries()) await this.read(segment, i === 0);
    for (const rows of this.rows.values()) rows.sort();
  }

  /** The segments there are, the newest first; a journal that is left over goes. */
  private async list(): Promise<Segment[]> {
    const { files } = this.context;
    const names = await files.list();
    const segments: Segment[] = [];
    for (const name of names) {
      const segment = segmentOf(name);
      if (isSpare(name)) await files.remove(name);
      if (segment === null) continue;
      this.lastSegment = Math.max(this.lastSegment, segment.id);
      if (name.endsWith('.log')) segments.push(segment);
      else if (!names.includes(`${segment.name}.log`)) await files.remove(name);
    }
    return segments.sort((a, b) => b.id - a.id);
  }

  private async read(segment: Segment, newest: boolean): Promise<void> {
    const { log, ledger } = this.context;
    let found: { index: RecordIndex; gaps: readonly Gap[] } | null;
    try {
      const index = await this.readFooter(segment);
      found = index === null ? await this.scan(segment, newest) : { index, gaps: [] };
    } catch (error) {
      // It stays where it is, for whoever can repair the disk.
      log.error(`segment ${segment.name} cannot be read: ${(error as Error).message}`);
      return;
    }
    if (found === null) return;
    const { index, gaps } = found;
    segment.ordinals = ordinalsOf(index, gaps);
    const journal = await this.readJournal(segment);
    segment.journalBytes = journal.bytes;
    this.countLost(segment, gaps, journal);
    ledger.segments.set(segment.id, segment);
    this.take(segment, index, journal);
    index.release();
    segment.seal();
    if (segment.live === 0) ledger.onDead(segment);
  }

  private async readFooter(segment: Segment): Promise<RecordIndex | null> {
    const file = await this.context.files.open(`${segment.name}.log`, 'read');
    try {
      const size = await file.size();
      segment.bytes = size;
      const end = Buffer.alloc(Math.min(size, 64));
      await file.read(end, size - end.length);
      const length = RecordIndex.footerBytes(end);
      if (length === 0 || length > size) return null;
      const footer = Buffer.allocUnsafeSlow(length);
      for (let at = 0; at < length; ) {
        const read = await file.read(footer.subarray(at), size - length + at);
        if (read === 0) return null;
        at += read;
      }
      return RecordIndex.decode(footer, segment.salt);
    } finally {
      await file.close();
    }
  }

  private async scan(
    segment: Segment,
    newest: boolean,
  ): Promise<{ index: RecordIndex; gaps: readonly Gap[] } | null> {
    const { files, log } = this.context;
    const content = await readWhole(files, `${segment.name}.log`);
    const version = versionOf(content, segment.salt);
    if (version > SEGMENT_VERSION) {
      log.error(`segment ${segment.name} is of version ${version}, of a newer Warren: left alone`);
      return null;
    }
    this.scanned++;
    const { index, gaps, tornBytes } = scanSegment(content, segment.salt, newest);
    const { length } = content;
    const reused = isReused(content, segment.salt);
    release(content);
    if (tornBytes > 0 && length > SEGMENT_HEADER_BYTES && !reused) {
      log.warning(`the last ${tornBytes} bytes of segment ${segment.name} are no messages`);
    }
    await this.writeFooter(segment, index, length);
    return { index, gaps };
  }

  /** So that it need not be scanned again. Without, it is. */
  private async writeFooter(segment: Segment, index: RecordIndex, bytes: number): Promise<void> {
    if (index.rows === 0) return;
    try {
      const end = align(bytes);
      const footer = await index.encode(end, segment.salt);
      const file = await this.context.files.open(`${segment.name}.log`, 'write');
      await file.write([footer], end);
      await file.close();
      segment.bytes = end + footer.length;
    } catch (error) {
      segment.unfit = true;
      this.context.log.warning(`a segment has no footer: ${(error as Error).message}`);
    }
  }

  private async readJournal(segment: Segment): Promise<Journal> {
    const { files, log } = this.context;
    let content: Buffer = Buffer.alloc(0);
    try {
      content = await readWhole(files, `${segment.name}.ack`);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') {
        log.error(`acks of segment ${segment.name} are lost: ${(error as Error).message}`);
      }
    }
    const journal = readJournal(content, segment.ordinals, segment.salt);
    if (journal.damaged) {
      log.error(`acks of segment ${segment.name} are damaged: some messages come again`);
    }
    return journal;
  }

  /** What is damaged is lost only if nobody had settled it. */
  private countLost(segment: Segment, gaps: readonly Gap[], journal: Journal): void {
    let lost = 0;
    for (const { ordinal, count } of gaps) {
      for (let i = ordinal; i < ordinal + count; i++) {
        if (!isSettled(journal.settled, i)) lost++;
      }
    }
    if (lost === 0) return;
    this.lost += lost;
    this.context.log.error(`segment ${segment.name} is damaged: ${lost} messages are lost`);
  }

  /** Everything alive in a segment gets its slot. */
  private take(segment: Segment, index: RecordIndex, journal: Journal): void {
    segment.reserve(segment.ordinals);
    let id = 0;
    for (let row = 0; row < index.rows; row++) {
      const queues = index.queues[row] as number;
      const flags = index.flags[row] as number;
      const seq = index.seq[row] as number;
      if (seq > this.lastSeq) this.lastSeq = seq;
      const newer = this.copies.size === 0 ? undefined : this.copies.get(seq);
      const first = index.ordinal[row] as number;
      for (let i = 0; i < queues; i++, id++) {
        const queueId = index.queueIds[id] as number;
        if (queueId > this.highestQueueId) this.highestQueueId = queueId;
        if (isSettled(journal.settled, first + i)) continue;
        if (newer?.has(queueId) === true || (flags & FLAG.paged) !== 0) continue;
        this.revive(
          segment,
          index,
          row,
          first + i,
          queueId,
          journal.deliveries.get(first + i) ?? 0,
        );
      }
      if ((flags & FLAG.copy) !== 0) this.noteCopy(seq, index, id - queues, id);
    }
  }

  private noteCopy(seq: number, index: RecordIndex, from: number, to: number): void {
    const known = this.copies.get(seq) ?? new Set();
    for (let id = from; id < to; id++) known.add(index.queueIds[id] as number);
    this.copies.set(seq, known);
  }

  private revive(
    segment: Segment,
    index: RecordIndex,
    row: number,
    ordinal: number,
    queueId: QueueId,
    deliveries: number,
  ): void {
    const { ledger, queues, forgetUnknown } = this.context;
    const offset = index.offset[row] as number;
    const length = slotLength(index.length[row] as number, index.queues[row] as number);
    const queue = queues.get(queueId);
    if (queue === undefined) {
      if (forgetUnknown) return;
      segment.place(ordinal, ORPHAN, offset, length);
      this.orphans++;
      return;
    }
    const slot = ledger.take(queue, 0);
    ledger.slots.setDeliveries(slot, deliveries);
    ledger.slots.place(slot, segment.id, offset, length, ordinal);
    segment.place(ordinal, slot, offset, length);
    this.messages++;
    let rows = this.rows.get(queue);
    if (rows === undefined) {
      rows = new RecoveredRows();
      this.rows.set(queue, rows);
    }
    rows.add(
      slot,
      index.seq[row] as number,
      index.bodyBytes[row] as number,
      index.flags[row] as number,
      index.arrivedAtMs[row] as number,
      index.expiresAtMs[row] as number,
      deliveries,
    );
  }
}

function ordinalsOf(index: RecordIndex, gaps: readonly Gap[]): number {
  let ordinals = 0;
  if (index.rows > 0) {
    const last = index.rows - 1;
    ordinals = (index.ordinal[last] as number) + (index.queues[last] as number);
  }
  for (const { ordinal, count } of gaps) ordinals = Math.max(ordinals, ordinal + count);
  return ordinals;
}
