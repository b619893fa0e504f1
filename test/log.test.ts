import { describe, expect, test } from 'vitest';
import { ManualClock } from '../src/clock.ts';
import { createLog, type LogFormat, type LogLevel, silentLog } from '../src/log.ts';

const TIME = Date.UTC(2026, 10, 22, 15, 0, 0, 7);

function recorder(level: LogLevel, format: LogFormat = 'plaintext') {
  const lines: string[] = [];
  const clock = new ManualClock(TIME);
  return { lines, log: createLog({ level, format, clock, write: (line) => lines.push(line) }) };
}

describe('a log in plain text', () => {
  test('writes time, level and text as RabbitMQ does, then the fields', () => {
    const { lines, log } = recorder('info');
    log.info('Server startup complete');
    log.warning('listener closed', { port: 5672, host: '::1', tls: false, nothing: undefined });
    expect(lines).toEqual([
      '2026-11-22 15:00:00.007+00:00 [info] Server startup complete\n',
      '2026-11-22 15:00:00.007+00:00 [warning] listener closed port=5672 host=::1 tls=false\n',
    ]);
  });

  test('takes the text literally, percent signs and all', () => {
    const { lines, log } = recorder('info');
    log.info('memory at 60%, queue %s full %d%%', { a: 1 });
    expect(lines[0]).toContain('[info] memory at 60%, queue %s full %d%% a=1\n');
  });

  test('lets no control character of a client forge a line', () => {
    const { lines, log } = recorder('info');
    log.info('login of\nevil\u001b[2J', { user: 'a\r\n2026-11-22 [error] b\u2028' });
    expect(lines).toHaveLength(1);
    expect(lines[0]?.trimEnd()).toBe(
      '2026-11-22 15:00:00.007+00:00 [info] login of\\nevil\\x1b[2J ' +
        'user=a\\r\\n2026-11-22 [error] b\\x2028',
    );
  });

  test('prints the stack of an error below the line, indented', () => {
    const { lines, log } = recorder('error');
    const error = new Error('disk on fire');
    error.stack = 'Error: disk on fire\n    at burn (fire.ts:1:1)';
    log.error('store failed', { error });
    expect(lines[0]).toBe(
      '2026-11-22 15:00:00.007+00:00 [error] store failed\n' +
        '    Error: disk on fire\n    at burn (fire.ts:1:1)\n',
    );
  });

  test('blanks secrets, counts the bytes of buffers and cuts what is too long', () => {
    const { lines, log } = recorder('info');
    log.info('oops', { password: 'hunter2', Token: 't0k', chunk: Buffer.from('hunter2') });
    log.info('x'.repeat(5000), { name: 'y'.repeat(5000) });
    expect(lines[0]).toContain('[info] oops password=*** Token=*** chunk=7 bytes\n');
    expect(lines[1]?.length).toBeLessThan(4300);
  });
});

describe('a log in JSON', () => {
  test('writes one object per line whose fields cannot pose as the time or the level', () => {
    const { lines, log } = recorder('debug', 'json');
    log.debug('state\n', { level: 'error', time: 0, password: 'hunter2' });
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/^[^\n]*\n$/);
    expect(JSON.parse(lines[0] ?? '')).toEqual({
      time: '2026-11-22 15:00:00.007+00:00',
      level: 'debug',
      msg: 'state\n',
      fields: { level: 'error', time: 0, password: '***' },
    });
  });
});

describe('the level of a log', () => {
  test.each([
    ['debug', 4],
    ['info', 3],
    ['warning', 2],
    ['error', 1],
    ['critical', 0],
    ['none', 0],
  ] as const)('%s lets the right lines through', (level, expected) => {
    const { lines, log } = recorder(level);
    log.error('e');
    log.warning('w');
    log.info('i');
    log.debug('d');
    expect(lines.map((line) => line.split(' ')[2])).toEqual(
      ['[error]', '[warning]', '[info]', '[debug]'].slice(0, expected),
    );
  });

  test('does not matter to the silent log, which takes everything and writes nothing', () => {
    expect(() => silentLog.error('x', { a: 1 })).not.toThrow();
  });
});
