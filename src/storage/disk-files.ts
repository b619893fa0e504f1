/**
 * DiskFiles: a real folder. Every call is one of the operating system's, made on the thread pool;
 * what they mean together is for the logs to know. See files.ts.
 */
import fs from 'node:fs';
import path from 'node:path';
import type { Files, OpenFile, OpenMode } from './files.ts';

/** No group and no others: bodies and password hashes are in here. */
const MODE = 0o600;

const FLAGS: Readonly<Record<OpenMode, number>> = {
  read: fs.constants.O_RDONLY,
  create: fs.constants.O_RDWR | fs.constants.O_CREAT | fs.constants.O_EXCL,
  write: fs.constants.O_RDWR | fs.constants.O_CREAT,
};

export class DiskFiles implements Files {
  readonly path: string;

  /** @param folder must exist */
  constructor(folder: string) {
    this.path = folder;
  }

  list(): Promise<string[]> {
    return fs.promises.readdir(this.path);
  }

  open(name: string, mode: OpenMode): Promise<OpenFile> {
    return new Promise((resolve, reject) => {
      fs.open(path.join(this.path, name), FLAGS[mode], MODE, (error, fd) => {
        if (error === null) resolve(new DiskFile(fd));
        else reject(error);
      });
    });
  }

  remove(name: string): Promise<void> {
    return fs.promises.unlink(path.join(this.path, name));
  }

  rename(from: string, to: string): Promise<void> {
    return fs.promises.rename(path.join(this.path, from), path.join(this.path, to));
  }

  async syncFolder(): Promise<void> {
    // Windows has no such thing: there a rename is on disk when it returns.
    if (process.platform === 'win32') return;
    const folder = await fs.promises.open(this.path, 'r');
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  }
}

class DiskFile implements OpenFile {
  private readonly fd: number;

  constructor(fd: number) {
    this.fd = fd;
  }

  write(buffers: readonly Uint8Array[], position: number): Promise<number> {
    return new Promise((resolve, reject) => {
      fs.writev(this.fd, buffers, position, (error, bytes) => {
        if (error === null) resolve(bytes);
        else reject(error);
      });
    });
  }

  read(into: Uint8Array, position: number): Promise<number> {
    return new Promise((resolve, reject) => {
      fs.read(this.fd, into, 0, into.length, position, (error, bytes) => {
        if (error === null) resolve(bytes);
        else reject(error);
      });
    });
  }

  size(): Promise<number> {
    return new Promise((resolve, reject) => {
      fs.fstat(this.fd, (error, stats) => {
        if (error === null) resolve(stats.size);
        else reject(error);
      });
    });
  }

  truncate(bytes: number): Promise<void> {
    return this.call((done) => fs.ftruncate(this.fd, bytes, done));
  }

  sync(): Promise<void> {
    return this.call((done) => fs.fdatasync(this.fd, done));
  }

  close(): Promise<void> {
    return this.call((done) => fs.close(this.fd, done));
  }

  private call(run: (done: fs.NoParamCallback) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      run((error) => {
        if (error === null || error === undefined) resolve();
        else reject(error);
      });
    });
  }
}
