/** Turns: so many at a time, the others in line, too many sent away. */
import { expect, test } from 'vitest';
import { Turns } from '../../protocols/http/turns.ts';

test('so many run at a time, the next in line when one has ended, and more are sent away', async () => {
  const turns = new Turns(2, 1);
  const ends: (() => void)[] = [];
  const started: string[] = [];
  const job = (name: string): Promise<string> =>
    turns.take(async () => {
      started.push(name);
      await new Promise<void>((resolve) => ends.push(resolve));
      return name;
    });
  const first = job('a');
  const others = [job('b'), job('c')];
  expect(started).toEqual(['a', 'b']);
  await expect(job('d')).rejects.toMatchObject({ status: 503 });
  ends[0]?.();
  expect(await first).toBe('a');
  expect(started).toEqual(['a', 'b', 'c']);
  ends[1]?.();
  ends[2]?.();
  expect(await Promise.all(others)).toEqual(['b', 'c']);
});

test('one that fails gives its turn on', async () => {
  const turns = new Turns(1, 1);
  const failing = turns.take(() => Promise.reject(new Error('no')));
  const next = turns.take(async () => 'next');
  await expect(failing).rejects.toThrow('no');
  expect(await next).toBe('next');
});
