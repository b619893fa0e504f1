/**
 * useMessages: a page of a queue's messages, and the way to the next and back. Pages follow each
 * other by the broker's cursor, which holds its place while the queue moves; a search goes on by
 * itself until it has found something, or has looked at a great many messages.
 */
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { type Peek, type PeekQuery, peek } from '../../api/peek.ts';

/** Rounds of a search before one is asked whether to go on. */
const ROUNDS = 20;

/** What is known of the messages. */
export interface Messages {
  readonly page: Peek | null;
  readonly error: unknown;
  readonly loading: boolean;
  /** Messages that a search has looked at so far. */
  readonly scanned: number;
  readonly hasBefore: boolean;
  readonly next: () => void;
  readonly before: () => void;
  readonly reload: () => void;
}

export function useMessages(vhost: string, queue: string, query: PeekQuery): Messages {
  const [page, setPage] = useState<Peek | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [loading, setLoading] = useState(true);
  const [scanned, setScanned] = useState(0);
  // The cursors of the pages up to this one; the first page has none.
  const [trail, setTrail] = useState<readonly string[]>([]);
  const reading = useRef<AbortController | null>(null);
  const key = JSON.stringify([vhost, queue, query]);
  const load = useCallback(
    async (cursor: string | undefined) => {
      reading.current?.abort();
      const mine = new AbortController();
      reading.current = mine;
      setLoading(true);
      setScanned(0);
      try {
        const found = await search(vhost, queue, query, cursor, mine.signal, setScanned);
        setPage(found);
        setError(null);
      } catch (failure) {
        if (!mine.signal.aborted) setError(failure);
      }
      if (reading.current === mine) setLoading(false);
    },
    [key],
  );
  useEffect(() => {
    setTrail([]);
    void load(undefined);
    return () => reading.current?.abort();
  }, [load]);
  const cursor = page?.cursor ?? null;
  return {
    page,
    error,
    loading,
    scanned,
    hasBefore: trail.length > 0,
    next: () => {
      if (cursor === null) return;
      setTrail([...trail, cursor]);
      void load(cursor);
    },
    before: () => {
      setTrail(trail.slice(0, -1));
      void load(trail.at(-2));
    },
    reload: () => void load(trail.at(-1)),
  };
}

async function search(
  vhost: string,
  queue: string,
  query: PeekQuery,
  from: string | undefined,
  signal: AbortSignal,
  progress: (scanned: number) => void,
): Promise<Peek> {
  let scanned = 0;
  let cursor = from;
  for (let round = 1; ; round++) {
    const asked = cursor === undefined ? query : { ...query, cursor, offset: undefined };
    const page = await peek(vhost, queue, asked, signal);
    scanned += page.scanned;
    progress(scanned);
    if (page.items.length > 0 || page.cursor === null || round >= ROUNDS) return page;
    cursor = page.cursor;
  }
}
