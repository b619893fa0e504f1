/**
 * RedriveReport: how far a job is, or what a trial has found: how many messages go where, and what
 * stands in the way of those that cannot.
 */
import type { RedriveDestination, RedriveJob } from '../../api/redrive.ts';
import { count, plural } from '../../format/number.ts';
import { Badge } from '../../parts/badge.tsx';

export function RedriveReport({ job }: { job: RedriveJob | null }) {
  if (job === null) {
    return (
      <p class="muted">Trying first tells how many messages match, and where each would go.</p>
    );
  }
  const { state, total, scanned, destinations, waiting } = job;
  return (
    <section aria-live="polite" class="redrive-report">
      <p>{sayJob(job)}</p>
      {state === 'running' && (
        <progress aria-label="Progress" class="progress" max={Math.max(1, total)} value={scanned} />
      )}
      {waiting && <p class="muted">It waits: {waiting}.</p>}
      {destinations.length > 0 && (
        <table class="table">
          <caption class="sr">Where they go</caption>
          <thead>
            <tr>
              <th scope="col">Where to</th>
              <th class="cell-num" scope="col">
                Messages
              </th>
            </tr>
          </thead>
          <tbody>
            {destinations.map((one) => (
              <Destination
                destination={one}
                key={`${one.queue} ${one.exchange} ${one.routing_key}`}
              />
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}

function Destination({ destination }: { destination: RedriveDestination }) {
  const { queue, exchange, routing_key, count: many, problem } = destination;
  const by = exchange === null || exchange === '' ? '' : ` as from ${exchange}`;
  return (
    <tr>
      <td>
        <strong>{queue ?? exchange ?? 'the default exchange'}</strong>
        <span class="muted">
          {queue === null ? '' : by} {routing_key}
        </span>{' '}
        {problem && <Badge tone="bad">{problem}</Badge>}
      </td>
      <td class="cell-num">{count(many)}</td>
    </tr>
  );
}

function sayJob(job: RedriveJob): string {
  const { state, dry_run, scanned, matched, moved, skipped, failed, total } = job;
  const stays = skipped + failed;
  const rest = stays > 0 ? ` ${plural(stays, 'message')} cannot go and stay.` : '';
  if (dry_run) {
    if (state === 'running') return `Looking: ${count(scanned)} of ${count(total)} …`;
    return `${plural(matched, 'message')} of ${count(total)} would go.${rest}`;
  }
  const done = `${count(moved)} of ${count(matched)} moved.${rest}`;
  if (state === 'running') return `Moving: ${done}`;
  return state === 'cancelled' ? `Stopped: ${done}` : done;
}
