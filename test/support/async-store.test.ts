import { expect, test } from 'vitest';
import { ManualClock, SystemClock } from '../../src/clock.ts';
import { conformance, newMessage, type Rig, Sink } from '../storage/conformance.ts';
import { AsyncStore, type AsyncStoreOptions } from './async-store.ts';

/** Runs a store's clock until it has nothing to do. */
async function settle(clock: ManualClock): Promise<void> {
  do {
    clock.advance(1);
    await new Promise((resolve) => setImmediate(resolve));
  } while (clock.pending > 0);
}

function rig(options: Omit<AsyncStoreOptions, 'clock'>): Rig & { store: AsyncStore } {
  const clock = new ManualClock();
  const store = new AsyncStore({ ...options, clock });
  const reopen = async () => {
    const closing = store.close();
    await settle(clock);
    await closing;
    return rig({ ...options, disk: store.disk });
  };
  return { store, settle: () => settle(clock), reopen };
}

for (const seed of [1, 2, 3]) {
  conformance(`the asynchronous store, durable, seed ${seed}`, async () =>
    rig({ readyOn: 'durable', seed }),
  );
  conformance(`the asynchronous store, durable and resident, seed ${seed}`, async () =>
    rig({ readyOn: 'durable', seed, passResident: true }),
  );
  conformance(`the asynchronous store, ready on publish, seed ${seed}`, async () =>
    rig({ readyOn: 'publish', seed, busyBytes: 5000 }),
  );
}

test('publishes and loads of the asynchronous store fail when they are told to', async () => {
  const { store, settle } = rig({ readyOn: 'publish', publishFailureRate: 1, loadFailureRate: 1 });
  const queue = store.openQueue(1, new Sink());
  const errors: (Error | null)[] = [];
  const settled = (error: Error | null) => void errors.push(error);
  store.publish([queue], newMessage('m'), { settled });
  await settle();
  expect(errors).toEqual([expect.any(Error)]);
  store.publishFailureRate = 0;
  const [ref] = store.publish([queue], newMessage('m'), null);
  await settle();
  const loading = Promise.resolve(queue.load([ref as number]));
  loading.catch(() => {});
  await settle();
  await expect(loading).rejects.toThrow('could not be read');
});

test('a transaction of the asynchronous store that fails keeps nothing of it', async () => {
  const { store, settle } = rig({ readyOn: 'durable', seed: 5 });
  const sink = new Sink();
  const queue = store.openQueue(1, sink);
  store.publish([queue], newMessage('old'), null);
  await settle();
  const errors: (Error | null)[] = [];
  const settled = (error: Error | null) => void errors.push(error);
  store.transaction(
    () => {
      store.publish([queue], newMessage('good'), { settled });
      store.publishFailureRate = 1;
      store.publish([queue], newMessage('bad'), { settled });
      queue.ack(sink.refs[0] as number);
    },
    { settled },
  );
  await settle();
  expect(errors).toEqual([expect.any(Error), expect.any(Error), expect.any(Error)]);
  expect(sink.metas).toHaveLength(1);
  expect([...store.disk.queue(1).values()].map(({ body }) => String(body))).toEqual(['old']);
});

test('the asynchronous store forgets in a crash what it had not written', async () => {
  const { store, settle } = rig({ readyOn: 'publish' });
  const queue = store.openQueue(1, new Sink());
  store.publish([queue], newMessage('written'), null);
  await settle();
  store.publish([queue], newMessage('lost'), { settled: () => expect.unreachable() });
  store.crash();
  await settle();
  expect([...store.disk.queue(1).values()].map(({ body }) => String(body))).toEqual(['written']);
});

test('the asynchronous store takes a queue away and fails what was on its way', async () => {
  const { store, settle } = rig({ readyOn: 'durable' });
  const sink = new Sink();
  const queue = store.openQueue(1, sink);
  const errors: (Error | null)[] = [];
  store.publish([queue], newMessage('m'), { settled: (error) => void errors.push(error) });
  store.takeAway(1, null);
  await settle();
  expect(sink.closings).toEqual([null]);
  expect(sink.metas).toEqual([]);
  expect(errors).toEqual([expect.any(Error)]);
});

test('the asynchronous store runs by itself on real time', async () => {
  const clock = new SystemClock();
  const store = new AsyncStore({ readyOn: 'durable', clock, maxDelayMs: 2 });
  const sink = new Sink();
  const queue = store.openQueue(1, sink);
  const safe = new Promise((resolve) => {
    store.publish([queue], newMessage('m'), { settled: resolve });
  });
  // Timers of the clock do not keep the process up by themselves, so wait with one that does.
  const awake = setInterval(() => {}, 1000);
  expect(await safe).toBeNull();
  clearInterval(awake);
  expect(sink.metas).toHaveLength(1);
});
