/**
 * useResource: a path of the API as live data. It reads at once, on every beat and on request;
 * never twice at a time. The last good answer stays while a newer one is on its way or fails, so
 * that nothing on the page jumps.
 */
import { type ReadonlySignal, useSignal } from '@preact/signals';
import { useCallback, useEffect, useRef } from 'preact/hooks';
import { ApiError, read } from '../api/request.ts';
import { beat, reachable } from './ticker.ts';

/** What is known of a path. */
export interface Resource<T> {
  /** The last good answer; undefined before the first. */
  readonly data: T | undefined;
  /** Why the last read failed; undefined if it did not. */
  readonly error: Error | undefined;
  /** Whether nothing has arrived yet, for this path. */
  readonly loading: boolean;
  /** Reads again now. */
  readonly reload: () => Promise<void>;
}

interface State<T> {
  readonly path: string | null;
  readonly data?: T;
  readonly error?: Error;
}

/**
 * @param path below api/; null for nothing
 * @param once whether to leave it at one read
 */
export function useResource<T>(path: string | null, once = false): Resource<T> {
  const state = useSignal<State<T>>({ path: null });
  const reading = useRef<AbortController | null>(null);
  const reload = useCallback(async () => {
    if (path === null) return;
    reading.current?.abort();
    const mine = new AbortController();
    reading.current = mine;
    await readInto(state, path, mine.signal);
    if (reading.current === mine) reading.current = null;
  }, [path]);
  useEffect(() => {
    void reload();
    const first = beat.peek();
    const stop = once
      ? undefined
      : beat.subscribe((now) => {
          // A slow answer is waited for: asking again would only make it slower.
          if (now !== first && reading.current === null) void reload();
        });
    return () => {
      stop?.();
      reading.current?.abort();
      reading.current = null;
    };
  }, [reload, once]);
  const { data, error, path: known } = state.value;
  const stale = known !== path;
  return {
    data,
    error: stale ? undefined : error,
    loading: path !== null && (stale || (data === undefined && error === undefined)),
    reload,
  };
}

async function readInto<T>(
  state: ReadonlySignal<State<T>> & { value: State<T> },
  path: string,
  signal: AbortSignal,
): Promise<void> {
  try {
    const data = await read<T>(path, signal);
    if (signal.aborted) return;
    reachable.value = true;
    state.value = { path, data };
  } catch (error) {
    if (signal.aborted) return;
    if (error instanceof ApiError) reachable.value = error.status !== 0;
    const before = state.value;
    const data = before.path === path ? before.data : undefined;
    state.value = { path, data, error: error instanceof Error ? error : new Error(String(error)) };
  }
}
