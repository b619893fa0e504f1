/**
 * Memory: what uses the memory of a node, the largest first. The kinds are RabbitMQ's; those that a
 * broker does not have are 0 and left out.
 */
import { at } from '../../api/request.ts';
import { bytes } from '../../format/bytes.ts';
import { percent } from '../../format/number.ts';
import { useResource } from '../../live/resource.ts';
import { Figures } from '../../parts/figures.tsx';
import { Meter } from '../../parts/meter.tsx';
import { Panel } from '../../parts/panel.tsx';
import { Problem } from '../../parts/problem.tsx';

interface Breakdown {
  readonly memory: Readonly<Record<string, number | string | Readonly<Record<string, number>>>>;
}

const WORDS: Readonly<Record<string, string>> = {
  connection_readers: 'Connections, reading',
  connection_writers: 'Connections, writing',
  connection_channels: 'Channels',
  connection_other: 'Connections, other',
  queue_procs: 'Queues',
  quorum_queue_procs: 'Quorum queues',
  stream_queue_procs: 'Streams',
  binary: 'Message bodies and buffers',
  code: 'Program',
  other_proc: 'Other parts of the broker',
  other_system: 'Runtime',
  other_ets: 'Other tables',
  mgmt_db: 'Statistics',
  metrics: 'Metrics',
  mnesia: 'Metadata',
  metadata_store: 'Metadata',
  msg_index: 'Message index',
  plugins: 'Plugins',
  atom: 'Names',
  allocated_unused: 'Allocated, not used',
  reserved_unallocated: 'Reserved by the system',
};

export function Memory({ node }: { node: string }) {
  const { data, error, reload } = useResource<Breakdown>(at`nodes/${node}/memory`);
  if (data === undefined) {
    return error ? <Problem error={error} onRetry={() => void reload()} /> : null;
  }
  const parts = Object.entries(data.memory)
    .filter((entry): entry is [string, number] => typeof entry[1] === 'number' && entry[1] > 0)
    .sort(([, a], [, b]) => b - a);
  const sum = parts.reduce((all, [, size]) => all + size, 0);
  const { total } = data.memory;
  const totals = typeof total === 'object' ? total : {};
  return (
    <>
      <Figures
        figures={[
          ['Resident', bytes(totals.rss)],
          ['Allocated', bytes(totals.allocated)],
          ['In use by the runtime', bytes(totals.erlang)],
        ]}
      />
      <Panel title="By kind">
        <div class="node-meters">
          {parts.map(([key, size]) => (
            <Meter
              key={key}
              label={WORDS[key] ?? key.replaceAll('_', ' ')}
              share={size / sum}
              text={`${bytes(size)} · ${percent(size / sum)}`}
              tone="good"
            />
          ))}
        </div>
      </Panel>
    </>
  );
}
