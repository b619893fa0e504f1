/**
 * The frame reader and the golden frames: in one piece, byte by byte, in random pieces, within a
 * larger buffer, twice in a row, and after a pause. And what it refuses, and how much it holds.
 */
import { describe, expect, it } from 'vitest';
import { StompError } from '../../protocols/stomp/errors.ts';
import type { FrameHead } from '../../protocols/stomp/frame-head.ts';
import { type Dialect, FrameReader, type FrameSink } from '../../protocols/stomp/frames.ts';
import { STOMP_COMMAND_MAX_BYTES, STOMP_HEADERS_MAX } from '../../src/limits.ts';
import { Random } from '../support/random.ts';
import { GOLDEN, V12 } from './frame-fixtures.ts';

const LIMITS = { headBytes: 4096, bodyBytes: 8192 };

class Recorder implements FrameSink {
  readonly frames: string[] = [];
  readonly heads: FrameHead[] = [];
  onFrame: () => void = () => {};

  frame(head: FrameHead, body: Buffer): void {
    const headers = head.names.map((name, index) => `${name}=${head.values[index]}|`);
    this.frames.push(`${head.command}|${headers.join('')}${body.toString()}`);
    this.heads.push(head);
    this.onFrame();
  }
}

function reading(dialect: Dialect = V12, limits = LIMITS) {
  const sink = new Recorder();
  const reader = new FrameReader(sink, limits);
  reader.speak(dialect);
  const read = (bytes: Buffer): number => {
    // A shared read buffer: somebody else's bytes around ours, and others afterwards.
    const shared = Buffer.alloc(bytes.length + 9, 'x\0\n');
    shared.set(bytes, 4);
    const at = reader.read(shared, 4, 4 + bytes.length) - 4;
    shared.fill('y');
    return at;
  };
  return { sink, reader, read };
}

function refusal(bytes: string | Buffer, limits = LIMITS): string {
  const { read } = reading(V12, limits);
  try {
    read(Buffer.from(bytes));
  } catch (error) {
    if (error instanceof StompError) return `${error.message}: ${error.detail}`;
    throw error;
  }
  return 'accepted';
}

/** The same answer if the bytes come one by one. */
function refusalByteByByte(bytes: string | Buffer, limits = LIMITS): string {
  const { read } = reading(V12, limits);
  try {
    for (const byte of Buffer.from(bytes)) read(Buffer.of(byte));
  } catch (error) {
    if (error instanceof StompError) return `${error.message}: ${error.detail}`;
    throw error;
  }
  return 'accepted';
}

describe.each(GOLDEN)('reads $title', ({ bytes, frames, dialect }) => {
  const golden = Buffer.from(bytes);

  it('in one piece', () => {
    const { sink, read } = reading(dialect);
    read(golden);
    expect(sink.frames).toEqual(frames);
  });

  it('byte by byte', () => {
    const { sink, read } = reading(dialect);
    for (const byte of golden) read(Buffer.of(byte));
    expect(sink.frames).toEqual(frames);
  });

  it('cut in two at every place', () => {
    for (let cut = 1; cut < golden.length; cut++) {
      const { sink, read } = reading(dialect);
      read(golden.subarray(0, cut));
      read(golden.subarray(cut));
      expect(sink.frames).toEqual(frames);
    }
  });

  it('in random pieces, three times in a row', () => {
    const random = new Random(golden.length);
    const thrice = Buffer.concat([golden, golden, golden]);
    const { sink, read } = reading(dialect);
    for (let at = 0; at < thrice.length; ) {
      const end = Math.min(thrice.length, at + 1 + random.below(17));
      read(thrice.subarray(at, end));
      at = end;
    }
    expect(sink.frames).toEqual([...frames, ...frames, ...frames]);
  });

  it('one frame at a time if it is paused after each', () => {
    const { sink, reader, read } = reading(dialect);
    sink.onFrame = () => {
      reader.paused = true;
    };
    for (let at = 0; at < golden.length; ) {
      reader.paused = false;
      at += read(golden.subarray(at));
    }
    expect(sink.frames).toEqual(frames);
  });
});

