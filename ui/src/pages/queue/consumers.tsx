/**
 * Consumers: who takes from one queue, on which connection,
 * and whether they may take now.
 */
import type { Consumer, Queue } from '../../api/queue.ts';
import { count } from '../../format/number.ts';
import { Empty } from '../../parts/empty.tsx';
import { Panel } from '../../parts/panel.tsx';
import { Table } from '../../parts/table.tsx';
import { CONSUMER_COLUMNS } from '../connections/consumer-columns.tsx';

function keyOf({ consumer_tag: tag, channel_details: channel }: Consumer): string {
  return `${channel?.name} ${tag}`;
}

export function Consumers({ queue }: { queue: Queue }) {
  const consumers = queue.consumer_details ?? [];
  return (
    <Panel flush>
      <Table
        caption="Consumers"
        columns={CONSUMER_COLUMNS.filter(({ key }) => key !== 'queue')}
        empty={
          <Empty icon="connections" title="Nobody consumes this queue">
            {queue.messages
              ? `${count(queue.messages)} messages wait for a consumer. `
              : 'Messages that arrive will wait here. '}
            Clients subscribe with basic.consume, an MQTT or STOMP subscription, or GET over HTTP.
          </Empty>
        }
        keyOf={keyOf}
        rows={consumers}
      />
    </Panel>
  );
}
