/**
 * LiveLog: the log of the broker as it is written, the newest last. It follows the end while one is
 * there, and stays where one has scrolled to otherwise.
 */
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { NodeInfo } from '../../api/overview.ts';
import { sayError } from '../../api/request.ts';
import { timeOfDay } from '../../format/time.ts';
import { readEvents } from '../../live/stream.ts';
import { Empty } from '../../parts/empty.tsx';
import { Panel } from '../../parts/panel.tsx';
import { Problem } from '../../parts/problem.tsx';
import { Segments } from '../../parts/segments.tsx';
import { TextField } from '../../parts/text-field.tsx';
import { features } from '../../session/identity.ts';
import { useQuery } from '../../shell/location.tsx';

interface Line {
  readonly id: number;
  readonly time: number;
  readonly level: string;
  readonly text: string;
}

const LEVELS = [
  ['debug', 'Debug'],
  ['info', 'Info'],
  ['warning', 'Warning'],
  ['error', 'Error'],
] as const;

type Level = (typeof LEVELS)[number][0];

/** How many lines are kept in the page. */
const KEPT = 1000;

export function LiveLog({ node }: { node: NodeInfo }) {
  const [query, setQuery] = useQuery();
  const level = LEVELS.find(([key]) => key === query.level)?.[0] ?? 'info';
  const filter = query.q ?? '';
  const { lines, failure } = useLog(level, features.value.has('log'));
  if (!features.value.has('log')) {
    return (
      <Empty icon="nodes" title="This broker does not show its log here">
        It writes to {node.log_files?.join(', ') || 'its standard output'}.
      </Empty>
    );
  }
  const wanted = filter.toLowerCase();
  const shown = lines.filter(({ text }) => text.toLowerCase().includes(wanted));
  return (
    <Panel
      aside={
        <Segments
          label="Least level"
          onChange={(key: Level) => setQuery({ level: key === 'info' ? '' : key })}
          options={LEVELS}
          value={level}
        />
      }
      title="Log"
    >
      <div class="form">
        <TextField label="Filter" onChange={(q) => setQuery({ q })} value={filter} />
        {failure && <Problem error={new Error(failure)} />}
        <Lines lines={shown} />
      </div>
    </Panel>
  );
}

/** The last lines from that level on. */
function useLog(level: Level, available: boolean): { lines: readonly Line[]; failure: string } {
  const [lines, setLines] = useState<readonly Line[]>([]);
  const [failure, setFailure] = useState('');
  useEffect(() => {
    if (!available) return undefined;
    setLines([]);
    setFailure('');
    const stopped = new AbortController();
    let waiting: Line[] = [];
    let lastId = 0;
    // A burst of lines is drawn once a frame.
    const draw = () => {
      const more = waiting;
      waiting = [];
      setLines((before) => [...before, ...more].slice(-KEPT));
    };
    const take = (event: string, data: unknown) => {
      if (event !== 'line') return;
      if (waiting.length === 0) requestAnimationFrame(draw);
      waiting.push({ ...(data as Omit<Line, 'id'>), id: ++lastId });
    };
    readEvents(`_ui/log?level=${level}`, stopped.signal, take).catch((error: unknown) => {
      if (!stopped.signal.aborted) setFailure(sayError(error));
    });
    return () => stopped.abort();
  }, [level, available]);
  return { lines, failure };
}

function Lines({ lines }: { lines: readonly Line[] }) {
  const box = useRef<HTMLDivElement>(null);
  const atEnd = useRef(true);
  useLayoutEffect(() => {
    if (atEnd.current && box.current) box.current.scrollTop = box.current.scrollHeight;
  }, [lines]);
  const scrolled = () => {
    const { scrollTop = 0, scrollHeight = 0, clientHeight = 0 } = box.current ?? {};
    atEnd.current = scrollHeight - scrollTop - clientHeight < 24;
  };
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached by keys
    <div aria-label="Log" class="log" onScroll={scrolled} ref={box} role="log" tabIndex={0}>
      {lines.map(({ id, time, level, text }) => (
        <p class={`log-line log-${level}`} key={id}>
          <span class="log-time">{timeOfDay(time)}</span>
          <span class="log-level">{level}</span>
          <span>{text}</span>
        </p>
      ))}
    </div>
  );
}
