/**
 * Plays mutated AMQP sessions against a broker of its own until so many frames were sent:
 *
 *     npm run fuzz -- --frames 5000000 [--seed 7]
 *
 * It is test/amqp/fuzz.test.ts and hostile.test.ts with other numbers: whatever comes, nobody else
 * notices, nothing is held afterwards, and memory stays bounded. A failure names the seed that
 * repeats it.
 */
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: { frames: { type: 'string', default: '1000000' }, seed: { type: 'string' } },
});
const frames = Number(values.frames);
if (!Number.isInteger(frames) || frames < 1) throw new Error(`--frames ${values.frames}?`);

const root = join(import.meta.dirname, '..');
const vitest = join(createRequire(import.meta.url).resolve('vitest/package.json'), '..');
const child = spawn(
  process.execPath,
  [join(vitest, 'vitest.mjs'), 'run', 'test/amqp/fuzz.test.ts', 'test/amqp/hostile.test.ts'],
  {
    cwd: root,
    stdio: 'inherit',
    env: {
      ...process.env,
      WARREN_FUZZ_FRAMES: String(frames),
      ...(values.seed !== undefined && { WARREN_FUZZ_SEED: values.seed }),
    },
  },
);
child.on('exit', (code) => {
  process.exitCode = code ?? 1;
});
