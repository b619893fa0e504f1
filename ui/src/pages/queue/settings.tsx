/**
 * Settings: how a queue was declared, what policies make of it, and which setting comes from where:
 * the smaller of two limits counts, and an operator policy is a limit to all.
 */
import type { Arguments, Queue } from '../../api/queue.ts';
import { bytes } from '../../format/bytes.ts';
import { dateTime } from '../../format/time.ts';
import { Empty } from '../../parts/empty.tsx';
import { type Fact, KeyValue } from '../../parts/key-value.tsx';
import { Panel } from '../../parts/panel.tsx';
import { to } from '../../shell/location.tsx';
import { PolicyExplanation } from './policy-explanation.tsx';

export function Settings({ queue }: { queue: Queue }) {
  const facts: readonly Fact[] = [
    ['Type', queue.type ?? 'classic'],
    ['Durable', yesNo(queue.durable)],
    ['Deletes by itself', yesNo(queue.auto_delete)],
    ['Exclusive', queue.exclusive ? (queue.owner_pid_details?.name ?? 'yes') : 'no'],
    ['Node', queue.node],
    ['Declared by', queue.user_who_performed_action],
    ['Memory', queue.memory === undefined ? undefined : bytes(queue.memory)],
    ['Oldest message', headTime(queue)],
    ['Single active consumer', queue.single_active_consumer_tag ?? undefined],
  ];
  return (
    <>
      <div class="settings">
        <Panel title="Declared as">
          <KeyValue facts={facts} />
        </Panel>
        <Panel title="Arguments">
          {Object.keys(queue.arguments).length === 0 ? (
            <Empty icon="queues" title="Declared without arguments">
              Arguments can only be given when a queue is declared. A policy can be changed later.
            </Empty>
          ) : (
            <KeyValue facts={argumentFacts(queue.vhost, queue.arguments)} />
          )}
        </Panel>
      </div>
      <PolicyExplanation queue={queue} />
    </>
  );
}

function yesNo(value: boolean): string {
  return value ? 'yes' : 'no';
}

/** The timestamp property counts seconds. */
function headTime({ head_message_timestamp: seconds }: Queue): string | undefined {
  return seconds ? dateTime(seconds * 1000) : undefined;
}

function argumentFacts(vhost: string, values: Arguments): Fact[] {
  return Object.entries(values).map(([name, value]) => {
    const text = typeof value === 'string' ? value : JSON.stringify(value);
    if (name !== 'x-dead-letter-exchange') return [name, <code key={name}>{text}</code>];
    return [
      name,
      <a href={to`/exchanges/${vhost}/${text || 'amq.default'}`} key={name}>
        {text}
      </a>,
    ];
  });
}
