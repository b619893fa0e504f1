/**
 * QueueState: whether a queue works, in a word. A queue that has
 * been quiet is idle, not broken.
 */
import type { Queue } from '../../api/queue.ts';
import { ago } from '../../format/time.ts';
import { Badge, type Tone } from '../../parts/badge.tsx';

const TONES: Readonly<Record<string, Tone>> = {
  running: 'good',
  idle: 'neutral',
  flow: 'warn',
  minority: 'warn',
  down: 'bad',
  crashed: 'bad',
  stopped: 'bad',
};

export function QueueState({ queue }: { queue: Queue }) {
  const { state = 'running', idle_since: since } = queue;
  const idle = state === 'running' && since !== undefined;
  const word = idle ? 'idle' : state;
  return (
    <Badge dot title={idle ? `for ${ago(Date.parse(since))}` : undefined} tone={TONES[word]}>
      {word}
    </Badge>
  );
}
