/** Heartbeats by a clock that the test moves: what is sent, and when a silent peer is given up. */
import { describe, expect, it } from 'vitest';
import { HEARTBEAT_FRAME } from '../../protocols/amqp/frames.ts';
import { Heartbeat } from '../../protocols/amqp/heartbeat.ts';
import { ManualClock } from '../../src/clock.ts';
import type { Outbox } from '../../src/server/outbox.ts';

const INTERVAL_MS = 10_000;

/** An outbox that only counts, and a heartbeat on it. */
function bench() {
  const clock = new ManualClock();
  const sent: Buffer[] = [];
  const outbox = {
    bytes: 100,
    taken: false,
    write(bytes: Buffer) {
      this.bytes += bytes.length;
      sent.push(bytes);
    },
    moved() {
      return this.taken;
    },
  };
  let deaths = 0;
  const dead = () => {
    deaths++;
    heartbeat.stop();
  };
  const heartbeat = new Heartbeat(clock, outbox as unknown as Outbox, INTERVAL_MS, dead);
  return { clock, outbox, heartbeat, sent, deaths: () => deaths };
}

describe('a heartbeat', () => {
  it('is sent when nothing else was, at least once an interval', () => {
    const { clock, heartbeat, sent } = bench();
    for (let i = 1; i <= 10; i++) {
      heartbeat.hear();
      clock.advance(INTERVAL_MS);
      expect(sent.length).toBeGreaterThanOrEqual(i);
      // And not more often than twice.
      expect(sent.length).toBeLessThanOrEqual(2 * i);
    }
    expect(sent.every((bytes) => bytes.equals(HEARTBEAT_FRAME))).toBe(true);
  });

  it('is not sent while other bytes are', () => {
    const { clock, outbox, heartbeat, sent } = bench();
    for (let i = 0; i < 20; i++) {
      heartbeat.hear();
      outbox.bytes += 1;
      clock.advance(INTERVAL_MS / 2);
    }
    expect(sent).toEqual([]);
  });

  it('gives a peer up that is silent for more than two intervals, but no more than three', () => {
    const { clock, deaths } = bench();
    clock.advance(2 * INTERVAL_MS);
    expect(deaths()).toBe(0);
    clock.advance(INTERVAL_MS);
    expect([deaths(), clock.pending]).toEqual([1, 0]);
  });

  it('never gives a peer up that says something once an interval', () => {
    const { clock, heartbeat, deaths } = bench();
    for (let i = 0; i < 50; i++) {
      clock.advance(INTERVAL_MS);
      heartbeat.hear();
    }
    expect(deaths()).toBe(0);
  });

  it('forgives one silent interval at a time', () => {
    const { clock, heartbeat, deaths } = bench();
    for (let i = 0; i < 20; i++) {
      clock.advance(2 * INTERVAL_MS);
      heartbeat.hear();
    }
    expect(deaths()).toBe(0);
  });

  it('does not give a peer up that we do not read from, and starts anew when we do again', () => {
    const { clock, heartbeat, deaths } = bench();
    heartbeat.deaf = true;
    clock.advance(20 * INTERVAL_MS);
    expect(deaths()).toBe(0);
    heartbeat.deaf = false;
    heartbeat.hear();
    clock.advance(2 * INTERVAL_MS);
    expect(deaths()).toBe(0);
    clock.advance(INTERVAL_MS);
    expect(deaths()).toBe(1);
  });

  it('does not give a peer up that is busy taking what was sent', () => {
    const { clock, outbox, deaths } = bench();
    outbox.taken = true;
    clock.advance(20 * INTERVAL_MS);
    expect(deaths()).toBe(0);
    outbox.taken = false;
    clock.advance(3 * INTERVAL_MS);
    expect(deaths()).toBe(1);
  });

  it('is over when it is stopped', () => {
    const { clock, heartbeat, sent, deaths } = bench();
    heartbeat.stop();
    clock.advance(10 * INTERVAL_MS);
    expect([sent.length, deaths(), clock.pending]).toEqual([0, 0, 0]);
  });
});
