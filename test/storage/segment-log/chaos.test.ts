import { describe, expect, test, vi } from 'vitest';
import { SegmentRig } from '../../support/segment-rig.ts';
import { Model } from './model.ts';

// Long by nature, and longer on a busy machine.
vi.setConfig({ testTimeout: 120_000 });

/** So short that compaction runs all the time. */
const SEGMENT_BYTES = 8 * 1024;

/** Random steps, with faults if asked for, and without waiting for anything but by chance. */
async function run(rig: SegmentRig, model: Model, steps: number, faulty: boolean): Promise<void> {
  const { random } = model;
  const { faults } = rig.files;
  await rig.recover();
  const loads: Promise<void>[] = [];
  for (let step = 0; step < steps; step++) {
    const dice = random.below(100);
    if (dice < 28) model.publish(random.chance(0.01) ? 40_000 : 400);
    else if (dice < 80) model.ack();
    else if (dice < 85) loads.push(model.load());
    else if (dice < 95) await new Promise((resolve) => setImmediate(resolve));
    else rig.clock.advance(random.below(200));
    if (!faulty || !random.chance(0.01)) continue;
    const fault = random.below(5);
    if (random.chance(0.3)) faults.truncateFailures = 1;
    if (fault === 0) faults.syncFailures = 1 + random.below(2);
    else if (fault === 1) faults.shortWrites = 1 + random.below(2);
    else if (fault === 2) faults.writeFailures = 1;
    else if (fault === 3) faults.readFailures = 1;
    else faults.freeBytes = random.below(10_000);
    if (random.chance(0.5)) faults.freeBytes = Number.POSITIVE_INFINITY;
  }
  loads.map((load) => load.catch(() => {}));
  if (faulty) return;
  // Reads that were retried wait for time to go by.
  await rig.settle();
  await Promise.all(loads);
}

describe('a segment log under random operations', () => {
  test.each(['killed', 'powerCut'] as const)(
    'loses nothing confirmed when it is %s',
    async (end) => {
      let compacted = 0;
      for (let seed = 1; seed <= 15; seed++) {
        const rig = new SegmentRig({ segmentBytes: SEGMENT_BYTES, seed });
        const model = new Model(rig, seed);
        await run(rig, model, 3000, false);
        for (let i = 0; i < seed; i++) model.publish(400);
        for (let i = 0; i < seed % 7; i++) await new Promise((resolve) => setImmediate(resolve));
        compacted += rig.store.stats().disk?.compactedSegments ?? 0;
        expect(rig.troubles).toEqual([]);
        await model.check(rig.after(end), false);
      }
      expect(compacted).toBeGreaterThan(5);
    },
  );

  test('has exactly what was not acked after it has come to rest, or was closed', async () => {
    for (let seed = 1; seed <= 10; seed++) {
      const rig = new SegmentRig({ segmentBytes: SEGMENT_BYTES, seed });
      const model = new Model(rig, seed);
      await run(rig, model, 3000, false);
      const next = seed % 2 === 0 ? rig.after('powerCut') : await rig.afterClose();
      await model.check(next, true);
      expect(next.troubles).toEqual([]);
    }
  });

  test('loses nothing confirmed though the disk fails, and never syncs what failed to', async () => {
    let nacks = 0;
    for (let seed = 1; seed <= 40; seed++) {
      const rig = new SegmentRig({ segmentBytes: SEGMENT_BYTES, seed });
      const model = new Model(rig, seed);
      await run(rig, model, 1500, true);
      // Of acks it does not matter: what is lost of them comes again.
      const synced = [...rig.files.syncedAfterFailure].filter((name) => !name.endsWith('.ack'));
      expect(synced).toEqual([]);
      nacks += model.nacks;
      await model.check(rig.after(seed % 2 === 0 ? 'powerCut' : 'killed'), false);
    }
    expect(nacks).toBeGreaterThan(0);
  });

  test('goes on by itself when the disk does', async () => {
    for (let seed = 1; seed <= 10; seed++) {
      const rig = new SegmentRig({ segmentBytes: SEGMENT_BYTES, seed });
      const model = new Model(rig, seed);
      await run(rig, model, 800, true);
      Object.assign(rig.files.faults, {
        ...{ freeBytes: Number.POSITIVE_INFINITY, syncFailures: 0, shortWrites: 0 },
        ...{ writeFailures: 0, readFailures: 0, truncateFailures: 0 },
      });
      await rig.settle();
      expect([rig.store.failure, rig.store.busy]).toEqual([null, false]);
      for (let i = 0; i < 10; i++) model.publish(100);
      await rig.settle();
      await model.check(rig.after('powerCut'), false);
    }
  });
});
