/**
 * How benches start Warren from a checkout: with the flags and the environment of `npm start`, and
 * every listener on a free port. Who starts it waits for it and ends it.
 */
import path from 'node:path';
import { FREE_PORTS } from '../test/support/free-ports.ts';

/** What `npm start` and the Dockerfile give Node; ARCHITECTURE.md says why. */
export const NODE_FLAGS = ['--max-semi-space-size=8'];

/** The arguments for Node to run the broker of a checkout. */
export function warrenArguments(checkout: string): string[] {
  return [...NODE_FLAGS, mainOf(checkout)];
}

/** The file that is the broker of a checkout. */
export function mainOf(checkout: string): string {
  return path.join(checkout, 'src', 'main.ts');
}

/** The environment that it gets. */
export function warrenEnvironment(checkout: string): NodeJS.ProcessEnv {
  const cache = path.join(checkout, 'node_modules', '.cache', 'node');
  const memory = { MALLOC_ARENA_MAX: '1', MALLOC_TRIM_THRESHOLD_: '1000000' };
  return { ...process.env, NODE_COMPILE_CACHE: cache, ...memory, ...FREE_PORTS };
}
