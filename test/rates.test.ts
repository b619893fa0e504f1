import { expect, test } from 'vitest';
import { ManualClock } from '../src/clock.ts';
import { History, Sampler } from '../src/rates.ts';

/** A sampler of some counters with a value each, on time moved by hand. */
function sampled(counters: readonly { value: number }[], keep = 10) {
  const clock = new ManualClock(1_000_000_000_000);
  const sampler = new Sampler(clock, 5000);
  const samples = sampler.add<{ value: number }>({
    width: 1,
    levels: [
      { every: 1, keep },
      { every: 12, keep: 5 },
    ],
    objects: () => counters,
    read: (counter, into) => {
      into[0] = counter.value;
    },
  });
  const step = async (): Promise<void> => {
    clock.advance(5000);
    await new Promise((resolve) => setImmediate(resolve));
  };
  sampler.start();
  return { clock, sampler, samples, step };
}

test('the rate is that of the last interval, in units a second', async () => {
  const counter = { value: 0 };
  const { samples, step } = sampled([counter]);
  await step();
  counter.value = 50;
  await step();
  expect(samples.rate(counter, 0)).toBe(10);
  await step();
  expect(samples.rate(counter, 0)).toBe(0);
});

test('samples of a range come newest first, with their averages', async () => {
  const counter = { value: 0 };
  const { samples, step } = sampled([counter]);
  for (const value of [10, 20, 20, 60]) {
    counter.value = value;
    await step();
  }
  const details = samples.details(counter, 0, { ageMs: 15_000, incrementMs: 5000 });
  expect(details.samples?.map(({ sample }) => sample)).toEqual([60, 20, 20, 10]);
  const times = details.samples?.map(({ timestamp }) => timestamp) ?? [];
  expect(times.map((time) => (times[0] as number) - time)).toEqual([0, 5000, 10_000, 15_000]);
  expect(details).toMatchObject({ rate: 8, avg: 27.5, avg_rate: 50 / 15 });
});

test('a longer range is answered from coarser samples', async () => {
  const counter = { value: 0 };
  const { samples, step } = sampled([counter], 12);
  for (let i = 0; i < 36; i++) {
    counter.value += 1;
    await step();
  }
  const { samples: found } = samples.details(counter, 0, { ageMs: 120_000, incrementMs: 60_000 });
  expect(found?.map(({ sample }) => sample)).toEqual([36, 24, 12]);
  // Finer than they were taken they are not had: each would come several times.
  const finer = samples.details(counter, 0, { ageMs: 120_000, incrementMs: 5000 });
  expect(finer.samples).toEqual(found);
});

test('an object that does not change is idle since its last change', async () => {
  const counter = { value: 1 };
  const { clock, samples, step } = sampled([counter]);
  await step();
  const changedMs = clock.now();
  expect(samples.idleSinceMs(counter)).toBeNull();
  for (let i = 0; i < 3; i++) await step();
  expect(samples.idleSinceMs(counter)).toBe(changedMs);
});

test('what has counted before it is sampled has not just risen to where it is', async () => {
  const counter = { value: 1000 };
  const sampler = new Sampler(new ManualClock(), 5000);
  const samples = sampler.add<{ value: number }>({
    width: 1,
    late: true,
    levels: [{ every: 1, keep: 10 }],
    objects: () => [counter],
    read: ({ value }, into) => into.fill(value),
  });
  sampler.sampleNow();
  expect(samples.rate(counter, 0)).toBe(0);
  counter.value += 50;
  sampler.sampleNow();
  expect(samples.rate(counter, 0)).toBe(10);
  samples.forget();
  counter.value += 5000;
  sampler.sampleNow();
  expect(samples.rate(counter, 0)).toBe(0);
});

test('nothing is scheduled after the stop', () => {
  const { clock, sampler } = sampled([]);
  sampler.stop();
  expect(clock.pending).toBe(0);
});

test('a history forgets what no kept tick needs, and nothing else', () => {
  const history = new History(1);
  for (let tick = 1; tick <= 1000; tick++) history.record(tick, Float64Array.of(tick), 10);
  for (let tick = 991; tick <= 1000; tick++) expect(history.at(tick, 0)).toBe(tick);
  expect(history.at(500, 0)).toBe(0);
});
