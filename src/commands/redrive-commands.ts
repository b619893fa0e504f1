/**
 * `warren redrive` and `warren move`: messages of a queue go back to where they came from, or
 * elsewhere. The broker does it as a job; the command follows it to its end, and Ctrl-C cancels it.
 */
import {
  argument,
  type Command,
  CommandError,
  EXIT,
  type Invocation,
  type Output,
  segment,
  text,
} from './command.ts';
import { FILTER_OPTIONS, headersOf } from './inspect-commands.ts';

/** How long a request waits for the end of the job. */
const WAIT_MS = 2_000;

interface Destination {
  readonly queue?: string;
  readonly exchange: string;
  readonly routing_key: string;
  readonly count: number;
  readonly problem?: string;
}

interface Job {
  readonly id: string;
  readonly state: string;
  readonly dry_run: boolean;
  readonly total: number;
  readonly scanned: number;
  readonly matched: number;
  readonly moved: number;
  readonly skipped: number;
  readonly failed: number;
  readonly waiting: string | null;
  readonly destinations: readonly Destination[];
  readonly error: string | null;
}

/** `queue`, `exchange`, `queue:NAME` or `exchange:NAME[/KEY]`. */
function wishOf(words: string): unknown {
  const [kind = '', ...rest] = words.split(':');
  const name = rest.join(':');
  if (rest.length === 0 && (kind === 'queue' || kind === 'exchange')) return kind;
  if (kind === 'queue') return { queue: name };
  if (kind !== 'exchange') {
    const forms = 'queue, exchange, queue:NAME or exchange:NAME/KEY';
    throw new CommandError(EXIT.usage, `Error: --to takes ${forms}`);
  }
  const slash = name.indexOf('/');
  if (slash < 0) return { exchange: name };
  return { exchange: name.slice(0, slash), routing_key: name.slice(slash + 1) };
}

function orderOf(invocation: Invocation): object {
  const { options } = invocation;
  const filter: Record<string, unknown> = {};
  for (const [option, name] of Object.entries(FILTER_OPTIONS)) {
    const value = options.get(option);
    if (value !== undefined) filter[name] = value;
  }
  const headers = headersOf(invocation);
  if (headers.length > 0) filter.headers = Object.fromEntries(headers);
  const to = options.get('to');
  const [limit, rate] = [options.get('limit'), options.get('rate')];
  return {
    filter,
    ...(to !== undefined && { to: wishOf(to) }),
    ...(limit !== undefined && { limit }),
    ...(rate !== undefined && { rate }),
    ...(options.has('dry-run') && { dry_run: true }),
    ...(options.has('keep-death-headers') && { keep_death_headers: true }),
    wait_ms: WAIT_MS,
  };
}

/** Starts a job and follows it to its end. */
async function follow(invocation: Invocation, kind: 'redrive' | 'move'): Promise<Job> {
  const { api, vhost } = invocation;
  const queue = segment(argument(invocation, 0));
  const path = `/api/x/queues/${segment(vhost)}/${queue}/${kind}`;
  let job = (await api.change('POST', path, orderOf(invocation))) as Job;
  const own = `/api/x/redrives/${job.id}`;
  const cancel = (): void => void api.call('DELETE', own).catch(() => {});
  process.once('SIGINT', cancel);
  try {
    while (job.state === 'running') {
      const { scanned, total, moved, waiting } = job;
      const why = waiting === null ? '' : `, waiting: ${waiting}`;
      process.stderr.write(`${scanned} of ${total} looked at, ${moved} moved${why}\n`);
      job = await api.get<Job>(`${own}?wait_ms=${WAIT_MS}`);
    }
  } finally {
    process.off('SIGINT', cancel);
  }
  if (job.state === 'failed') throw new CommandError(EXIT.data, `Error:\n${job.error}`);
  return job;
}

function summary(job: Job): Output {
  const { state, dry_run: dry, matched, moved, skipped, failed, destinations } = job;
  const went = dry ? `${matched - skipped} would go` : `${moved} moved`;
  const lines = [`${state}: ${matched} matched, ${went}, ${skipped} cannot go, ${failed} failed`];
  for (const { queue, exchange, routing_key: key, count, problem } of destinations) {
    const where = queue === undefined ? `exchange '${exchange}' by '${key}'` : `queue '${queue}'`;
    lines.push(`${count}\t${where}${problem === undefined ? '' : `\t${problem}`}`);
  }
  return text(lines.join('\n'), job);
}

const VALUED = [...Object.keys(FILTER_OPTIONS), 'header', 'to', 'limit', 'rate'];
const FLAGS = ['dry-run', 'keep-death-headers'];

/** Those of `warren` that move messages. */
export const REDRIVE_COMMANDS: readonly Command[] = [
  {
    usage: 'redrive <queue>',
    help: 'Puts dead letters back where they came from.',
    valued: VALUED,
    flags: FLAGS,
    banner: ({ args, vhost }) => `Redriving queue ${args[0]} in vhost ${vhost} ...`,
    run: async (invocation) => summary(await follow(invocation, 'redrive')),
  },
  {
    usage: 'move <queue>',
    help: 'Moves messages of a queue to another queue or an exchange (--to).',
    valued: VALUED,
    flags: FLAGS,
    banner: ({ args, vhost }) => `Moving messages of queue ${args[0]} in vhost ${vhost} ...`,
    run: async (invocation) => summary(await follow(invocation, 'move')),
  },
];
