/** Frames that wait: kept as copies, in their order, and counted. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FrameBacklog } from '../../protocols/amqp/frame-backlog.ts';
import { FRAME_BODY, FRAME_HEADER, FRAME_METHOD } from '../../protocols/amqp/frames.ts';

/** A backlog whose frames are written down when they are replayed. */
function bench() {
  const counter = {
    bytes: 0,
    heldBack(bytes: number) {
      this.bytes += bytes;
    },
  };
  const backlog = new FrameBacklog(counter);
  const replayed: string[] = [];
  const note = (kind: string) => (channel: number, buf: Buffer, start: number, end: number) => {
    replayed.push(`${kind} ${channel} ${buf.toString('latin1', start, end)}`);
  };
  const sink = { method: note('method'), header: note('header'), body: note('body') };
  return { counter, backlog, replayed, sink };
}

describe('a frame backlog', () => {
  it('replays frames in their order as they were, though their buffer is used again', () => {
    const kinds = [
      ['method', FRAME_METHOD],
      ['header', FRAME_HEADER],
      ['body', FRAME_BODY],
    ] as const;
    const frame = fc.record({ kind: fc.constantFrom(...kinds), text: fc.string({ maxLength: 9 }) });
    const step = fc.oneof(frame, fc.constant('replay' as const));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 50 }), (steps) => {
        const { counter, backlog, replayed, sink } = bench();
        const shared = Buffer.alloc(64);
        const waiting: string[] = [];
        const expected: string[] = [];
        for (const one of steps) {
          if (one === 'replay') {
            if (backlog.empty) continue;
            backlog.replayOne(7, sink);
            expected.push(waiting.shift()!);
            continue;
          }
          const bytes = shared.write(one.text, 5, 'utf8');
          const [name, type] = one.kind;
          waiting.push(`${name} 7 ${shared.toString('latin1', 5, 5 + bytes)}`);
          backlog.add(type, shared, 5, 5 + bytes);
          shared.fill(0xaa);
        }
        expect(replayed).toEqual(expected);
        expect(backlog.empty).toBe(waiting.length === 0);
        const payloads = waiting.map((text) => text.replace(/^\w+ 7 /s, ''));
        expect(counter.bytes).toBe(payloads.join('').length);
      }),
    );
  });

  it('takes frames that come while one is replayed', () => {
    const { backlog, replayed, sink } = bench();
    const late = Buffer.from('late');
    backlog.add(FRAME_METHOD, Buffer.from('first'), 0, 5);
    const method = (channel: number, buf: Buffer, start: number, end: number) => {
      sink.method(channel, buf, start, end);
      if (replayed.length === 1) backlog.add(FRAME_METHOD, late, 0, 4);
    };
    while (!backlog.empty) backlog.replayOne(1, { ...sink, method });
    expect(replayed).toEqual(['method 1 first', 'method 1 late']);
  });

  it('holds nothing any more when it is cleared', () => {
    const { counter, backlog } = bench();
    for (let i = 0; i < 3; i++) backlog.add(FRAME_BODY, Buffer.alloc(100), 0, 100);
    expect(counter.bytes).toBe(300);
    backlog.clear();
    expect([counter.bytes, backlog.empty]).toEqual([0, true]);
    backlog.clear();
    expect(counter.bytes).toBe(0);
  });
});
