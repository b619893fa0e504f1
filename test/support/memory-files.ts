/**
 * MemoryFiles: a folder in memory, with everything that can happen to a real one. What is written
 * is visible at once and durable when synced; killed() is the folder as another process finds it
 * after ours was killed, powerCut() as it is after the power went: of what was not synced any part
 * may be missing, in any order. Faults are set by tests. A folder that was left answers no more.
 */
import type { Files, OpenFile, OpenMode } from '../../src/storage/files.ts';
import { Random } from './random.ts';

/** What the disk writes at a time: of an unsynced write, each of these may arrive or not. */
const PAGE = 4096;

/** What goes wrong; everything is allowed to change at any time. */
export interface Faults {
  /** Bytes the disk has left; writes beyond it are short, then fail. */
  freeBytes: number;
  /** How many of the next syncs fail. */
  syncFailures: number;
  /** How many of the next writes are cut short in the middle. */
  shortWrites: number;
  /** How many of the next writes fail. */
  writeFailures: number;
  /** How many of the next reads fail. */
  readFailures: number;
  /** How many of the next truncations fail. */
  truncateFailures: number;
}

interface Page {
  readonly position: number;
  readonly bytes: Buffer;
}

class Inode {
  content: Buffer = Buffer.alloc(0);
  size = 0;
  synced: Buffer = Buffer.alloc(0);
  /** Written since the last sync. */
  unsynced: Page[] = [];
  /** A sync of it failed: what it says from now on means nothing. */
  poisoned = false;

  write(bytes: Uint8Array, position: number): void {
    const end = position + bytes.length;
    if (end > this.content.length) {
      const grown = Buffer.alloc(Math.max(end, 2 * this.content.length));
      this.content.copy(grown, 0, 0, this.size);
      this.content = grown;
    }
    if (position > this.size) this.content.fill(0, this.size, position);
    this.content.set(bytes, position);
    this.size = Math.max(this.size, end);
    for (let at = 0; at < bytes.length; at += PAGE) {
      const page = Buffer.from(bytes.subarray(at, at + PAGE));
      this.unsynced.push({ position: position + at, bytes: page });
    }
  }

  bytes(): Buffer {
    return Buffer.from(this.content.subarray(0, this.size));
  }

  sync(): void {
    this.synced = this.bytes();
    this.unsynced = [];
  }
}

export class MemoryFiles implements Files {
  readonly faults: Faults = {
    freeBytes: Number.POSITIVE_INFINITY,
    syncFailures: 0,
    shortWrites: 0,
    writeFailures: 0,
    readFailures: 0,
    truncateFailures: 0,
  };
  /** Of every kind of call so far. */
  readonly calls = { write: 0, read: 0, sync: 0, syncFolder: 0, open: 0 };
  writtenBytes = 0;
  /** Files that were synced though writing or syncing them had failed before. */
  readonly syncedAfterFailure = new Set<string>();
  /** Calls that are not answered yet, and those that are; some are answered at once. */
  unanswered = 0;
  answered = 0;
  /** Files that are open now. */
  openFiles = 0;
  private readonly random: Random;
  private readonly names = new Map<string, Inode>();
  private durableNames = new Map<string, Inode>();
  private left = false;

  constructor(seed = 1) {
    this.random = new Random(seed);
  }

  /** The folder as the next process finds it; this one is not heard of any more. */
  killed(): MemoryFiles {
    this.left = true;
    const next = new MemoryFiles(this.random.below(1_000_000));
    for (const [name, inode] of this.names) next.put(name, inode.bytes());
    return next;
  }

  /** The folder after a power cut. */
  powerCut(): MemoryFiles {
    this.left = true;
    const next = new MemoryFiles(this.random.below(1_000_000));
    for (const [name, inode] of this.survivingNames()) next.put(name, this.remainsOf(inode));
    return next;
  }

  /** Puts a file there, durable. */
  put(name: string, content: Buffer): void {
    const inode = new Inode();
    inode.write(content, 0);
    inode.sync();
    this.names.set(name, inode);
    this.durableNames.set(name, inode);
  }

  /** Damages a file, on disk and in memory. */
  overwrite(name: string, position: number, text: string): void {
    const inode = this.inode(name);
    for (const bytes of [inode.content, inode.synced]) bytes.write(text, position);
  }

  /** What is in a file. @throws if it is not there */
  content(name: string): Buffer {
    return this.inode(name).bytes();
  }

  /** Bytes of all files. */
  get bytes(): number {
    return [...this.names.values()].reduce((sum, { size }) => sum + size, 0);
  }

  get fileNames(): string[] {
    return [...this.names.keys()].sort();
  }

  list(): Promise<string[]> {
    return this.later(() => [...this.names.keys()]);
  }

  open(name: string, mode: OpenMode): Promise<OpenFile> {
    this.calls.open++;
    return this.later(() => {
      if (mode === 'create' && this.names.has(name)) throw fault('EEXIST', name);
      if (mode !== 'read' && !this.names.has(name)) {
        if (this.faults.freeBytes <= 0) throw fault('ENOSPC', name);
        this.names.set(name, new Inode());
      }
      const inode = this.inode(name);
      this.openFiles++;
      return new MemoryFile(inode, this);
    });
  }

  remove(name: string): Promise<void> {
    return this.later(() => {
      this.faults.freeBytes += this.inode(name).size;
      this.names.delete(name);
    });
  }

  rename(from: string, to: string): Promise<void> {
    return this.later(() => {
      this.names.set(to, this.inode(from));
      this.names.delete(from);
    });
  }

