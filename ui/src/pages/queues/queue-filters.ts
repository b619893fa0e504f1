/**
 * The chips above the list of queues: questions that the API cannot filter by. With one of them on,
 * the whole list is read, now and then, and narrowed here.
 */
import type { Queue } from '../../api/queue.ts';

/** A chip: its key in the address, its word, and whether a queue passes. */
export interface QueueFilter {
  readonly key: string;
  readonly label: string;
  readonly title: string;
  readonly passes: (queue: Queue) => boolean;
}

function hasType(type: string): (queue: Queue) => boolean {
  return (queue) => (queue.type ?? 'classic') === type;
}

export const QUEUE_FILTERS: readonly QueueFilter[] = [
  { key: 'classic', label: 'Classic', title: 'Classic queues', passes: hasType('classic') },
  { key: 'quorum', label: 'Quorum', title: 'Quorum queues', passes: hasType('quorum') },
  { key: 'stream', label: 'Stream', title: 'Streams', passes: hasType('stream') },
  {
    key: 'unconsumed',
    label: 'No consumers',
    title: 'Queues that nobody consumes',
    passes: ({ consumers = 0 }) => consumers === 0,
  },
  {
    key: 'growing',
    label: 'Growing',
    title: 'More messages come than go',
    passes: ({ messages_details: details }) => (details?.rate ?? 0) > 0,
  },
  {
    key: 'dlx',
    label: 'Dead letters',
    title: 'Queues with a dead letter exchange',
    passes: ({ arguments: args, effective_policy_definition: policy }) =>
      args['x-dead-letter-exchange'] !== undefined ||
      (policy as Record<string, unknown> | undefined)?.['dead-letter-exchange'] !== undefined,
  },
];

/** Types narrow to any of them, questions to all of them. */
export function passesAll(queue: Queue, keys: ReadonlySet<string>): boolean {
  const chosen = QUEUE_FILTERS.filter(({ key }) => keys.has(key));
  const types = chosen.filter(({ key }) => ['classic', 'quorum', 'stream'].includes(key));
  const questions = chosen.filter((one) => !types.includes(one));
  return (
    (types.length === 0 || types.some(({ passes }) => passes(queue))) &&
    questions.every(({ passes }) => passes(queue))
  );
}
