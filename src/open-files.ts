/**
 * Open files: how many this process may have, and how many of them may be sockets of clients. The
 * rest is for the store: a flood of connections must not keep it from opening its files.
 */
import { readFileSync } from 'node:fs';
import { SOCKETS_SHARE } from './limits.ts';

/** How many files the process may have open; Infinity where the system does not say. */
export function openFilesMax(): number {
  let text: string;
  try {
    text = readFileSync('/proc/self/limits', 'latin1');
  } catch {
    return Number.POSITIVE_INFINITY;
  }
  const soft = /^Max open files\s+(\d+)/m.exec(text)?.[1];
  return soft === undefined ? Number.POSITIVE_INFINITY : Number(soft);
}

/** How many connections there may be, of that many files. */
export function socketsMax(filesMax: number): number {
  return Math.max(1, Math.floor(filesMax * SOCKETS_SHARE));
}
