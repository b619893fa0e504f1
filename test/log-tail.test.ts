import { expect, test } from 'vitest';
import { LOG_TAIL_LINES } from '../src/limits-console.ts';
import { silentLog } from '../src/log.ts';
import { type LogLine, LogTail } from '../src/log-tail.ts';

test('a tail keeps the last lines as the log prints them, secrets blanked', () => {
  const passed: string[] = [];
  const inner = { ...silentLog, info: (text: string) => passed.push(text) };
  const tail = new LogTail(inner, 'info', () => 7);
  tail.debug('not wanted');
  tail.info('one\nforged', { user: 'guest', password: 'secret' });
  expect(tail.lines()).toEqual([
    { timeMs: 7, level: 'info', text: 'one\\nforged user=guest password=***' },
  ]);
  expect(passed).toEqual(['one\nforged']);
  for (let i = 0; i < LOG_TAIL_LINES + 3; i++) tail.warning(`line ${i}`);
  const kept = tail.lines();
  expect(kept.length).toBe(LOG_TAIL_LINES);
  expect([kept[0]?.text, kept.at(-1)?.text]).toEqual(['line 3', `line ${LOG_TAIL_LINES + 2}`]);
});

test('who watches sees every line until it has seen enough', () => {
  const tail = new LogTail(silentLog, 'error');
  const seen: LogLine[] = [];
  const enough = tail.watch((line) => seen.push(line));
  tail.warning('too quiet');
  tail.error('loud');
  enough();
  tail.error('later');
  expect(seen.map(({ level, text }) => [level, text])).toEqual([['error', 'loud']]);
});

test('of a log that is switched off nothing is kept', () => {
  const tail = new LogTail(silentLog, 'none');
  tail.error('x');
  expect(tail.lines()).toEqual([]);
});
