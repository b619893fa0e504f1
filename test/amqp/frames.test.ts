/** Cutting chunks into frames: splits, bounds, markers, stopping. */
import { Buffer } from 'node:buffer';
import { describe, expect, it } from 'vitest';
import { AmqpError } from '../../protocols/amqp/errors.ts';
import { FrameReader, type FrameSink, HEARTBEAT_FRAME } from '../../protocols/amqp/frames.ts';
import { bytesOf } from './frames/fixture.ts';

/** Writes down the calls; a body as the text of its pieces. */
class Recorder implements FrameSink {
  readonly calls: string[] = [];
  /** Called after each call is written down. */
  after: (call: string) => void = () => {};

  method(channel: number, buf: Buffer, start: number, end: number): void {
    this.note(`method ${channel} ${buf.toString('latin1', start, end)}`);
  }

  header(channel: number, buf: Buffer, start: number, end: number): void {
    this.note(`header ${channel} ${buf.toString('latin1', start, end)}`);
  }

  body(channel: number, buf: Buffer, start: number, end: number): void {
    this.note(`body ${channel} ${buf.toString('latin1', start, end)}`);
  }

  heartbeat(channel: number): void {
    this.note(`heartbeat ${channel}`);
  }

  private note(call: string): void {
    this.calls.push(call);
    this.after(call);
  }
}

const FRAME_MAX = 4096;

function reader(frameMax = FRAME_MAX): { sink: Recorder; read(...chunks: Buffer[]): string[] } {
  const sink = new Recorder();
  const frames = new FrameReader(sink, frameMax);
  return {
    sink,
    read(...chunks) {
      for (const chunk of chunks) {
        // A shared read buffer: somebody else's bytes around ours, and others afterwards.
        const shared = Buffer.alloc(chunk.length + 9, 0xce);
        shared.set(chunk, 4);
        frames.read(shared, 4, 4 + chunk.length);
        shared.fill(0xaa);
      }
      return sink.calls;
    },
  };
}

function refusal(...chunks: Buffer[]): AmqpError {
  const { read } = reader();
  try {
    read(...chunks);
  } catch (error) {
    expect(error).toBeInstanceOf(AmqpError);
    expect((error as AmqpError).kind).toBe('FRAME_ERROR');
    return error as AmqpError;
  }
  throw new Error('nothing was thrown');
}

const METHOD = bytesOf("01 0001 00000006 'method' ce");
const HEADER = bytesOf("02 0001 00000006 'header' ce");
const BODY = bytesOf("03 0001 00000004 'body' ce");
const MESSAGE = Buffer.concat([METHOD, HEADER, BODY]);

describe('a frame reader', () => {
  it('hands over the frames of a chunk in order', () => {
    const calls = ['method 1 method', 'header 1 header', 'body 1 body', 'heartbeat 0'];
    expect(reader().read(Buffer.concat([MESSAGE, HEARTBEAT_FRAME]))).toEqual(calls);
  });

  it('does not copy a frame that lies whole in its chunk', () => {
    const seen: unknown[] = [];
    const sink = new Recorder();
    sink.method = (_, buf, start, end) => seen.push(buf, start, end);
    new FrameReader(sink, FRAME_MAX).read(MESSAGE, 0, MESSAGE.length);
    expect(seen).toEqual([MESSAGE, 7, 13]);
    expect(seen[0]).toBe(MESSAGE);
  });

  it.each(Array.from({ length: MESSAGE.length + 1 }, (_, i) => i))(
    'reads the same from two chunks, the first of %i bytes',
    (length) => {
      const calls = reader().read(MESSAGE.subarray(0, length), MESSAGE.subarray(length));
      expect(calls.slice(0, 2)).toEqual(['method 1 method', 'header 1 header']);
      const pieces = calls.slice(2).map((call) => call.replace('body 1 ', ''));
      expect(pieces.join('')).toBe('body');
      expect(pieces).not.toContain('');
    },
  );

  it('completes a header that comes in three chunks', () => {
    const chunks = [HEADER.subarray(0, 3), HEADER.subarray(3, 9), HEADER.subarray(9)];
    expect(reader().read(...chunks)).toEqual(['header 1 header']);
  });

  it('passes pieces of a body on as they come', () => {
    const { read } = reader();
    expect(read(BODY.subarray(0, 9))).toEqual(['body 1 bo']);
    expect(read(BODY.subarray(9, 11))).toEqual(['body 1 bo', 'body 1 dy']);
    expect(read(BODY.subarray(11), METHOD)).toHaveLength(3);
  });

  it('makes nothing of an empty body frame', () => {
    const empty = bytesOf('03 0001 00000000 ce');
    expect(reader().read(empty, METHOD)).toEqual(['method 1 method']);
    expect(reader().read(empty.subarray(0, 7), empty.subarray(7), METHOD)).toHaveLength(1);
  });

  it('makes nothing of an empty chunk', () => {
    expect(reader().read(Buffer.alloc(0), METHOD.subarray(0, 9), Buffer.alloc(0))).toEqual([]);
  });

  it('reads channels up to 65535', () => {
    expect(reader().read(bytesOf('01 ffff 00000000 ce'))).toEqual(['method 65535 ']);
  });

  it('completes split frames larger than what it keeps for them, again and again', () => {
    const large = Buffer.concat([
      bytesOf('01 0001 00000ff8'),
      Buffer.alloc(FRAME_MAX - 8, 'x'),
      bytesOf('ce'),
    ]);
    const twice = Buffer.concat([large, METHOD, large]);
    const calls = reader().read(
      twice.subarray(0, 2000),
      twice.subarray(2000, 6000),
      twice.subarray(6000),
    );
    expect(calls.map((call) => call.length)).toEqual([9 + 4088, 15, 9 + 4088]);
  });
});

