/**
 * What is remembered of questions that somebody outside has to be asked: how long, and what counts
 * meanwhile; and commands that wait for it.
 */
import { expect, test } from 'vitest';
import { decided, Undecided } from '../../src/auth/undecided.ts';
import { Verdicts } from '../../src/auth/verdicts.ts';
import { ManualClock } from '../../src/clock.ts';

const TTL_MS = 10_000;

/** Somebody who is asked, and answers when the test says so. */
class Oracle {
  readonly clock = new ManualClock();
  readonly verdicts: Verdicts;
  changes = 0;
  private readonly open: ((answer: boolean | Error) => void)[] = [];
  asked = 0;

  constructor() {
    const changed = (): void => {
      this.changes++;
    };
    this.verdicts = new Verdicts({ clock: this.clock, ttlMs: TTL_MS, changed });
  }

  of(question: string): boolean {
    return this.verdicts.of(question, () => {
      this.asked++;
      return new Promise((resolve, reject) => {
        this.open.push((answer) => {
          if (answer instanceof Error) reject(answer);
          else resolve(answer);
        });
      });
    });
  }

  /** Answers everything that was asked. */
  async answer(answer: boolean | Error): Promise<void> {
    for (const each of this.open.splice(0)) each(answer);
    await new Promise(setImmediate);
  }

  async know(question: string, answer: boolean): Promise<void> {
    const known = decided(() => this.of(question));
    await this.answer(answer);
    expect(await known).toBe(answer);
  }
}

test('a question is asked once, however many wait for the answer', async () => {
  const oracle = new Oracle();
  const waiting = [1, 2, 3].map(() => decided(() => oracle.of('a')));
  await oracle.answer(true);
  expect(await Promise.all(waiting)).toEqual([true, true, true]);
  expect(oracle.of('a')).toBe(true);
  expect(oracle.asked).toBe(1);
});

test('a yes is good for its time, counts on while it is asked anew, then has to be waited for', async () => {
  const oracle = new Oracle();
  await oracle.know('a', true);
  oracle.clock.advance(TTL_MS);
  expect(oracle.of('a')).toBe(true);
  expect(oracle.of('a')).toBe(true);
  expect(oracle.asked).toBe(2);
  await oracle.answer(true);
  oracle.clock.advance(TTL_MS);
  oracle.clock.advance(TTL_MS);
  expect(() => oracle.of('a')).toThrow(Undecided);
});

test('a yes that has become a no is gone as soon as that is known', async () => {
  const oracle = new Oracle();
  await oracle.know('a', true);
  oracle.clock.advance(TTL_MS);
  const before = oracle.changes;
  expect(oracle.of('a')).toBe(true);
  await oracle.answer(false);
  expect(oracle.of('a')).toBe(false);
  expect(oracle.changes).toBeGreaterThan(before);
});

test('a yes stays while nobody can be asked; what was never allowed is refused', async () => {
  const oracle = new Oracle();
  await oracle.know('a', true);
  oracle.clock.advance(TTL_MS);
  expect(oracle.of('a')).toBe(true);
  await oracle.answer(new Error('down'));
  expect(oracle.of('a')).toBe(true);
  const unknown = decided(() => oracle.of('b'));
  await oracle.answer(new Error('down'));
  expect(await unknown).toBe(false);
});

test('a no is asked again soon', async () => {
  const oracle = new Oracle();
  await oracle.know('a', false);
  expect(oracle.of('a')).toBe(false);
  oracle.clock.advance(1000);
  await oracle.know('a', true);
});

test('an answer that took long is good long enough for the command that needs a second one', async () => {
  const oracle = new Oracle();
  const both = decided(() => [oracle.of('a'), oracle.of('b')]);
  for (let i = 0; i < 2; i++) {
    oracle.clock.advance(3 * TTL_MS);
    await oracle.answer(false);
  }
  expect(await both).toEqual([false, false]);
});

test('nothing is known after forgetting, not even what is being asked', async () => {
  const oracle = new Oracle();
  await oracle.know('a', true);
  const late = decided(() => oracle.of('b'));
  oracle.verdicts.forget();
  expect(() => oracle.of('a')).toThrow(Undecided);
  await oracle.answer(true);
  await oracle.answer(true);
  expect(await late).toBe(true);
  expect(oracle.asked).toBe(4);
});

test('a command that fails for another reason is not given again', async () => {
  expect(() =>
    decided(() => {
      throw new Error('no');
    }),
  ).toThrow('no');
  await expect(decided(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
});
