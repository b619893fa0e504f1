import { describe, expect, test, vi } from 'vitest';
import type { QueueStore, Settled } from '../../../src/storage/message-store.ts';
import { Random } from '../../support/random.ts';
import { SegmentRig } from '../../support/segment-rig.ts';
import { Sink } from '../conformance.ts';
import { plainMessage } from './model.ts';

// Long by nature, and longer on a busy machine.
vi.setConfig({ testTimeout: 120_000 });

const MESSAGES = 5;

describe('a transaction', () => {
  test('is there whole or not at all, wherever the power goes', async () => {
    const outcomes = new Set<number>();
    for (let seed = 1; seed <= 120; seed++) {
      const rig = new SegmentRig({ seed });
      const queues = [1, 2].map((id) => rig.store.openQueue(id, new Sink()));
      await rig.recover();
      const random = new Random(seed);
      let committed = 0;
      for (let number = 0; number < 4; number++) {
        const settled = { settled: () => void committed++ };
        rig.store.transaction(() => publishAll(rig, queues, `${number}`, random), settled);
        if (random.chance(0.4)) await new Promise((resolve) => setImmediate(resolve));
      }
      for (let turn = seed % 9; turn > 0; turn--) {
        await new Promise((resolve) => setImmediate(resolve));
      }
      const safe = committed;
      const found = await foundAfter(rig.after('powerCut'));
      for (const count of found.values()) expect(count).toBe(MESSAGES);
      expect(found.size).toBeGreaterThanOrEqual(safe);
      outcomes.add(found.size);
    }
    expect(outcomes.size).toBeGreaterThan(2);
  });

  test('whose acks take effect when its messages are on disk, and not before', async () => {
    const rig = new SegmentRig();
    const queue = rig.store.openQueue(1, new Sink());
    await rig.recover();
    const [old] = rig.store.publish([queue], plainMessage('old'), null);
    await rig.settle();
    rig.files.faults.syncFailures = 2;
    const told: (Error | null)[] = [];
    const settled: Settled = { settled: (error) => void told.push(error) };
    rig.store.transaction(() => {
      rig.store.publish([queue], plainMessage('new'), null);
      queue.ack(old as number);
    }, settled);
    await rig.turns();
    expect(told.map(String)).toEqual(['Error: EIO: sync']);
    expect(rig.store.stats().messages).toBe(2);
    // It takes effect, as a whole, when the disk does; nobody is told twice.
    await rig.settle();
    expect(told).toHaveLength(1);
    expect(rig.store.stats().messages).toBe(1);
  });
});

function publishAll(rig: SegmentRig, queues: QueueStore[], text: string, random: Random): void {
  for (let i = 0; i < MESSAGES; i++) {
    const body = `${text}:${i}`.padEnd(random.below(5000));
    rig.store.publish([random.pick(queues)], plainMessage(body), null);
  }
}

/** How many messages of each transaction are there. */
async function foundAfter(rig: SegmentRig): Promise<Map<string, number>> {
  const sinks = [new Sink(), new Sink()];
  const queues = sinks.map((sink, i) => rig.store.openQueue(i + 1, sink));
  await rig.recover();
  const found = new Map<string, number>();
  for (const [i, queue] of queues.entries()) {
    for (const { body } of await queue.load((sinks[i] as Sink).refs)) {
      const [number] = body.toString().split(':');
      found.set(number as string, (found.get(number as string) ?? 0) + 1);
    }
  }
  return found;
}
