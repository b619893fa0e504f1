/**
 * QueueFigures: the figures of one queue in
 * a row, above its tabs.
 */
import type { Queue } from '../../api/queue.ts';
import { rateOf } from '../../api/statistics.ts';
import { bytes } from '../../format/bytes.ts';
import { count, rate, short } from '../../format/number.ts';
import { Figures } from '../../parts/figures.tsx';

export function QueueFigures({ queue }: { queue: Queue }) {
  const stats = queue.message_stats;
  return (
    <Figures
      figures={[
        ['Ready', short(queue.messages_ready), count(queue.messages_ready)],
        ['Unacked', short(queue.messages_unacknowledged), count(queue.messages_unacknowledged)],
        ['In', `${rate(rateOf(stats, 'publish') ?? 0)}/s`],
        ['Out', `${rate(rateOf(stats, 'deliver_get') ?? 0)}/s`],
        ['Consumers', count(queue.consumers)],
        ['Bodies', bytes(queue.message_bytes)],
      ]}
    />
  );
}
