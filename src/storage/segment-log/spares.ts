/**
 * Spares: files of segments in which nothing is alive any more, kept to be written again. Writing
 * over what a file has already changes none of the file system's own data, so that a sync has only
 * the messages to write: it takes a fifth of the time. What is left in a spare is of another salt,
 * and so is no record to whoever reads the segment that it becomes.
 */
import { STORE_SPARE_SEGMENTS } from '../../limits.ts';
import type { Log } from '../../log.ts';
import type { Files } from '../files.ts';
import type { Segment } from './segment.ts';

/** What spares are kept with. */
export interface SparesContext {
  readonly files: Files;
  readonly log: Log;
  /** Smaller files are not worth keeping. */
  readonly segmentBytes: number;
}

interface Spare {
  readonly name: string;
  readonly bytes: number;
}

const PREFIX = 'spare-';

/** Is this the name of a spare? What an earlier process left of them may be removed. */
export function isSpare(fileName: string): boolean {
  return fileName.startsWith(PREFIX);
}

export class Spares {
  private readonly context: SparesContext;
  private readonly kept: Spare[] = [];
  /** How many are being renamed. */
  private coming = 0;
  /** Segments have begun since the log was at rest, so that more will. */
  private wanted = false;

  constructor(context: SparesContext) {
    this.context = context;
  }

  get size(): number {
    return this.kept.length;
  }

  /** What they take on the disk. */
  get bytes(): number {
    return this.kept.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /**
   * Takes the file of a dead segment. Nobody may have it open for writing.
   * @returns false if the file is to be removed instead
   */
  async keep(segment: Segment): Promise<boolean> {
    const { files, segmentBytes } = this.context;
    const bytes = segment.fileBytes;
    if (!this.wanted || segment.unfit || bytes < segmentBytes) return false;
    if (this.kept.length + this.coming >= STORE_SPARE_SEGMENTS) return false;
    const name = `${PREFIX}${segment.name}`;
    this.coming++;
    try {
      await files.rename(`${segment.name}.log`, name);
    } catch {
      return false;
    } finally {
      this.coming--;
    }
    this.kept.push({ name, bytes });
    // The log may have come to rest meanwhile.
    if (!this.wanted) await this.drop();
    return true;
  }

  /**
   * Gives one of them a new name, which is on disk when it resolves: before, the old name might be
   * back after a power cut, and with it messages that somebody has written over.
   * @returns the bytes that it has, 0 if there is none
   * @throws Error if the folder cannot be synced; the file may have the new name then
   */
  async reuse(name: string): Promise<number> {
    const { files } = this.context;
    this.wanted = true;
    const spare = this.kept.shift();
    if (spare === undefined) return 0;
    try {
      await files.rename(spare.name, name);
    } catch (error) {
      this.context.log.debug(`${spare.name} cannot be used again: ${(error as Error).message}`);
      await files.remove(spare.name).catch(() => {});
      return 0;
    }
    await files.syncFolder();
    return spare.bytes;
  }

  /** Nothing is being written, or the disk is short of room: removes them all. */
  async drop(): Promise<void> {
    this.wanted = false;
    const { files, log } = this.context;
    for (const { name } of this.kept.splice(0)) {
      await files.remove(name).catch((error) => {
        if (error.code !== 'ENOENT') log.warning(`${name} cannot be removed: ${error.message}`);
      });
    }
  }
}