describe('frames that are too large', () => {
  it('may fill the payload up to frame-max, as RabbitMQ lets them, and not one byte more', () => {
    const most = Buffer.concat([
      bytesOf('03 0001 00001000'),
      Buffer.alloc(4096, 'x'),
      bytesOf('ce'),
    ]);
    expect(reader().read(most)).toHaveLength(1);
    const more = Buffer.concat([
      bytesOf('03 0001 00001001'),
      Buffer.alloc(4097, 'x'),
      bytesOf('ce'),
    ]);
    expect(refusal(more).message).toBe(
      'type 3 frame has 4097 bytes of payload where 4088 are allowed',
    );
  });

  it('are refused as soon as their header is there', () => {
    expect(refusal(bytesOf('01 0001 00001001')).code).toBe(501);
    expect(refusal(bytesOf('01 0001'), bytesOf('7fffffff')).code).toBe(501);
    expect(refusal(bytesOf('03 0001 ffffffff')).code).toBe(501);
  });

  it('are measured by what has been negotiated last', () => {
    const sink = new Recorder();
    const frames = new FrameReader(sink, FRAME_MAX);
    sink.after = () => {
      frames.frameMax = 4;
    };
    const bytes = Buffer.concat([METHOD, METHOD]);
    expect(() => frames.read(bytes, 0, bytes.length)).toThrow('where -4 are allowed');
    expect(sink.calls).toHaveLength(1);
  });
});

describe('frames that are not frames', () => {
  it.each(['00', '04', '07', '09', 'ff'])('of type %s are refused', (type) => {
    const text = `unknown frame type ${Number.parseInt(type, 16)}`;
    expect(refusal(bytesOf(`${type} 0000 00000000 ce`)).message).toBe(text);
    expect(refusal(bytesOf(`${type} 0000`), bytesOf('00000000')).message).toBe(text);
  });

  it('are refused if they are HTTP', () => {
    expect(refusal(Buffer.from('GET / HTTP/1.1\r\n\r\n')).message).toBe('unknown frame type 71');
  });

  it('without end marker are refused, however they come', () => {
    const text = 'frame ends in 0 where the end marker 206 belongs';
    for (const frame of [METHOD, HEADER, BODY, HEARTBEAT_FRAME]) {
      const broken = Buffer.from(frame);
      broken[broken.length - 1] = 0;
      expect(refusal(broken).message).toBe(text);
      const bytes = Array.from({ length: broken.length }, (_, i) => broken.subarray(i, i + 1));
      expect(refusal(...bytes).message).toBe(text);
    }
  });

  it('are refused if a heartbeat has a payload', () => {
    expect(refusal(bytesOf("08 0000 00000001 'x' ce")).kind).toBe('FRAME_ERROR');
  });

  it('are the last thing that is read', () => {
    const { sink, read } = reader();
    expect(() => read(bytesOf('09 0000 00000000 ce'))).toThrow(AmqpError);
    read(METHOD);
    expect(sink.calls).toEqual([]);
  });
});

describe('stopping', () => {
  it.each(['method 1 method', 'header 1 header', 'body 1 body'])(
    'in the middle of a chunk, after %s, ignores the rest',
    (last) => {
      for (const chunks of [[MESSAGE, MESSAGE], [...MESSAGE].map((byte) => Buffer.from([byte]))]) {
        const sink = new Recorder();
        const frames = new FrameReader(sink, FRAME_MAX);
        sink.after = (call) => {
          if (call === last || call.startsWith('body')) frames.stop();
        };
        for (const chunk of chunks) frames.read(chunk, 0, chunk.length);
        const calls = sink.calls.length;
        expect(sink.calls[calls - 1]).toMatch(last.slice(0, 8));
        frames.read(bytesOf('ff'), 0, 1);
        expect(sink.calls).toHaveLength(calls);
      }
    },
  );

  it('between chunks ignores the later ones', () => {
    const sink = new Recorder();
    const frames = new FrameReader(sink, FRAME_MAX);
    frames.read(METHOD, 0, 9);
    frames.stop();
    frames.read(METHOD, 9, METHOD.length);
    frames.read(METHOD, 0, METHOD.length);
    expect(sink.calls).toEqual([]);
  });
});
