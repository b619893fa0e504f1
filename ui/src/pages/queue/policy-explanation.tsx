/**
 * PolicyExplanation: what counts for a queue, setting by setting, and who said so. The broker tells
 * if it can (`/api/x`); of a RabbitMQ, the policies' names and what they come to are known.
 */
import type { Arguments, Queue } from '../../api/queue.ts';
import { at } from '../../api/request.ts';
import { useResource } from '../../live/resource.ts';
import { Badge, type Tone } from '../../parts/badge.tsx';
import { Button } from '../../parts/button.tsx';
import { Empty } from '../../parts/empty.tsx';
import { Panel } from '../../parts/panel.tsx';
import { type Column, Table } from '../../parts/table.tsx';
import { features } from '../../session/identity.ts';

/** One setting that is in effect. */
interface Explained {
  readonly key: string;
  readonly value: unknown;
  readonly source: string;
  readonly policy?: string | null;
}

const TONES: Readonly<Record<string, Tone>> = { policy: 'info', 'operator-policy': 'warn' };

const COLUMNS: readonly Column<Explained>[] = [
  { key: 'key', label: 'Setting', render: ({ key }) => <code>{key}</code> },
  { key: 'value', label: 'Value', render: ({ value }) => <code>{sayValue(value)}</code> },
  {
    key: 'source',
    label: 'Comes from',
    render: ({ source, policy }) => (
      <span class="badges">
        <Badge tone={TONES[source.replace(' ', '-')]}>{source.replace('-', ' ')}</Badge>
        {policy && <a href={`#/policies?q=${encodeURIComponent(policy)}`}>{policy}</a>}
      </span>
    ),
  },
];

export function PolicyExplanation({ queue }: { queue: Queue }) {
  const { vhost, name } = queue;
  const told = features.value.size > 0;
  const path = told ? at`x/queues/${vhost}/${name}/policy-explanation` : null;
  const { data, error } = useResource<readonly Explained[]>(path, true);
  const guess = !told || error !== undefined;
  const rows = data ?? (guess ? known(queue) : []);
  const add = (
    <Button href="#/policies?add=true" icon="plus" small>
      Add policy
    </Button>
  );
  return (
    <Panel aside={add} flush title="What is in effect, and why">
      <Table
        caption="Settings in effect"
        columns={COLUMNS}
        empty={
          <Empty icon="admin" title="No limits, no policy">
            This queue keeps everything until it is consumed. A policy sets limits, time to live or
            dead-lettering for all queues whose names match a pattern, without declaring them anew.
          </Empty>
        }
        keyOf={({ key }) => key}
        loading={data === undefined && !guess}
        rows={rows}
      />
    </Panel>
  );
}

/** What the public API says: arguments, and all policies in one. */
function known(queue: Queue): Explained[] {
  const { arguments: args, effective_policy_definition: definition, policy } = queue;
  const effective = Array.isArray(definition) ? {} : ((definition ?? {}) as Arguments);
  const own = Object.entries(args).filter(([key]) => key !== 'x-queue-type');
  const source = queue.operator_policy ? 'policy or operator policy' : 'policy';
  return [
    ...own.map(([key, value]) => ({ key: key.replace(/^x-/, ''), value, source: 'argument' })),
    ...Object.entries(effective).map(([key, value]) => {
      return { key, value, source, policy: policy ?? queue.operator_policy };
    }),
  ];
}

function sayValue(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
