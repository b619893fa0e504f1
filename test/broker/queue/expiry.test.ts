import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Expiry } from '../../../src/broker/queue/expiry.ts';
import { ManualClock } from '../../../src/clock.ts';

/** What waits, by level and position, and what expired when. */
class Owner {
  readonly clock = new ManualClock(0);
  readonly waiting = new Map<string, number>();
  readonly expired: { readonly key: string; readonly atMs: number; readonly dueMs: number }[] = [];
  readonly expiry = new Expiry(this.clock, this);

  get size(): number {
    return this.waiting.size;
  }

  isWaiting(level: number, position: number, expiresAtMs: number): boolean {
    return this.waiting.get(`${level}/${position}`) === expiresAtMs;
  }

  expire(level: number, position: number): void {
    const key = `${level}/${position}`;
    const dueMs = this.waiting.get(key) as number;
    this.waiting.delete(key);
    this.expired.push({ key, atMs: this.clock.now(), dueMs });
  }

  add(level: number, position: number, dueMs: number): void {
    this.waiting.set(`${level}/${position}`, dueMs);
    this.expiry.add(level, position, dueMs);
    this.expiry.runDue();
  }

  /** The keys that expired so far, in order. */
  get keys(): string[] {
    return this.expired.map(({ key }) => key);
  }
}

describe('expiry', () => {
  test('expires a message behind one that lives longer, each at its own time', () => {
    const owner = new Owner();
    owner.add(0, 0, 100);
    owner.add(0, 1, 10);
    owner.add(3, 0, 50);
    owner.clock.advance(9);
    expect(owner.keys).toEqual([]);
    owner.clock.advance(1);
    expect(owner.keys).toEqual(['0/1']);
    owner.clock.advance(1000);
    expect(owner.expired.map(({ atMs }) => atMs)).toEqual([10, 50, 100]);
    expect(owner.clock.pending).toBe(0);
  });

  test('expires at once what is due when it comes', () => {
    const owner = new Owner();
    owner.clock.advance(5);
    owner.add(0, 0, 5);
    owner.add(0, 1, 3);
    expect(owner.keys).toEqual(['0/0', '0/1']);
  });

  test('does not touch a message that left, nor one that came back with another expiry', () => {
    const owner = new Owner();
    owner.add(0, 0, 10);
    owner.add(0, 1, 10);
    owner.waiting.delete('0/0');
    owner.waiting.set('0/1', 20);
    owner.clock.advance(15);
    expect(owner.keys).toEqual([]);
  });

  test('leaves no timer behind when it is cleared', () => {
    const owner = new Owner();
    owner.add(0, 0, 10);
    owner.expiry.clear();
    expect(owner.clock.pending).toBe(0);
    owner.clock.advance(20);
    expect(owner.keys).toEqual([]);
    owner.add(0, 1, 30);
    owner.clock.advance(10);
    expect(owner.keys).toEqual(['0/1']);
  });

  test('holds no more than twice what waits, however much comes and goes', () => {
    const owner = new Owner();
    for (let i = 0; i < 20_000; i++) {
      owner.add(i % 256, i, 1_000_000 + i);
      if (i % 10 !== 0) owner.waiting.delete(`${i % 256}/${i}`);
    }
    const { times } = owner.expiry as unknown as { times: number[] };
    expect(times.length).toBeLessThanOrEqual(2 * owner.size + 1024);
    owner.clock.advance(2_000_000);
    expect(owner.expired).toHaveLength(2000);
  });

  test('is a list sorted by time', () => {
    const step = fc.oneof(
      fc.record({ op: fc.constant('add' as const), n: fc.nat({ max: 40 }) }),
      fc.record({ op: fc.constant('leave' as const), n: fc.nat() }),
      fc.record({ op: fc.constant('advance' as const), n: fc.nat({ max: 10 }) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const owner = new Owner();
        const model = new Map<string, number>();
        const gone: string[] = [];
        let position = 0;
        for (const { op, n } of steps) {
          if (op === 'add') {
            const level = n % 3;
            const dueMs = owner.clock.now() + n;
            model.set(`${level}/${position}`, dueMs);
            owner.add(level, position++, dueMs);
          } else if (op === 'leave' && model.size > 0) {
            const key = [...model.keys()][n % model.size] as string;
            model.delete(key);
            owner.waiting.delete(key);
          } else if (op === 'advance') {
            owner.clock.advance(n);
          }
          for (const [key, dueMs] of [...model]) {
            if (dueMs > owner.clock.now()) continue;
            model.delete(key);
            gone.push(key);
          }
          expect([...owner.waiting]).toEqual([...model]);
        }
        expect([...owner.keys].sort()).toEqual([...gone].sort());
        const { expired } = owner;
        expect(expired.every(({ atMs, dueMs }) => atMs === dueMs)).toBe(true);
        const place = (key: string) => Number(key.split('/')[1]);
        const sorted = [...expired].sort(
          (a, b) => a.dueMs - b.dueMs || place(a.key) - place(b.key),
        );
        expect(expired).toEqual(sorted);
      }),
    );
  });
});
