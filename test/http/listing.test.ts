/** How lists are made: what is not shown is not described. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Listing, render } from '../../protocols/http/listing.ts';
import { Smallest } from '../../protocols/http/smallest.ts';
import { ManualClock } from '../../src/clock.ts';
import { startApi } from '../support/management.ts';

interface Thing {
  readonly name: string;
  readonly size: number | undefined;
}

const SOME = 1000;

/** Things, and how often each field of theirs was computed. */
function counted(sortKey?: (path: readonly string[]) => ((thing: Thing) => unknown) | null) {
  const calls = { name: 0, size: 0, figures: 0 };
  const things = Array.from({ length: SOME }, (_, i) => {
    return { name: `t${i}`, size: (i * 7919) % SOME };
  });
  const columns = {
    name: ({ name }: Thing) => {
      calls.name++;
      return name;
    },
    size: ({ size }: Thing) => {
      calls.size++;
      return size;
    },
    figures: ({ size }: Thing) => {
      calls.figures++;
      return { size };
    },
  };
  return { calls, listing: new Listing<Thing>(things, columns, ({ name }) => name, sortKey) };
}

async function shown(listing: Listing<Thing>, query: Record<string, string>) {
  let text = '';
  for await (const piece of render(listing, query)) text += piece;
  return JSON.parse(text);
}

describe('a page of a long list', () => {
  test('describes its own rows, and of the others what it is sorted by', async () => {
    const { calls, listing } = counted();
    const query = { page: '2', page_size: '10', sort: 'size', sort_reverse: 'true' };
    const { items, total_count } = await shown(listing, query);
    const sizes = items.map(({ size }: Thing) => size);
    expect(sizes).toEqual(Array.from({ length: 10 }, (_, i) => SOME - 11 - i));
    expect(total_count).toBe(SOME);
    expect(calls).toEqual({ name: 10, size: SOME + 10, figures: 10 });
  });

  test('without an order describes nothing else', async () => {
    const { calls, listing } = counted();
    await shown(listing, { page: '1', page_size: '10' });
    expect(calls).toEqual({ name: 10, size: 10, figures: 10 });
  });

  test('asks for one figure where a column would describe many', async () => {
    const key = ([head, name]: readonly string[]) =>
      head === 'figures' && name === 'size' ? ({ size }: Thing) => size : null;
    const { calls, listing } = counted(key);
    const { items } = await shown(listing, { page: '1', page_size: '10', sort: 'figures.size' });
    expect(items[0].size).toBe(0);
    expect(calls.figures).toBe(10);
    await shown(listing, { page: '1', page_size: '10', sort: 'figures.other' });
    expect(calls.figures).toBe(10 + SOME + 10);
  });

  test('has things in the order they came where they are equal, or the other way round', async () => {
    const names = ['a', 'b', 'c', 'd'];
    const things = names.map((name) => ({ name, size: name === 'b' ? undefined : 1 }));
    const columns = { name: ({ name }: Thing) => name, size: ({ size }: Thing) => size };
    const listing = new Listing<Thing>(things, columns, ({ name }) => name);
    const order = async (query: Record<string, string>) =>
      (await shown(listing, { page: '1', page_size: '3', sort: 'size', ...query })).items
        .map(({ name }: Thing) => name)
        .join('');
    expect(await order({})).toBe('bac');
    expect(await order({ sort_reverse: 'true' })).toBe('dca');
  });
});

test('the smallest few of any numbers are those that sorting finds', () => {
  const numbers = fc.array(fc.integer({ min: 0, max: 50 }), { maxLength: 200 });
  fc.assert(
    fc.property(numbers, fc.nat(220), (values, wanted) => {
      const keyed = values.map((value, index) => ({ value, index }));
      type One = (typeof keyed)[number];
      const order = (a: One, b: One) => a.value - b.value || a.index - b.index;
      const few = new Smallest(wanted, order);
      for (const one of keyed) few.add(one);
      expect(few.all()).toEqual(keyed.toSorted(order).slice(0, wanted));
    }),
  );
});

test('queues, channels and connections are sorted by figures and their rates', async () => {
  const clock = new ManualClock(1_000_000_000_000);
  const broker = await startApi({ clock });
  for (const [name, count] of [
    ['idle', 0],
    ['busy', 3],
    ['slow', 1],
  ] as const) {
    await broker.call('PUT', `/api/queues/%2F/${name}`, {});
    for (let i = 0; i < count; i++) {
      const message = {
        properties: {},
        routing_key: name,
        payload: 'x',
        payload_encoding: 'string',
      };
      await broker.call('POST', '/api/exchanges/%2F/amq.default/publish', message);
    }
  }
  clock.advance(5000);
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
  const order = async (sort: string) => {
    const query = `page=1&sort=${sort}&sort_reverse=true&columns=name`;
    const { items } = (await broker.get(`/api/queues?${query}`)).body;
    return items.map(({ name }: { name: string }) => name);
  };
  for (const sort of ['message_stats.publish', 'message_stats.publish_details.rate', 'messages']) {
    expect(await order(sort), sort).toEqual(['busy', 'slow', 'idle']);
  }
  await broker.stop();
});
