/**
 * FileCache: segment files that are open for reading. Opened when asked for; those that nobody
 * reads at the moment stay open up to a number, the longest unused go first. So a log of any size
 * costs few handles.
 */
import type { Files, OpenFile } from '../files.ts';

interface Held {
  readonly opening: Promise<OpenFile>;
  readers: number;
  forgotten: boolean;
}

export class FileCache {
  private readonly files: Files;
  private readonly limit: number;
  /** By name, the longest unused first. */
  private readonly held = new Map<string, Held>();

  constructor(files: Files, limit: number) {
    this.files = files;
    this.limit = limit;
  }

  /** Runs `read` on the open file. @throws what it or opening throws */
  async use<T>(name: string, read: (file: OpenFile) => Promise<T>): Promise<T> {
    const held = this.hold(name);
    held.readers++;
    try {
      return await read(await held.opening);
    } catch (error) {
      // Whatever it was, the next reader starts with a file of its own.
      this.drop(name, held);
      throw error;
    } finally {
      held.readers--;
      if (!held.forgotten) this.trim();
      else if (held.readers === 0) void closeFile(held);
    }
  }

  /** The file will not be asked for again. */
  forget(name: string): void {
    const held = this.held.get(name);
    if (held !== undefined) this.drop(name, held);
  }

  async close(): Promise<void> {
    const all = [...this.held.values()];
    this.held.clear();
    await Promise.all(all.map(closeFile));
  }

  private hold(name: string): Held {
    const known = this.held.get(name);
    if (known !== undefined) {
      this.held.delete(name);
      this.held.set(name, known);
      return known;
    }
    const held = { opening: this.files.open(name, 'read'), readers: 0, forgotten: false };
    held.opening.catch(() => {});
    this.held.set(name, held);
    return held;
  }

  private drop(name: string, held: Held): void {
    if (held.forgotten) return;
    held.forgotten = true;
    if (this.held.get(name) === held) this.held.delete(name);
    if (held.readers === 0) void closeFile(held);
  }

  private trim(): void {
    if (this.held.size <= this.limit) return;
    for (const [name, held] of this.held) {
      if (held.readers > 0) continue;
      this.drop(name, held);
      if (this.held.size <= this.limit) return;
    }
  }
}

async function closeFile({ opening }: Held): Promise<void> {
  await opening.then((file) => file.close()).catch(() => {});
}
