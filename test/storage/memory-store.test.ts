import { expect, test } from 'vitest';
import { MemoryStore } from '../../src/storage/memory-store.ts';
import { conformance, newMessage, Sink } from './conformance.ts';

conformance('the memory store', async () => ({
  store: new MemoryStore(),
  settle: async () => {},
  reopen: null,
}));

test('the memory store has nothing to bring back', () => {
  const store = new MemoryStore();
  expect(store.loads).toBe(false);
  expect(() => store.openQueue(1, new Sink()).load([1])).toThrow();
});

test('a message is safe in the memory store before publish returns', () => {
  const store = new MemoryStore();
  const queue = store.openQueue(1, new Sink());
  let told = 0;
  store.publish([queue], newMessage('m'), { settled: () => void told++ });
  expect(told).toBe(1);
});
