/**
 * Files: one folder as the durable logs see it. The only way they touch a disk, so that tests can
 * put a folder under them that tears writes, fills up, fails to sync, or loses its power. The real
 * one is disk-files.ts.
 */

/** How {@link Files.open} opens: for reading, as a new file, or for reading and writing. */
export type OpenMode = 'read' | 'create' | 'write';

/** A file in use. Positions and sizes in bytes. */
export interface OpenFile {
  /**
   * Writes one buffer after the other. Resolves with how many bytes were written: fewer than
   * asked for if the disk would not take more.
   */
  write(buffers: readonly Uint8Array[], position: number): Promise<number>;
  /** Resolves with how many bytes there were: fewer than asked for only at the end of the file. */
  read(into: Uint8Array, position: number): Promise<number>;
  size(): Promise<number>;
  truncate(bytes: number): Promise<void>;
  /**
   * Resolves when what was written will survive a power cut. After a failure nothing is known of
   * what was written before, and a second call may claim success: do not make it.
   */
  sync(): Promise<void>;
  close(): Promise<void>;
}

/** See the head of this file. Names are without a path. */
export interface Files {
  list(): Promise<string[]>;
  /** 'create' fails if the file exists, 'read' if it does not; 'write' makes it if it has to. */
  open(name: string, mode: OpenMode): Promise<OpenFile>;
  remove(name: string): Promise<void>;
  /** Replaces what is called `to`, as one step. */
  rename(from: string, to: string): Promise<void>;
  /** Resolves when files that came, went or were renamed will have done so after a power cut. */
  syncFolder(): Promise<void>;
}

/** Reads a whole file. @throws what opening or reading it throws */
export async function readWhole(files: Files, name: string): Promise<Buffer> {
  const file = await files.open(name, 'read');
  try {
    const content = Buffer.allocUnsafe(await file.size());
    let bytes = 0;
    while (bytes < content.length) {
      const read = await file.read(content.subarray(bytes), bytes);
      if (read === 0) break;
      bytes += read;
    }
    return content.subarray(0, bytes);
  } finally {
    await file.close();
  }
}