describe('a frame reader', () => {
  it('hands out the same head for the same bytes', () => {
    const { sink, read } = reading();
    read(Buffer.from('SEND\ndestination:a\n\none\0SEND\ndestination:a\n\ntwo\0'));
    expect(sink.heads[0]).toBe(sink.heads[1]);
  });

  it('gives every body a buffer of its own', () => {
    const bodies: Buffer[] = [];
    const reader = new FrameReader({ frame: (_head, body) => void bodies.push(body) }, LIMITS);
    const bytes = Buffer.from('SEND\n\none\0SEND\ncontent-length:3\n\ntwo\0');
    reader.read(bytes, 0, bytes.length);
    bytes.fill('x');
    expect(bodies.map(String)).toEqual(['one', 'two']);
  });

  it('does not keep more of a body than has come, and not much more than that', () => {
    const { read, sink } = reading(V12, { headBytes: 4096, bodyBytes: 1_000_000 });
    const body = Buffer.alloc(300_000, 'b');
    read(Buffer.from('SEND\n\n'));
    for (let at = 0; at < body.length; at += 1000) read(body.subarray(at, at + 1000));
    read(Buffer.from('\0'));
    expect(sink.frames).toEqual([`SEND|${body}`]);
  });

  it.each([
    ['a header without a colon', 'SEND\nfoo\n\n\0', 'Malformed frame: a header without a colon'],
    ['a header without a name', 'SEND\n:foo\n\n\0', 'Malformed frame: a header without a name'],
    [
      'CR without LF',
      'SEND\na:b\rc\n\n\0',
      'Malformed frame: CR without LF in the head of a frame',
    ],
    ['a NUL among headers', 'SEND\na:b\0', 'Malformed frame: NUL in the head of a frame'],
    [
      'an escape that 1.2 does not define [STOMP 1.2, Value Encoding]',
      'SEND\na:\\t\n\n\0',
      'Malformed frame: undefined escape sequence \\t in a header',
    ],
    [
      'a backslash at the end of a value',
      'SEND\na:b\\\n\n\0',
      'Malformed frame: undefined escape sequence \\ in a header',
    ],
    [
      'headers that are not UTF-8',
      Buffer.from('SEND\na:\xff\n\n\0', 'latin1'),
      'Malformed frame: headers must be UTF-8',
    ],
    [
      'a body that is longer than announced',
      'SEND\ncontent-length:2\n\nabc\0',
      'Malformed frame: no NUL after a body of 2 bytes',
    ],
    ['a negative length', 'SEND\ncontent-length:-1\n\n\0', /^Invalid header: 'content-length' is /],
    ['a length like 3abc', 'SEND\ncontent-length:3abc\n\nabc\0', /^Invalid header/],
    ['a length of nothing', 'SEND\ncontent-length:\n\n\0', /^Invalid header/],
    ['a hexadecimal length', 'SEND\ncontent-length:0x1\n\na\0', /^Invalid header/],
    [
      'a length beyond all numbers',
      `SEND\ncontent-length:${'9'.repeat(30)}\n\n`,
      /^Invalid header/,
    ],
    [
      'a command of many letters',
      `${'A'.repeat(STOMP_COMMAND_MAX_BYTES + 1)}\n\n\0`,
      'Malformed frame: the command is too long',
    ],
  ])('refuses %s, however the bytes come', (_what, bytes, answer) => {
    const expected = typeof answer === 'string' ? answer : expect.stringMatching(answer);
    expect(refusal(bytes)).toEqual(expected);
    expect(refusalByteByByte(bytes)).toEqual(expected);
  });

  it('refuses a head that is too large before it has come', () => {
    const answer = 'Frame too large: command and headers are larger than 4096 bytes';
    expect(refusal(`SEND\na:${'x'.repeat(5000)}`)).toBe(answer);
    expect(refusalByteByByte(`SEND\na:${'x'.repeat(5000)}`)).toBe(answer);
    expect(refusal('A'.repeat(5000))).toBe(answer);
  });

  it('refuses too many headers', () => {
    const limits = { headBytes: 100_000, bodyBytes: 100 };
    const most = `SEND\n${'a:b\n'.repeat(STOMP_HEADERS_MAX)}`;
    expect(refusal(`${most}\n\0`, limits)).toBe('accepted');
    expect(refusal(`${most}a:b\n\n\0`, limits)).toBe('Frame too large: more than 1000 headers');
  });

  it('refuses a large body when it is announced', () => {
    expect(refusal('SEND\ncontent-length:8192\n\n')).toBe('accepted');
    const answer = 'Frame too large: a body of 8193 bytes is larger than the allowed 8192 bytes';
    expect(refusal('SEND\ncontent-length:8193\n\n')).toBe(answer);
  });

  it('refuses a large body that is not announced when it becomes too large', () => {
    const { read } = reading();
    read(Buffer.from(`SEND\n\n${'x'.repeat(8192)}`));
    expect(() => read(Buffer.from('x'))).toThrow('Frame too large');
  });

  it('refuses the large body of a frame that has none', () => {
    expect(refusal(`ACK\nid:1\n\n${'x'.repeat(8193)}`)).toMatch(/^Frame too large/);
  });
});
