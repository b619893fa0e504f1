/**
 * ConnectionState: whether a connection works, in a word. Blocked ones publish while the broker is
 * short of memory or disk; flow means that it slows a publisher down.
 */
import type { Connection } from '../../api/connection.ts';
import { Badge, type Tone } from '../../parts/badge.tsx';

const TONES: Readonly<Record<string, Tone>> = {
  running: 'good',
  flow: 'warn',
  blocking: 'warn',
  blocked: 'bad',
};

export function ConnectionState({ connection: { state = 'running' } }: { connection: Connection }) {
  return (
    <Badge dot tone={TONES[state]}>
      {state}
    </Badge>
  );
}
