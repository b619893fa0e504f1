/**
 * useTrace: a trace that runs while somebody looks: begun and ended here, its messages by id, the
 * latest first. What comes faster than a person can read is drawn a few times a second.
 */
import { useEffect, useRef, useState } from 'preact/hooks';
import { sayError } from '../../api/request.ts';
import {
  endTrace,
  startTrace,
  type TracedMessage,
  type TraceFilter,
  traceEvents,
} from '../../api/trace.ts';
import { readEvents } from '../../live/stream.ts';

/** Messages that the page keeps and shows, and how often it draws. */
const KEPT = 500;
const SHOWN = 200;
const DRAW_MS = 250;
const RETRY_MS = 2000;

export interface Trace {
  readonly state: 'off' | 'starting' | 'on';
  readonly messages: readonly TracedMessage[];
  /** How many there have been. */
  readonly total: number;
  /** How many were dropped because nobody could keep up. */
  readonly missed: number;
  readonly failure: string;
  readonly paused: boolean;
  readonly start: (filter: TraceFilter) => void;
  readonly stop: () => void;
  readonly pause: (paused: boolean) => void;
  readonly clear: () => void;
}

/** A trace that runs. */
interface Running {
  readonly stopped: AbortController;
  id: string;
}

export function useTrace(): Trace {
  const [state, setState] = useState<Trace['state']>('off');
  const [failure, setFailure] = useState('');
  const [paused, setPaused] = useState(false);
  const [missed, setMissed] = useState(0);
  const running = useRef<Running | null>(null);
  const book = useMessageBook(paused);
  const stop = () => {
    const { current } = running;
    running.current = null;
    setState('off');
    if (current === null) return;
    current.stopped.abort();
    if (current.id !== '') endTrace(current.id).catch(() => {});
  };
  useEffect(() => stop, []);
  const start = async (filter: TraceFilter) => {
    stop();
    const mine: Running = { stopped: new AbortController(), id: '' };
    running.current = mine;
    book.clear();
    setMissed(0);
    setFailure('');
    setState('starting');
    try {
      mine.id = await startTrace(filter);
      if (mine.stopped.signal.aborted) return void endTrace(mine.id);
      setState('on');
      await follow(mine, book.take, (count) => setMissed((old) => old + count));
    } catch (error) {
      if (!mine.stopped.signal.aborted) setFailure(sayError(error));
    }
    if (running.current === mine) stop();
  };
  return {
    state,
    missed,
    failure,
    paused,
    messages: book.shown,
    total: book.total,
    start: (filter) => void start(filter),
    stop,
    pause: setPaused,
    clear: book.clear,
  };
}

/** Reads until the trace ends; a connection that breaks is made anew where it was. */
async function follow(
  running: Running,
  take: (message: TracedMessage) => void,
  miss: (count: number) => void,
): Promise<void> {
  const { signal } = running.stopped;
  let after = 0;
  let ended: string | null = null;
  while (!signal.aborted && ended === null) {
    await readEvents(traceEvents(running.id, after), signal, (event, data) => {
      if (event === 'message') {
        const message = data as TracedMessage;
        after = Math.max(after, message.seq);
        take(message);
      } else if (event === 'missed') {
        miss((data as { missed: number }).missed);
      } else if (event === 'end') {
        ended = (data as { reason: string }).reason;
      }
    });
    if (ended === null) await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
  if (ended !== null && !signal.aborted) throw new Error(`The trace has ended: ${ended}.`);
}

/** The messages that came, each once, in the order of their coming. */
function useMessageBook(paused: boolean) {
  const book = useRef(new Map<number, TracedMessage>());
  const total = useRef(0);
  const timer = useRef<ReturnType<typeof setTimeout> | null>(null);
  const held = useRef(paused);
  const [shown, setShown] = useState<readonly TracedMessage[]>([]);
  const draw = () => {
    timer.current = null;
    if (held.current) return;
    const all = [...book.current.values()].sort((a, b) => b.at - a.at || b.id - a.id);
    setShown(all.slice(0, SHOWN));
  };
  useEffect(() => {
    held.current = paused;
    if (!paused) draw();
  }, [paused]);
  const take = (message: TracedMessage) => {
    const messages = book.current;
    if (!messages.has(message.id)) total.current++;
    messages.set(message.id, message);
    if (messages.size > KEPT) messages.delete(messages.keys().next().value as number);
    timer.current ??= setTimeout(draw, DRAW_MS);
  };
  const clear = () => {
    book.current.clear();
    total.current = 0;
    setShown([]);
  };
  return { shown, total: total.current, take, clear };
}
