/**
 * CatalogLog: a catalog in one file, one line a command (catalog-line.ts). A proposal is answered
 * when it is on disk and applied; what arrives meanwhile is written together. When the file has
 * grown to several times what it amounts to, the engine's snapshot takes its place in one step.
 * It does not know what commands mean; whatever it cannot read never keeps the broker from
 * starting: it is counted, reported, and kept if a newer program may understand it.
 */
import type { Catalog, CatalogHost, CatalogReport, Command } from '../broker/catalog.ts';
import { CATALOG_GROWTH, CATALOG_REWRITE_MIN_BYTES } from '../limits.ts';
import type { Log } from '../log.ts';
import { type Lines, lineOf, readLines } from './catalog-line.ts';
import { type Files, type OpenFile, readWhole } from './files.ts';
import type { QueueId } from './message-store.ts';

const NAME = 'catalog';
const NEW_NAME = 'catalog.new';
const DAMAGED_NAME = 'catalog.damaged';

/** The version of the file; that of each command is the command's own. */
const FORMAT = 1;

const NEWLINE = 0x0a;

/** How commands become text; see broker/command-text.ts. */
export interface CommandCodec {
  encode(command: Command): string;
  decode(text: string): Command;
}

/** What a catalog is made of. */
export interface CatalogLogOptions {
  readonly files: Files;
  readonly codec: CommandCodec;
  readonly log: Log;
}

interface Proposal {
  readonly command: Command;
  resolve(): void;
  reject(error: Error): void;
}

export class CatalogLog implements Catalog {
  /** Of the file, and of what was in it when it was last rewritten. */
  bytes = 0;
  rewrittenBytes = 0;
  rewrites = 0;
  private readonly files: Files;
  private readonly codec: CommandCodec;
  private readonly log: Log;
  private host: CatalogHost | null = null;
  private file: OpenFile | null = null;
  private lastQueueId: QueueId = 0;
  /** Commands that this program does not understand, as they stand in the file. */
  private readonly foreign = new Set<string>();
  /** The file has what it should not have, or a write to it failed: it is to be replaced. */
  private spoilt = false;
  private waiting: Proposal[] = [];
  private writing: Promise<void> | null = null;
  private closed = false;

  constructor(options: CatalogLogOptions) {
    this.files = options.files;
    this.codec = options.codec;
    this.log = options.log;
  }

  /** @throws Error if the folder cannot be read or written */
  async open(host: CatalogHost): Promise<CatalogReport> {
    this.host = host;
    const startMs = performance.now();
    const content = await this.readFile();
    const lines = readLines(content);
    for (const text of lines.texts) this.replay(text);
    const { damaged } = lines;
    this.report(lines, performance.now() - startMs);
    if (damaged > 0) await this.keepDamaged(content);
    this.bytes = content.length;
    this.spoilt = damaged > 0 || lines.tornBytes > 0 || content.at(-1) !== NEWLINE;
    if (this.spoilt) await this.rewrite();
    else this.file = await this.files.open(NAME, 'write');
    this.rewrittenBytes = Math.max(1, this.snapshotText().length);
    return { complete: damaged === 0 && this.foreign.size === 0 };
  }

  propose(command: Command): Promise<void> {
    if (this.closed) return Promise.reject(new Error('the catalog is closed'));
    const host = this.host as CatalogHost;
    if (this.writing === null && !host.outlives(command)) {
      try {
        host.apply(command);
        return Promise.resolve();
      } catch (error) {
        return Promise.reject(error);
      }
    }
    return new Promise((resolve, reject) => {
      this.waiting.push({ command, resolve, reject });
      this.writing ??= this.writeAll();
    });
  }

  allocateQueueId(): QueueId {
    return ++this.lastQueueId;
  }

  reserveQueueIds(highest: QueueId): void {
    this.lastQueueId = Math.max(this.lastQueueId, highest);
  }

  async close(): Promise<void> {
    this.closed = true;
    await this.writing;
    await this.file?.close();
    this.file = null;
  }

  private async readFile(): Promise<Buffer> {
    const names = await this.files.list();
    if (names.includes(NEW_NAME)) await this.files.remove(NEW_NAME);
    if (!names.includes(NAME)) return Buffer.alloc(0);
    return trimZeros(await readWhole(this.files, NAME));
  }

  private replay(text: string): void {
    let command: Command;
    try {
      const record = JSON.parse(text) as { readonly catalog?: number; lastQueueId?: QueueId };
      if (record.catalog !== undefined) {
        this.reserveQueueIds(record.lastQueueId ?? 0);
        return;
      }
      command = this.codec.decode(text);
      if (command.op === 'queue.put') this.reserveQueueIds(command.record.id);
      if (command.op === 'exchange.put') this.reserveQueueIds(command.record.id ?? 0);
      (this.host as CatalogHost).apply(command);
    } catch (error) {
      this.foreign.add(text);
      this.log.error(`a command of the catalog is skipped: ${(error as Error).message}`);
    }
  }

