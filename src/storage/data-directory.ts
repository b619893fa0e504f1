/**
 * DataDirectory: the folder that everything durable of one broker is in, and the locks that keep
 * a second broker out: the operating system's (process-lock.ts), and a file that says who has it
 * and keeps others out where there are none. What the folder holds is for the logs to know.
 */
import fs from 'node:fs';
import path from 'node:path';
import type { Log } from '../log.ts';
import { DiskFiles } from './disk-files.ts';
import { ProcessLock } from './process-lock.ts';

/** No group and no others. */
const MODE = 0o700;

const FORMAT = 1;
const FORMAT_NAME = 'FORMAT';
const LOCK_NAME = 'LOCK';
const PROCESS_LOCK_NAME = 'LOCK.process';

/** The logs that there are, a folder each. */
const LOG_NAMES = ['definitions', 'messages'] as const;

type LogName = (typeof LOG_NAMES)[number];

/** How often two brokers that start at once may find each other's lock before one gives up. */
const ATTEMPTS = 5;

/** How file systems without hard links say so. */
const NO_LINKS = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS']);

/** Who holds a lock. */
interface Holder {
  readonly pid: number;
  /** In a unit of the system's own; tells a process from a later one of the same number. */
  readonly started: string;
}

export class DataDirectory {
  readonly path: string;
  private readonly lock: string;
  /** null where the system has none. */
  private readonly processLock: ProcessLock | null;

  private constructor(folder: string, processLock: ProcessLock | null, log: Log) {
    this.path = folder;
    this.processLock = processLock;
    this.lock = takeLock(folder, log);
  }

  /**
   * Makes the folder if it has to, and locks it.
   * @throws Error in one plain sentence if it cannot be had: in use, of a newer version, no rights
   */
  static open(folder: string, log: Log): DataDirectory {
    const absolute = path.resolve(folder);
    try {
      fs.mkdirSync(absolute, { recursive: true, mode: MODE });
      fs.accessSync(absolute, fs.constants.R_OK | fs.constants.W_OK | fs.constants.X_OK);
    } catch (error) {
      throw new Error(`the data directory ${absolute} cannot be used: ${(error as Error).message}`);
    }
    const processLock = takeProcessLock(absolute, log);
    let directory: DataDirectory;
    try {
      directory = new DataDirectory(absolute, processLock, log);
    } catch (error) {
      processLock?.release();
      throw error;
    }
    try {
      directory.checkFormat();
    } catch (error) {
      directory.close();
      throw error;
    }
    return directory;
  }

  /** The files of one log, in a folder of their own. */
  files(name: LogName): DiskFiles {
    const folder = path.join(this.path, name);
    fs.mkdirSync(folder, { recursive: true, mode: MODE });
    return new DiskFiles(folder);
  }

  /** What the file system has left for us. */
  async freeBytes(): Promise<number> {
    const { bavail, bsize } = await fs.promises.statfs(this.path);
    return bavail * bsize;
  }

  /** Deletes what the logs have kept; nothing else that may be in the folder. */
  async erase(): Promise<void> {
    for (const name of LOG_NAMES) {
      await fs.promises.rm(path.join(this.path, name), { recursive: true, force: true });
    }
  }

  /** Lets another broker have it. */
  close(): void {
    const file = path.join(this.path, LOCK_NAME);
    try {
      if (fs.readFileSync(file, 'utf8') === this.lock) fs.unlinkSync(file);
    } catch {
      // Somebody removed it: then there is nothing to give back.
    }
    this.processLock?.release();
  }

  private checkFormat(): void {
    const file = path.join(this.path, FORMAT_NAME);
    if (!fs.existsSync(file)) {
      fs.writeFileSync(file, `${FORMAT}\n`, { mode: 0o600 });
      return;
    }
    const format = Number.parseInt(fs.readFileSync(file, 'utf8'), 10);
    if (format > FORMAT) {
      throw new Error(
        `the data directory ${this.path} is of format ${format}, made by a newer Warren; ` +
          `this one knows format ${FORMAT}`,
      );
    }
  }
}

/**
 * Keeps out who cannot be seen from here: in another container, numbers of processes say nothing.
 * @throws Error if another broker has it
 */
function takeProcessLock(folder: string, log: Log): ProcessLock | null {
  let lock: ProcessLock | 'taken';
  try {
    lock = ProcessLock.take(path.join(folder, PROCESS_LOCK_NAME));
  } catch (error) {
    const { message } = error as Error;
    log.warning(`a broker in another container would not be kept out of ${folder}: ${message}`);
    return null;
  }
  if (lock !== 'taken') return lock;
  const pid = readHolder(path.join(folder, LOCK_NAME))?.pid ?? '?';
  throw new Error(`the data directory ${folder} is in use by the broker with pid ${pid}`);
}

/** @returns what is in the lock file now */
function takeLock(folder: string, log: Log): string {
  const file = path.join(folder, LOCK_NAME);
  const own = path.join(folder, `${LOCK_NAME}.${process.pid}`);
  const holder: Holder = { pid: process.pid, started: startOf(process.pid) };
  const text = `${JSON.stringify(holder)}\n`;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    if (makeLock(own, file, text)) return text;
    removeStale(folder, file, log);
  }
  throw new Error(`the data directory ${folder} is being taken by another broker`);
}

/** Returns false if there is a lock already. */
function makeLock(own: string, file: string, text: string): boolean {
  fs.writeFileSync(own, text, { mode: 0o600 });
  try {
    // As a link, the file is whole from its first moment.
    fs.linkSync(own, file);
    return true;
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return false;
    if (!NO_LINKS.has(code)) throw error;
  } finally {
    fs.rmSync(own, { force: true });
  }
  return makeLockWithoutLinks(file, text);
}

function makeLockWithoutLinks(file: string, text: string): boolean {
  try {
    fs.writeFileSync(file, text, { mode: 0o600, flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** @throws Error if the holder of the lock is alive */
function removeStale(folder: string, file: string, log: Log): void {
  const found = readHolder(file);
  if (found !== null && isAlive(found)) {
    throw new Error(`the data directory ${folder} is in use by the broker with pid ${found.pid}`);
  }
  log.warning(`the lock of the data directory was left by pid ${found?.pid ?? '?'}, which is gone`);
  // Under a name of its own first: another broker may be doing the same.
  const aside = `${file}.stale.${process.pid}`;
  try {
    fs.renameSync(file, aside);
    const moved = readHolder(aside);
    if (moved !== null && isAlive(moved)) fs.renameSync(aside, file);
    else fs.rmSync(aside, { force: true });
  } catch (error) {
    if (!['ENOENT', 'EEXIST'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
}

function readHolder(file: string): Holder | null {
  try {
    const holder = JSON.parse(fs.readFileSync(file, 'utf8')) as Holder;
    return Number.isInteger(holder.pid) ? holder : null;
  } catch {
    return null;
  }
}

function isAlive({ pid, started }: Holder): boolean {
  const current = startOf(pid);
  if (current !== '' && started !== '') return current === started;
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
  // Without a start time: our own number is left by the container that ran here before.
  return pid !== process.pid;
}

/** When a process started, as the system counts; '' where that is not to be had. */
function startOf(pid: number): string {
  try {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8');
    const boot = fs.readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    // The name in brackets may hold anything, even brackets and blanks.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return `${boot} ${fields[19]}`;
  } catch {
    return '';
  }
}
