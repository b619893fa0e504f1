/** Options: what the command line of `npm run bench` says, checked. */
import path from 'node:path';
import { parseArgs } from 'node:util';
import { SCENARIOS, type Scenario, scenarioNamed } from './scenarios.ts';
import type { Timing } from './window.ts';

export const USAGE = `npm run bench -- [options]: Warren beside other brokers, in one run.

  --scenario A,B     only these, spaces left out (default all):
                     ${SCENARIOS.map(({ name }) => name.replaceAll(' ', '')).join(' ')}
  --brokers A,B      warren, rabbitmq4, rabbitmq3 (default warren,rabbitmq4); those that
                     cannot be started are left out and named in the report
  --warren PATH      checkout to start Warren from (default this one); repeat it with names
                     to compare two: --warren after=. --warren before=../old
  --attach NAME=PORT:PID
                     a broker that runs already on 127.0.0.1 (guest/guest); repeatable;
                     it counts as Warren if its name begins with that
  --peers FILE       the tool that starts RabbitMQ (default shared/tools/peers, one or two
                     folders up, or the environment's WARREN_PEERS)
  --reps N           repetitions (default 3)
  --seconds S        length of a measured window (default 2.2)
  --quick            one repetition of one second: does it run at all?
  --json FILE        every single measurement, too
  --cpu-prof DIR     start Warren under node --cpu-prof, keep the profiles in DIR, and print
                     where the time went; costs some speed. Best with one scenario:
                     npm run bench -- --brokers warren --scenario a16tauto --cpu-prof /tmp/p
  --help

Throughput runs are closed loops, so latency means nothing there; lat5k runs are open loops.
CPU/msg is user + system time of the broker and all its descendants per delivered message.
`;

export interface Checkout {
  readonly name: string;
  readonly path: string;
}

export interface Attachment {
  readonly name: string;
  readonly port: number;
  readonly pid: number;
}

export interface Options {
  readonly scenarios: readonly Scenario[];
  /** Warrens to start, the one that is judged first. Empty when --brokers leaves them out. */
  readonly checkouts: readonly Checkout[];
  /** Peers to start, by the names that the peers tool knows. */
  readonly peers: readonly string[];
  readonly attachments: readonly Attachment[];
  readonly peersTool: string | null;
  readonly repetitions: number;
  readonly timing: Timing;
  readonly jsonFile: string | null;
  readonly profileDirectory: string | null;
  readonly help: boolean;
}

/** @throws Error in words for the user when an option is unknown or makes no sense */
export function parseOptions(args: readonly string[], repository: string): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      scenario: { type: 'string' },
      brokers: { type: 'string', default: 'warren,rabbitmq4' },
      warren: { type: 'string', multiple: true, default: [repository] },
      attach: { type: 'string', multiple: true, default: [] },
      peers: { type: 'string' },
      reps: { type: 'string', default: '3' },
      seconds: { type: 'string', default: '2.2' },
      quick: { type: 'boolean', default: false },
      json: { type: 'string' },
      'cpu-prof': { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  const brokers = listed(values.brokers);
  const checkouts = brokers.includes('warren') ? values.warren.map(checkout) : [];
  const peers = brokers.filter((name) => name !== 'warren');
  const attachments = values.attach.map(attachment);
  refuseTwins([...peers, ...[...checkouts, ...attachments].map(({ name }) => name)]);
  return {
    scenarios:
      values.scenario === undefined ? SCENARIOS : listed(values.scenario).map(scenarioNamed),
    checkouts,
    peers,
    attachments,
    peersTool: values.peers ?? null,
    repetitions: values.quick ? 1 : positive('--reps', values.reps),
    timing: values.quick
      ? { warmupMs: 400, measureMs: 1000 }
      : { warmupMs: 600, measureMs: positive('--seconds', values.seconds) * 1000 },
    jsonFile: values.json ?? null,
    profileDirectory: values['cpu-prof'] === undefined ? null : path.resolve(values['cpu-prof']),
    help: values.help,
  };
}

function listed(text: string): string[] {
  return text.split(',').flatMap((item) => item.trim() || []);
}

function refuseTwins(names: readonly string[]): void {
  const twin = names.find((name, index) => names.indexOf(name) !== index);
  if (twin !== undefined) throw new Error(`two brokers are named ${twin}; see NAME= in --help`);
}

function positive(option: string, text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new Error(`${option} ${text}: a number above 0 is expected`);
  return value;
}

/** `PATH` or `NAME=PATH`. */
function checkout(text: string): Checkout {
  const [, name = 'warren', folder = ''] = /^(?:([\w-]+)=)?(.+)$/.exec(text) ?? [];
  return { name, path: path.resolve(folder) };
}

function attachment(text: string): Attachment {
  const [, name, port, pid] = /^([\w-]+)=(\d+):(\d+)$/.exec(text) ?? [];
  if (name === undefined) throw new Error(`--attach ${text}: NAME=PORT:PID is expected`);
  return { name, port: Number(port), pid: Number(pid) };
}
