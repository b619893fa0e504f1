/**
 * ProcessLock: a lock on a file that the operating system takes back when its process ends, however
 * that ends, and that holds for processes of other containers and, where the file system passes
 * locks on, of other machines. Node has none, but its SQLite has. The file stays empty.
 */
import type { DatabaseSync } from 'node:sqlite';

/** SQLite's number for "somebody else has it". */
const SQLITE_BUSY = 5;

/** See the head of this file. */
export class ProcessLock {
  private readonly database: DatabaseSync;

  private constructor(database: DatabaseSync) {
    this.database = database;
  }

  /**
   * @returns the lock; 'taken' if another process, or another lock of ours, has it
   * @throws Error if neither this Node nor this file system has locks
   */
  static take(file: string): ProcessLock | 'taken' {
    const sqlite = process.getBuiltinModule('node:sqlite');
    if (sqlite === undefined) throw new Error('this Node has no SQLite');
    const database = new sqlite.DatabaseSync(file, { timeout: 0 });
    try {
      database.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
      return new ProcessLock(database);
    } catch (error) {
      database.close();
      if ((error as { errcode?: number }).errcode === SQLITE_BUSY) return 'taken';
      throw error;
    }
  }

  /** Lets others have it, once. The file stays: removing it would take it from under them. */
  release(): void {
    if (this.database.isOpen) this.database.close();
  }
}
