/** Publisher confirms in any order of completion, read as a client reads them. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Confirms, type ConfirmWriter } from '../../protocols/amqp/confirms.ts';
import type { Receipt } from '../../src/broker/receipt.ts';

/** Keeps the books as clients do: what is unanswered, and what the answers were. */
class Publisher implements ConfirmWriter {
  readonly confirms: Confirms = new Confirms(this);
  readonly unanswered = new Set<number>();
  readonly answers = new Map<number, 'basic.ack' | 'basic.nack'>();
  frames = 0;
  /** How often it was told to flush and has not done so. */
  waits = 0;
  private last = 0;

  publish(): Receipt {
    this.unanswered.add(++this.last);
    return this.confirms.next();
  }

  confirmsWaiting(): void {
    this.waits++;
  }

  flush(): void {
    this.waits = 0;
    this.confirms.flush();
  }

  writeConfirm(method: 'basic.ack' | 'basic.nack', tag: number, multiple: boolean): void {
    this.frames++;
    if (!this.unanswered.has(tag)) throw new Error(`${method} of ${tag}, which has an answer`);
    for (const one of multiple ? [...this.unanswered] : [tag]) {
      if (one > tag) continue;
      this.unanswered.delete(one);
      this.answers.set(one, method);
    }
  }
}

interface Plan {
  /** How each message ends. */
  readonly fates: readonly boolean[];
  /** In which order they end: sorted by these. */
  readonly keys: readonly number[];
  /** Flushes after these many completions. */
  readonly pauses: readonly number[];
}

const plan: fc.Arbitrary<Plan> = fc.integer({ min: 1, max: 60 }).chain((count) =>
  fc.record({
    fates: fc.array(fc.boolean(), { minLength: count, maxLength: count }),
    keys: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), {
      minLength: count,
      maxLength: count,
    }),
    pauses: fc.array(fc.nat(count), { maxLength: 12 }),
  }),
);

describe('confirms', () => {
  it('answer every message once, as it ended, in whatever order the messages end', () => {
    fc.assert(
      fc.property(plan, ({ fates, keys, pauses }) => {
        const publisher = new Publisher();
        const receipts = fates.map(() => publisher.publish());
        // Held by a store as well as by the publish.
        for (const receipt of receipts) receipt.hold();
        for (const receipt of receipts) publisher.confirms.release(receipt);
        const order = fates.map((_, index) => index).sort((a, b) => keys[a]! - keys[b]!);
        for (const [done, index] of order.entries()) {
          receipts[index]!.settled(fates[index] ? null : new Error('refused'));
          if (!pauses.includes(done)) continue;
          publisher.flush();
          expect(publisher.unanswered.size).toBe(fates.length - done - 1);
        }
        publisher.flush();
        const expected = fates.map((fate, i) => [i + 1, fate ? 'basic.ack' : 'basic.nack']);
        expect([...publisher.answers].sort(([a], [b]) => a - b)).toEqual(expected);
      }),
      { numRuns: 2000 },
    );
  });

  it('never answer a message that is still on its way', () => {
    fc.assert(
      fc.property(plan, fc.nat(100), ({ fates, keys }, stuck) => {
        const publisher = new Publisher();
        const receipts = fates.map(() => publisher.publish());
        const held = stuck % fates.length;
        const order = fates.map((_, index) => index).sort((a, b) => keys[a]! - keys[b]!);
        for (const index of order) {
          if (index === held) continue;
          if (!fates[index]) receipts[index]!.refuse();
          publisher.confirms.release(receipts[index]!);
          publisher.flush();
        }
        expect([...publisher.unanswered]).toEqual([held + 1]);
      }),
    );
  });

  it('answer a row of messages with one frame and one receipt', () => {
    const publisher = new Publisher();
    const receipts = new Set<Receipt>();
    for (let i = 0; i < 1000; i++) {
      const receipt = publisher.publish();
      receipts.add(receipt);
      publisher.confirms.release(receipt);
    }
    expect([publisher.waits, receipts.size]).toEqual([1, 1]);
    publisher.flush();
    expect([publisher.frames, publisher.unanswered.size]).toEqual([1, 0]);
  });

  it('ask for a flush again after each one', () => {
    const publisher = new Publisher();
    for (let i = 0; i < 3; i++) {
      publisher.confirms.release(publisher.publish());
      expect(publisher.waits).toBe(1);
      publisher.flush();
    }
    publisher.flush();
    expect(publisher.frames).toBe(3);
  });

  it('do not go over what waits behind a slow message at every flush', () => {
    const publisher = new Publisher();
    const slow = publisher.publish();
    // Going over all of them each time would take minutes.
    for (let i = 0; i < 100_000; i++) {
      publisher.confirms.release(publisher.publish());
      publisher.flush();
    }
    expect([...publisher.unanswered]).toEqual([1]);
    publisher.confirms.release(slow);
    publisher.flush();
    expect(publisher.unanswered.size).toBe(0);
  });

  it('carry nothing of a refused message over to the next', () => {
    const publisher = new Publisher();
    const refused = publisher.publish();
    refused.refuse();
    publisher.confirms.release(refused);
    const next = publisher.publish();
    expect(next).toBe(refused);
    publisher.confirms.release(next);
    publisher.flush();
    expect([...publisher.answers.values()]).toEqual(['basic.nack', 'basic.ack']);
  });
});
