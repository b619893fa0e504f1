/**
 * `npm run crash -- --rounds 200 [--seed N]`: the crash loop for as long as one likes, with a line
 * for each round. Exits with 1 if anything confirmed was lost, and leaves the data where they are.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { CrashLoop } from './crash-loop.ts';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '20' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
  },
});

const folder = mkdtempSync(path.join(tmpdir(), 'warren-crash-'));
const seed = Number(values.seed);
console.log(`${values.rounds} rounds, seed ${seed}, in ${folder}`);
const loop = new CrashLoop(folder, seed);
await loop.open();
const problems: string[] = [];
for (let number = 1; number <= Number(values.rounds) && problems.length === 0; number++) {
  const round = await loop.round();
  problems.push(...round.problems);
  const returned = `${round.returned} settled ones came again (${Math.round(round.returnedMs)} ms)`;
  const counts = `${round.confirmed} confirmed, ${round.present} present, ${returned}`;
  console.log(`${number}: ${counts}, up in ${Math.round(round.bootMs)} ms`);
}
if (problems.length === 0) problems.push(...(await loop.close()));
await loop.kill();
for (const problem of problems.slice(0, 50)) console.log(problem);
if (problems.length === 0) rmSync(folder, { recursive: true, force: true });
else process.exitCode = 1;
