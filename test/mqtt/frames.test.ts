/** FrameReader: packets come out whole, however the bytes came in. */
import { describe, expect, it } from 'vitest';
import { FrameReader } from '../../protocols/mqtt/frames.ts';
import { MqttError } from '../../protocols/mqtt/reason-codes.ts';

class Collector {
  readonly packets: string[] = [];
  onFrame: () => void = () => {};

  frame(first: number, buf: Buffer, start: number, end: number): void {
    this.packets.push(`${first.toString(16)}:${buf.toString('hex', start, end)}`);
    this.onFrame();
  }
}

/** A packet of type 3 with a body of that many bytes. */
function packet(bodyBytes: number, fill = 0xaa): Buffer {
  const length: number[] = [];
  for (let rest = bodyBytes; ; ) {
    const byte = rest % 128;
    rest = Math.floor(rest / 128);
    length.push(rest > 0 ? byte | 0x80 : byte);
    if (rest === 0) break;
  }
  return Buffer.concat([Buffer.from([0x30, ...length]), Buffer.alloc(bodyBytes, fill)]);
}

function shown(bytes: Buffer, headerBytes: number): string {
  return `30:${bytes.toString('hex', headerBytes)}`;
}

describe('FrameReader', () => {
  const stream = Buffer.concat([
    packet(0),
    packet(1, 1),
    packet(127, 2),
    packet(200, 3),
    packet(0),
  ]);
  const expected = [
    '30:',
    shown(packet(1, 1), 2),
    shown(packet(127, 2), 2),
    shown(packet(200, 3), 3),
    '30:',
  ];

  it.each([1, 2, 3, 7, 64, 1000])(
    'finds the packets in pieces of %i bytes [MQTT-2.1.4]',
    (size) => {
      const sink = new Collector();
      const reader = new FrameReader(sink, 1000);
      for (let at = 0; at < stream.length; at += size) {
        const chunk = Buffer.concat([Buffer.from('xx'), stream.subarray(at, at + size)]);
        reader.read(chunk, 2, chunk.length);
      }
      expect(sink.packets).toEqual(expected);
      expect(reader.pending).toBe(false);
    },
  );

  it.each([1, 2, 3, 1000])('keeps what comes while it is held, in pieces of %i bytes', (size) => {
    const sink = new Collector();
    const reader = new FrameReader(sink, 1000);
    sink.onFrame = () => reader.hold();
    for (let at = 0; at < stream.length; at += size) {
      reader.read(stream, at, Math.min(at + size, stream.length));
    }
    expect(sink.packets).toEqual(expected.slice(0, 1));
    for (let i = 2; i <= expected.length; i++) {
      reader.release();
      expect(sink.packets).toEqual(expected.slice(0, i));
    }
    reader.release();
    expect(sink.packets).toEqual(expected);
  });

  it('refuses a packet that is too large as soon as it is announced [MQTT-3.2.2-15]', () => {
    const reader = new FrameReader(new Collector(), 100);
    expect(() => reader.read(Buffer.from([0x30, 0x80, 0x80]), 0, 3)).not.toThrow();
    expect(() => reader.read(Buffer.from([0x80, 0x01]), 0, 2)).toThrow(MqttError);
  });

  it('refuses a remaining length of five bytes [MQTT-1.5.5-1]', () => {
    const reader = new FrameReader(new Collector(), 2 ** 30);
    const bytes = Buffer.from([0x30, 0xff, 0xff, 0xff, 0xff, 0x01]);
    expect(() => reader.read(bytes, 0, bytes.length)).toThrow(/four bytes/);
  });

  it('does not allocate what is only announced', () => {
    const reader = new FrameReader(new Collector(), 2 ** 30);
    const before = process.memoryUsage().arrayBuffers;
    const bomb = Buffer.from([0x30, 0xff, 0xff, 0xff, 0x7f, 1, 2, 3]);
    reader.read(bomb, 0, bomb.length);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1_000_000);
  });
});
