import { describe, expect, test } from 'vitest';
import { ratesOf, samplesOf } from '../../ui/src/api/statistics.ts';
import { bytes } from '../../ui/src/format/bytes.ts';
import { count, plural, rate, short } from '../../ui/src/format/number.ts';
import { ago, duration } from '../../ui/src/format/time.ts';
import { compareDefinitions } from '../../ui/src/pages/admin/compare-definitions.ts';

describe('figures are read at a glance', () => {
  test.each([
    [0, '0'],
    [999, '999'],
    [12_345, '12,345'],
    [250_400, '250 k'],
    [1_234_567, '1.23 M'],
    [45_600_000, '45.6 M'],
    [undefined, '–'],
  ])('%d is %s', (value, text) => {
    expect(short(value)).toBe(text);
  });

  test('nothing counted below ten thousand is rounded', () => {
    expect(count(9_999)).toBe('9,999');
  });

  test('a rate too small to show is not shown as none', () => {
    expect([rate(0), rate(0.04), rate(7.25), rate(1234.4)]).toEqual(['0', '< 0.1', '7.3', '1,234']);
  });

  test('sizes count by 1024, durations have two units, one thing is one thing', () => {
    expect([bytes(512), bytes(1536), bytes(3 * 2 ** 30)]).toEqual(['512 B', '1.5 KiB', '3.0 GiB']);
    expect([duration(850), duration(200_000), duration(93_600_000)]).toEqual([
      '850 ms',
      '3 min 20 s',
      '1 d 2 h',
    ]);
    expect(ago(1000, 61_000)).toBe('1 min ago');
    expect([plural(1, 'queue'), plural(0, 'queue')]).toEqual(['1 queue', '0 queues']);
  });
});

describe('samples', () => {
  const sampled = (...values: number[]) => ({
    publish_details: {
      // The API has the newest first.
      samples: values.map((sample, index) => ({ sample, timestamp: index * 5000 })).reverse(),
    },
  });
  const ratesFrom = (...values: number[]): number[] =>
    ratesOf(samplesOf(sampled(...values), 'publish')).map(({ sample }) => sample);

  test('become rates between them', () => {
    expect(ratesFrom(10, 20, 20, 45)).toEqual([2, 0, 5]);
  });

  test('of the time before anybody counted are no rate', () => {
    expect(ratesFrom(0, 0, 50_000, 50_010)).toEqual([2]);
  });

  test('of a counter that began anew are no negative rate', () => {
    expect(ratesFrom(1000, 10, 20)).toEqual([0, 2]);
  });
});

describe('a definitions file', () => {
  const queue = { vhost: '/', name: 'a', durable: true, arguments: { x: 1, y: 2 } };

  test('tells what is new and what differs from what is there', () => {
    const file = { queues: [queue, { ...queue, name: 'b' }], users: [{ name: 'u', tags: ['t'] }] };
    const broker = { queues: [{ ...queue, durable: false }], users: [{ name: 'u', tags: ['t'] }] };
    expect(compareDefinitions(file, broker)).toEqual([
      { kind: 'users', total: 1, added: [], changed: [] },
      { kind: 'queues', total: 2, added: ['/ b'], changed: ['/ a'] },
    ]);
  });

  test('is compared whatever the order of keys, and whatever more the broker says', () => {
    const same = { ...queue, arguments: { y: 2, x: 1 }, user_who_performed_action: 'ann' };
    expect(compareDefinitions({ queues: [queue] }, { queues: [same] })).toMatchObject([
      { added: [], changed: [] },
    ]);
  });

  test('with two bindings of one pair has two things', () => {
    const binding = { vhost: '/', source: 'x', destination_type: 'queue', destination: 'q' };
    const one = { ...binding, routing_key: 'a', arguments: {} };
    const other = { ...binding, routing_key: 'b', arguments: {} };
    expect(compareDefinitions({ bindings: [one, other] }, { bindings: [one] })).toMatchObject([
      { total: 2, added: ['/ x queue q b {}'] },
    ]);
  });
});
