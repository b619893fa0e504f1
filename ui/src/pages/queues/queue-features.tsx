/**
 * QueueFeatures: what kind of queue it is, in badges: its type, and what it was declared with. The
 * tooltip has the values.
 */
import type { Queue } from '../../api/queue.ts';
import { Badge } from '../../parts/badge.tsx';

const SHORT: readonly (readonly [argument: string, short: string])[] = [
  ['x-message-ttl', 'TTL'],
  ['x-expires', 'Expires'],
  ['x-max-length', 'Limit'],
  ['x-max-length-bytes', 'Limit B'],
  ['x-overflow', 'Overflow'],
  ['x-dead-letter-exchange', 'DLX'],
  ['x-dead-letter-routing-key', 'DLK'],
  ['x-max-priority', 'Priority'],
  ['x-single-active-consumer', 'SAC'],
  ['x-delivery-limit', 'Deliveries'],
];

export function QueueFeatures({ queue }: { queue: Queue }) {
  const { type, durable, auto_delete: autoDelete, exclusive, arguments: args, policy } = queue;
  return (
    <span class="badges queue-features">
      <Badge tone="accent">{type ?? 'classic'}</Badge>
      {durable && <Badge title="Durable: survives a restart">D</Badge>}
      {autoDelete && <Badge title="Deleted when its last consumer leaves">AD</Badge>}
      {exclusive && <Badge title="Exclusive to one connection">Excl</Badge>}
      {SHORT.filter(([name]) => args[name] !== undefined).map(([name, short]) => (
        <Badge key={name} title={`${name}: ${JSON.stringify(args[name])}`}>
          {short}
        </Badge>
      ))}
      {policy && (
        <Badge title="Policy" tone="info">
          {policy}
        </Badge>
      )}
    </span>
  );
}
