/**
 * `warren trace`: follows messages through the broker and prints what happens to them, until it is
 * interrupted or has seen enough. The trace is the broker's; it ends with the command, and by
 * itself should the command die.
 */
import { type Command, CommandError, EXIT, type Invocation, NOTHING } from './command.ts';
import { headersOf } from './inspect-commands.ts';

/** How long a request waits for something to happen. */
const WAIT_MS = 5_000;

const WISHES: Readonly<Record<string, string>> = {
  queue: 'queue',
  exchange: 'exchange',
  'routing-key': 'routing_key',
  connection: 'connection',
  protocol: 'protocol',
  text: 'text',
};

const NUMBERS: Readonly<Record<string, string>> = {
  sample: 'sample',
  'payload-bytes': 'payload_bytes',
};

interface Traced {
  readonly id: number;
  readonly at: number;
  readonly state: string;
  readonly text: string;
  readonly payload?: string;
}

interface Changes {
  readonly items: readonly Traced[];
  readonly next: number;
  readonly missed: number;
  readonly ended: string | null;
}

function bodyOf(invocation: Invocation): object {
  const { options, vhost } = invocation;
  const body: Record<string, unknown> = { name: 'warren trace' };
  if (options.has('vhost')) body.vhost = vhost;
  for (const [option, name] of Object.entries({ ...WISHES, ...NUMBERS })) {
    const value = options.get(option);
    if (value !== undefined) body[name] = value;
  }
  const headers = headersOf(invocation);
  if (headers.length > 0) body.headers = Object.fromEntries(headers);
  return body;
}

/** Prints each message when it is first seen, and when where it stands has changed. */
class Printer {
  printed = 0;
  private readonly json: boolean;
  private readonly states = new Map<number, string>();

  constructor(json: boolean) {
    this.json = json;
  }

  print(message: Traced): void {
    const { id, at, state, text, payload } = message;
    if (this.states.get(id) === state) return;
    this.states.set(id, state);
    if (this.states.size > 10_000) this.states.delete(this.states.keys().next().value as number);
    this.printed++;
    const time = new Date(at).toISOString().slice(11, -1);
    const shown = payload === undefined ? '' : `  ${JSON.stringify(payload)}`;
    const line = this.json ? JSON.stringify(message) : `${time}  #${id}  ${text}${shown}`;
    process.stdout.write(`${line}\n`);
  }
}

async function follow(invocation: Invocation): Promise<void> {
  const { api, options } = invocation;
  const count = Number(options.get('count') ?? Number.POSITIVE_INFINITY);
  if (Number.isNaN(count)) throw new CommandError(EXIT.usage, 'Error: --count is not a number');
  const { id } = (await api.change('POST', '/api/x/traces', bodyOf(invocation))) as { id: string };
  const path = `/api/x/traces/${id}`;
  let interrupted = false;
  const interrupt = (): void => {
    interrupted = true;
    // Whoever waits for the trace hears of its end.
    void api.call('DELETE', path).catch(() => {});
  };
  process.once('SIGINT', interrupt);
  try {
    const printer = new Printer((options.get('formatter') ?? '').startsWith('json'));
    for (let after = 0; !interrupted && printer.printed < count; ) {
      const query = `after=${after}&wait_ms=${WAIT_MS}`;
      const { items, next, missed, ended } = await api.get<Changes>(`${path}/events?${query}`);
      if (missed > 0 && after > 0) process.stderr.write(`${missed} messages were missed\n`);
      for (const item of items) if (printer.printed < count) printer.print(item);
      after = next;
      if (ended !== null) return;
    }
    if (!interrupted) await api.change('DELETE', path);
  } finally {
    process.off('SIGINT', interrupt);
  }
}

/** Follows messages live. */
export const TRACE_COMMAND: Command = {
  usage: 'trace',
  help: 'Follows messages through the broker, live, until Ctrl-C.',
  valued: [...Object.keys(WISHES), ...Object.keys(NUMBERS), 'header', 'count'],
  banner: () => 'Following messages; Ctrl-C ends it ...',
  run: async (invocation) => {
    await follow(invocation);
    return NOTHING;
  },
};
