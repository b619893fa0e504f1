import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest';
import { type Log, silentLog } from '../../src/log.ts';
import { DataDirectory } from '../../src/storage/data-directory.ts';
import { Child } from '../support/child.ts';

let scratch: string;
let folder: string;
const warnings: string[] = [];
const log: Log = { ...silentLog, warning: (text) => void warnings.push(text) };

beforeEach(() => {
  scratch = mkdtempSync(path.join(tmpdir(), 'warren-data-'));
  folder = path.join(scratch, 'deep', 'data');
  warnings.length = 0;
});

afterEach(() => rmSync(scratch, { recursive: true, force: true }));

/** A lock as a broker with this pid, started then, would leave it. */
function leaveLock(holder: object): void {
  DataDirectory.open(folder, log).close();
  writeFileSync(path.join(folder, 'LOCK'), JSON.stringify(holder));
}

test('it is made, for its owner alone', async () => {
  const directory = DataDirectory.open(folder, log);
  expect(statSync(folder).mode & 0o777).toBe(0o700);
  const file = await directory.files('messages').open('x', 'create');
  await file.close();
  expect(statSync(path.join(folder, 'messages')).mode & 0o777).toBe(0o700);
  expect(statSync(path.join(folder, 'messages', 'x')).mode & 0o777).toBe(0o600);
  expect(await directory.freeBytes()).toBeGreaterThan(0);
  directory.close();
  expect(existsSync(path.join(folder, 'LOCK'))).toBe(false);
});

test('a second broker is kept out, and told by whom', () => {
  const directory = DataDirectory.open(folder, log);
  expect(() => DataDirectory.open(folder, log)).toThrow(
    `the data directory ${folder} is in use by the broker with pid ${process.pid}`,
  );
  directory.close();
  DataDirectory.open(folder, log).close();
  expect(warnings).toEqual([]);
});

test('the lock of a process that was killed is taken over', async () => {
  const child = new Child(process.execPath, ['-p', 'process.pid']);
  const [, number] = await child.printed(/(\d+)\n/);
  await child.ended;
  const pid = Number(number);
  leaveLock({ pid, started: '' });
  const directory = DataDirectory.open(folder, log);
  expect(warnings).toEqual([
    `the lock of the data directory was left by pid ${pid}, which is gone`,
  ]);
  expect(readFileSync(path.join(folder, 'LOCK'), 'utf8')).toContain(`${process.pid}`);
  directory.close();
});

test('a process that got the number of a dead broker does not keep anybody out', () => {
  leaveLock({ pid: process.ppid, started: 'another-boot 12' });
  DataDirectory.open(folder, log).close();
  leaveLock({ pid: process.pid, started: 'another-boot 12' });
  DataDirectory.open(folder, log).close();
  expect(warnings).toHaveLength(2);
});

test('a lock that says nothing is stale', () => {
  for (const text of ['', '{}', 'null']) {
    DataDirectory.open(folder, log).close();
    writeFileSync(path.join(folder, 'LOCK'), text);
    DataDirectory.open(folder, log).close();
  }
});

test('a broker that cannot be seen from here is kept out, and gone when its process is', async () => {
  // As in another container: its number is ours, its start is another's.
  leaveLock({ pid: process.pid, started: 'another-boot 12' });
  const file = path.join(folder, 'LOCK.process');
  const script = `
    const { DatabaseSync } = require('node:sqlite');
    new DatabaseSync(process.argv[1]).exec('BEGIN EXCLUSIVE');
    console.log('has it');
    setInterval(() => {}, 1000);`;
  const child = new Child(process.execPath, ['-e', script, file]);
  onTestFinished(() => child.destroy());
  await child.printed(/has it/);
  expect(() => DataDirectory.open(folder, log)).toThrow(/is in use by the broker with pid \d+/);
  child.signal('SIGKILL');
  await child.ended;
  DataDirectory.open(folder, log).close();
});

test('a directory of a newer version is refused and left as it is', () => {
  DataDirectory.open(folder, log).close();
  writeFileSync(path.join(folder, 'FORMAT'), '2\n');
  expect(() => DataDirectory.open(folder, log)).toThrow(/is of format 2, made by a newer Warren/);
  expect(existsSync(path.join(folder, 'LOCK'))).toBe(false);
});

test('a directory that cannot be had is said in one sentence', () => {
  writeFileSync(path.join(scratch, 'file'), '');
  expect(() => DataDirectory.open(path.join(scratch, 'file', 'data'), log)).toThrow(
    /^the data directory \S+ cannot be used: /,
  );
});