  private report({ texts, damaged, tornBytes }: Lines, tookMs: number): void {
    if (damaged > 0) {
      const what = damaged === 1 ? 'one record is' : `${damaged} records are`;
      this.log.error(`the catalog is damaged: ${what} lost; it is kept as ${DAMAGED_NAME}`);
    }
    if (tornBytes > 0) {
      this.log.warning(`the last ${tornBytes} bytes of the catalog were never written whole`);
    }
    if (texts.length === 0) return;
    this.log.info(`catalog: ${texts.length} commands in ${Math.round(tookMs)} ms`);
  }

  /** For whoever wants to look for what is lost. Trouble with it must not stop the start. */
  private async keepDamaged(content: Buffer): Promise<void> {
    try {
      const file = await this.files.open(DAMAGED_NAME, 'write');
      await file.truncate(0);
      await file.write([content], 0);
      await file.close();
    } catch (error) {
      this.log.warning(`${DAMAGED_NAME} could not be written: ${(error as Error).message}`);
    }
  }

  /** Writes what waits, batch by batch, until nothing does. */
  private async writeAll(): Promise<void> {
    // Let those join who propose in the same turn.
    await Promise.resolve();
    while (this.waiting.length > 0) {
      const batch = this.takeBatch();
      if (batch.length > 0) await this.writeBatch(batch);
      if (this.bytes > CATALOG_REWRITE_MIN_BYTES) {
        if (this.bytes > CATALOG_GROWTH * this.rewrittenBytes) await this.compact();
      }
    }
    this.writing = null;
  }

  /**
   * The commands to write next. One that need not outlive the process is applied when it is the
   * next: what those before it do may change that, so it ends a batch.
   */
  private takeBatch(): Proposal[] {
    const host = this.host as CatalogHost;
    let size = 0;
    for (; size < this.waiting.length; size++) {
      const proposal = this.waiting[size] as Proposal;
      if (host.outlives(proposal.command)) continue;
      if (size > 0) break;
      this.waiting.shift();
      this.conclude(proposal);
      size--;
    }
    return this.waiting.splice(0, size);
  }

  private async writeBatch(batch: readonly Proposal[]): Promise<void> {
    try {
      if (this.spoilt) await this.rewrite();
      await this.append(batch.map(({ command }) => lineOf(this.codec.encode(command))).join(''));
    } catch (error) {
      this.log.error(`the catalog could not be written: ${(error as Error).message}`);
      for (const { reject } of batch) reject(error as Error);
      return;
    }
    for (const proposal of batch) this.conclude(proposal);
  }

  private async append(text: string): Promise<void> {
    const bytes = Buffer.from(text);
    const file = this.file as OpenFile;
    // Until that has gone well nothing is known of the file: the next batch begins with a new one.
    this.spoilt = true;
    const written = await file.write([bytes], this.bytes);
    if (written < bytes.length) throw new Error('the disk is full');
    await file.sync();
    this.spoilt = false;
    this.bytes += bytes.length;
  }

  private conclude({ command, resolve, reject }: Proposal): void {
    try {
      (this.host as CatalogHost).apply(command);
    } catch (error) {
      // It is in the file, and would be refused again at every start.
      this.spoilt = true;
      reject(error as Error);
      return;
    }
    resolve();
  }

  private async compact(): Promise<void> {
    try {
      await this.rewrite();
    } catch (error) {
      this.log.warning(`the catalog could not be rewritten: ${(error as Error).message}`);
      this.rewrittenBytes = this.bytes;
    }
  }

  /** Puts a file with the snapshot in the place of the old one. */
  private async rewrite(): Promise<void> {
    const content = Buffer.from(this.snapshotText());
    const file = await this.files.open(NEW_NAME, 'write');
    try {
      await file.truncate(0);
      const written = await file.write([content], 0);
      if (written < content.length) throw new Error('the disk is full');
      await file.sync();
      await this.files.rename(NEW_NAME, NAME);
      this.spoilt = true;
      await this.files.syncFolder();
    } catch (error) {
      await file.close().catch(() => {});
      throw error;
    }
    await this.file?.close().catch(() => {});
    this.file = file;
    this.bytes = content.length;
    this.rewrittenBytes = content.length;
    this.spoilt = false;
    this.rewrites++;
  }

  private snapshotText(): string {
    const head = { catalog: FORMAT, lastQueueId: this.lastQueueId };
    const lines = [lineOf(JSON.stringify(head))];
    for (const command of (this.host as CatalogHost).snapshot()) {
      lines.push(lineOf(this.codec.encode(command)));
    }
    for (const text of this.foreign) lines.push(lineOf(text));
    return lines.join('');
  }
}

/** A power cut can leave a file longer than what was written, filled with zeros. */
function trimZeros(content: Buffer): Buffer {
  let end = content.length;
  while (end > 0 && content[end - 1] === 0) end--;
  return content.subarray(0, end);
}