  syncFolder(): Promise<void> {
    this.calls.syncFolder++;
    return this.later(() => {
      this.durableNames = new Map(this.names);
    });
  }

  /** Resolves when nobody has called any of the folders for so many turns of the event loop. */
  static async calm(folders: readonly MemoryFiles[], turns: number): Promise<void> {
    const moves = (): number => folders.reduce((sum, { answered }) => sum + answered, 0);
    let before = moves();
    for (let quiet = 0; quiet < turns; quiet++) {
      await new Promise((resolve) => setImmediate(resolve));
      const after = moves();
      if (after !== before || folders.some(({ unanswered }) => unanswered > 0)) quiet = -1;
      before = after;
    }
  }

  /** Everything takes a while, by turns of the event loop. */
  async later<T>(run: () => T): Promise<T> {
    const turns = this.random.below(3);
    this.unanswered++;
    for (let i = 0; i < turns; i++) await new Promise((resolve) => setImmediate(resolve));
    this.unanswered--;
    this.answered++;
    if (this.left) return new Promise(() => {});
    return run();
  }

  /** How much of a write arrives. @throws the fault that is due */
  admit(bytes: number, inode: Inode): number {
    this.calls.write++;
    if (this.faults.writeFailures > 0) {
      this.faults.writeFailures--;
      inode.poisoned = true;
      throw fault('EIO', 'write');
    }
    if (this.faults.freeBytes <= 0 && bytes > 0) throw fault('ENOSPC', 'write');
    let admitted = Math.min(bytes, this.faults.freeBytes);
    if (this.faults.shortWrites > 0) {
      this.faults.shortWrites--;
      admitted = Math.floor(admitted / 2);
    }
    this.faults.freeBytes -= admitted;
    this.writtenBytes += admitted;
    return admitted;
  }

  /** @throws the fault that is due; then nothing of what was not synced may be relied on */
  sync(inode: Inode): void {
    this.calls.sync++;
    if (inode.poisoned) {
      // As Linux does: the pages are marked clean, and the call succeeds.
      for (const [name, one] of this.names) if (one === inode) this.syncedAfterFailure.add(name);
      inode.unsynced = [];
      return;
    }
    if (this.faults.syncFailures > 0) {
      this.faults.syncFailures--;
      inode.poisoned = true;
      throw fault('EIO', 'sync');
    }
    inode.sync();
  }

  /** @throws the fault that is due */
  checkTruncate(): void {
    if (this.faults.truncateFailures === 0) return;
    this.faults.truncateFailures--;
    throw fault('EIO', 'truncate');
  }

  /** Does a truncation also undo writes that were not synced? */
  forgets(): boolean {
    return this.random.chance(0.5);
  }

  /** @throws the fault that is due */
  checkRead(): void {
    this.calls.read++;
    if (this.faults.readFailures === 0) return;
    this.faults.readFailures--;
    throw fault('EIO', 'read');
  }

  private inode(name: string): Inode {
    const inode = this.names.get(name);
    if (inode === undefined) throw fault('ENOENT', name);
    return inode;
  }

  /** Of what came, went or was renamed since the folder was synced, any part. */
  private survivingNames(): Map<string, Inode> {
    const surviving = new Map(this.durableNames);
    for (const name of new Set([...this.names.keys(), ...this.durableNames.keys()])) {
      const now = this.names.get(name);
      if (now === this.durableNames.get(name) || this.random.chance(0.5)) continue;
      if (now === undefined) surviving.delete(name);
      else surviving.set(name, now);
    }
    return surviving;
  }

  private remainsOf(inode: Inode): Buffer {
    const kept = inode.unsynced.filter(() => this.random.chance(0.5));
    let size = inode.synced.length;
    for (const { position, bytes } of kept) size = Math.max(size, position + bytes.length);
    const content = Buffer.alloc(size);
    inode.synced.copy(content);
    for (const { position, bytes } of kept) bytes.copy(content, position);
    return content;
  }
}

class MemoryFile implements OpenFile {
  private readonly inode: Inode;
  private readonly folder: MemoryFiles;

  constructor(inode: Inode, folder: MemoryFiles) {
    this.inode = inode;
    this.folder = folder;
  }

  write(buffers: readonly Uint8Array[], position: number): Promise<number> {
    return this.folder.later(() => {
      const whole = Buffer.concat(buffers);
      const admitted = this.folder.admit(whole.length, this.inode);
      this.inode.write(whole.subarray(0, admitted), position);
      return admitted;
    });
  }

  read(into: Uint8Array, position: number): Promise<number> {
    return this.folder.later(() => {
      this.folder.checkRead();
      const { content, size } = this.inode;
      const bytes = Math.max(0, Math.min(into.length, size - position));
      into.set(content.subarray(position, position + bytes));
      return bytes;
    });
  }

  size(): Promise<number> {
    return this.folder.later(() => this.inode.size);
  }

  truncate(bytes: number): Promise<void> {
    return this.folder.later(() => {
      this.folder.checkTruncate();
      this.inode.content = Buffer.from(this.inode.content.subarray(0, bytes));
      this.inode.size = Math.min(bytes, this.inode.size);
      // What was written there before may still arrive, and the truncation may not.
      if (this.folder.forgets()) {
        this.inode.unsynced = this.inode.unsynced.filter(({ position }) => position < bytes);
      }
    });
  }

  sync(): Promise<void> {
    return this.folder.later(() => this.folder.sync(this.inode));
  }

  close(): Promise<void> {
    return this.folder.later(() => {
      this.folder.openFiles--;
    });
  }
}

function fault(code: string, what: string): Error {
  return Object.assign(new Error(`${code}: ${what}`), { code });
}
