/**
 * V8 tuning: flags that suit a broker better than V8's defaults, set while the program runs,
 * because who starts it by npx cannot pass any. For the program only: embedders have a V8 of their
 * own. ARCHITECTURE.md has the figures.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import {
  HEAP_COLLECT_AGAIN_MS,
  HEAP_COMPACT_MS,
  HEAP_GROWING_PERCENT,
  HEAP_LOOK_MS,
  INLINED_BYTECODE,
  OPTIMIZED_BYTECODE,
  THRIFTY_MESSAGES,
} from './limits-memory.ts';

/** The way of a message is longer than V8 inlines. Call it before anything is optimized. */
export function inlineMore(): void {
  setFlagsFromString(`--max-inlined-bytecode-size-cumulative=${INLINED_BYTECODE}`);
  setFlagsFromString(`--max-optimized-bytecode-size=${OPTIMIZED_BYTECODE}`);
}

/**
 * Loading the modules leaves the heap half empty, in pieces, and V8 would fill the holes rather
 * than give them back: it is made compact once, when the listeners are up.
 */
export function compactAfterStart(): void {
  setTimeout(() => collect('last-resort'), HEAP_COMPACT_MS).unref();
}

/**
 * While many messages wait, garbage is collected early. A message that waits for the disk outlives
 * V8's young generation, and its body is memory that V8 does not see: left alone, it lets a
 * hundred megabytes of both become garbage before it looks. Looking early costs time, so it is
 * done only where memory adds up.
 * @param messages how many wait now
 */
export function keepHeapSmallUnderLoad(messages: () => number): void {
  let thrifty = false;
  let collectAgainMs = 0;
  const look = (): void => {
    const many = messages() > (thrifty ? THRIFTY_MESSAGES / 2 : THRIFTY_MESSAGES);
    if (many === thrifty) return;
    thrifty = many;
    // 0 leaves it to V8 again.
    setFlagsFromString(`--heap-growing-percent=${many ? HEAP_GROWING_PERCENT : 0}`);
    const nowMs = performance.now();
    if (!many || nowMs < collectAgainMs) return;
    collectAgainMs = nowMs + HEAP_COLLECT_AGAIN_MS;
    // How far the heap may grow is decided when it has been collected.
    collect('regular');
  };
  setInterval(look, HEAP_LOOK_MS).unref();
}

/** @param flavor the last resort also makes the heap compact; it takes a tenth of a second */
function collect(flavor: 'regular' | 'last-resort'): void {
  setFlagsFromString('--expose-gc');
  const run = runInNewContext('gc') as (how: object) => void;
  run({ type: 'major', execution: 'sync', flavor });
}
