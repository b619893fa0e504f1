import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { CrashLoop } from './crash-loop.ts';

const ROUNDS = 20;

const folders: string[] = [];
const loops: CrashLoop[] = [];

afterEach(async () => {
  for (const loop of loops.splice(0)) await loop.kill();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

test('twenty kills under load lose nothing that was confirmed, and a proper stop brings nothing again', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'warren-crash-'));
  folders.push(folder);
  const seed = Date.now() % 1_000_000;
  const loop = new CrashLoop(folder, seed);
  loops.push(loop);
  await loop.open();
  let confirmed = 0;
  for (let round = 1; round <= ROUNDS; round++) {
    const { problems, confirmed: more } = await loop.round();
    expect(problems, `round ${round}, seed ${seed}`).toEqual([]);
    confirmed += more;
  }
  expect(await loop.close(), `seed ${seed}`).toEqual([]);
  expect(confirmed).toBeGreaterThan(ROUNDS);
}, 300_000);
