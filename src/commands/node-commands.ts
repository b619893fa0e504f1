/**
 * Commands about the node: is it there, what is it, wait for it, stop it. Those that say little
 * are what health checks run every few seconds.
 */
import { isRunning } from './client.ts';
import {
  argument,
  type Command,
  CommandError,
  EXIT,
  type Invocation,
  NOTHING,
  table,
  text,
} from './command.ts';

/** What of `/api/overview` and `/api/nodes` is shown. */
interface Overview {
  readonly node: string;
  readonly rabbitmq_version: string;
  readonly product_name: string;
  readonly product_version: string;
  readonly erlang_version: string;
  readonly cluster_name: string;
  readonly object_totals: Readonly<Record<string, number>>;
  readonly listeners: readonly Listener[];
}

/** A port that the broker listens on. */
export interface Listener {
  readonly node: string;
  readonly protocol: string;
  readonly ip_address: string;
  readonly port: number;
}

interface Node {
  readonly name: string;
  readonly os_pid: string;
  readonly uptime: number;
  readonly mem_used: number;
  readonly mem_limit: number;
  readonly mem_alarm: boolean;
  readonly disk_free: number;
  readonly disk_free_limit: number;
  readonly disk_free_alarm: boolean;
  readonly fd_used: number;
  readonly fd_total: number;
  readonly db_dir: string;
  readonly config_files: readonly string[];
  readonly enabled_plugins: readonly string[];
}

/** The ports of the broker. */
export async function listenersOf({ api }: Invocation): Promise<readonly Listener[]> {
  return (await api.get<Overview>('/api/overview')).listeners;
}

/** How often a command that waits looks again. */
const LOOK_MS = 200;

const AWAIT_STARTUP_MS = 300_000;

async function status({ api }: Invocation) {
  const overview = await api.get<Overview>('/api/overview');
  const [node] = await api.get<Node[]>('/api/nodes');
  if (node === undefined) throw new CommandError(EXIT.unavailable, 'Error: no node');
  const alarms = [node.mem_alarm && 'memory', node.disk_free_alarm && 'disk'].filter(Boolean);
  const totals = Object.entries(overview.object_totals).map(([name, n]) => `${name}: ${n}`);
  const ports = overview.listeners.map(
    ({ ip_address, port, protocol }) =>
      `Interface: ${ip_address}, port: ${port}, protocol: ${protocol}`,
  );
  const list = (lines: readonly string[]) => (lines.length === 0 ? ['(none)'] : lines);
  const sections: readonly (readonly [string, readonly string[]])[] = [
    [
      'Runtime',
      [
        `OS PID: ${node.os_pid}`,
        `OS: ${process.platform}`,
        `Uptime (seconds): ${Math.round(node.uptime / 1000)}`,
        `RabbitMQ version: ${overview.rabbitmq_version}`,
        `${overview.product_name} version: ${overview.product_version}`,
        `Node name: ${node.name}`,
        `Erlang configuration: none, ${overview.erlang_version}`,
      ],
    ],
    ['Plugins', list(node.enabled_plugins)],
    ['Data directory', [`Node data directory: ${node.db_dir || '(none: memory only)'}`]],
    ['Config files', list(node.config_files)],
    ['Alarms', list(alarms.map(String))],
    [
      'Memory',
      [`Total memory used: ${megabytes(node.mem_used)}`, `Limit: ${megabytes(node.mem_limit)}`],
    ],
    ['File Descriptors', [`Total: ${node.fd_used}, limit: ${node.fd_total}`]],
    [
      'Free Disk Space',
      [`Low free disk space watermark: ${megabytes(node.disk_free_limit)}`].concat(
        `Free disk space: ${megabytes(node.disk_free)}`,
      ),
    ],
    ['Totals', totals],
    ['Listeners', ports],
  ];
  const shown = sections.map(([title, lines]) => [title, '', ...lines].join('\n')).join('\n\n');
  return text(shown, { ...node, ...overview });
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(4)} mb`;
}

async function ping({ api, node, timeoutMs }: Invocation) {
  const { status: answer } = await api.call('GET', '/control/ping');
  // Over the network the path is not there, but the answer proves as much.
  if (answer >= 500) throw new CommandError(EXIT.unavailable, `Error: ${node} does not answer`);
  return text('Ping succeeded', { result: 'ok', timeout: timeoutMs });
}

async function awaitStartup(invocation: Invocation) {
  const limitMs = invocation.options.has('timeout') ? invocation.timeoutMs : AWAIT_STARTUP_MS;
  const until = Date.now() + limitMs;
  for (;;) {
    try {
      if (await isRunning(invocation.api)) return NOTHING;
      if (Date.now() > until) throw notStarted(invocation);
    } catch (error) {
      if (Date.now() > until) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

function notStarted({ node }: Invocation): CommandError {
  return new CommandError(EXIT.unavailable, `Error: ${node} has no broker that runs`);
}

async function clusterStatus({ api }: Invocation) {
  const overview = await api.get<Overview>('/api/overview');
  const { node, cluster_name: name, rabbitmq_version: version, listeners } = overview;
  const ports = listeners.map(
    (one) =>
      `Node: ${one.node}, interface: ${one.ip_address}, port: ${one.port}, ` +
      `protocol: ${one.protocol}`,
  );
  const sections = [
    ['Basics', '', `Cluster name: ${name}`],
    ['Disk Nodes', '', node],
    ['Running Nodes', '', node],
    ['Versions', '', `${node}: RabbitMQ ${version} on ${overview.erlang_version}`],
    ['Alarms', '', '(none)'],
    ['Network Partitions', '', '(none)'],
    ['Listeners', '', ...ports],
  ];
  const value = { cluster_name: name, disk_nodes: [node], running_nodes: [node], partitions: {} };
  return text(sections.map((lines) => lines.join('\n')).join('\n\n'), value);
}

async function environment({ api }: Invocation) {
  const settings = await api.get<Record<string, unknown>>('/control/configuration');
  const lines = Object.entries(settings).map(([key, value]) => `${key} = ${JSON.stringify(value)}`);
  return text(lines.join('\n'), settings);
}

/** `0.6`, `absolute 2GB`, `2GB`, `mem_relative 1.5`: a word says that the other kind follows. */
async function setLimit(invocation: Invocation, resource: 'memory' | 'disk', word: string) {
  const other = invocation.args[0] === word;
  const value = argument(invocation, other ? 1 : 0);
  const relative = (resource === 'memory') !== other;
  const limit = relative ? { relative: Number(value) } : { absolute: bytesOf(value) };
  const given = Object.values(limit)[0];
  if (given === undefined || Number.isNaN(given)) {
    throw new CommandError(EXIT.usage, `Error: ${value} is no limit`);
  }
  await invocation.api.change('PUT', `/control/limits/${resource}`, limit);
  return NOTHING;
}

/** `2GB` is 2 × 10⁹, `2GiB` and `2G` are 2 × 2³⁰, as in the configuration. */
function bytesOf(text: string): number {
  const [, digits, letter = '', rest = ''] = /^(\d+)([kmgt]?)(i?b?)$/i.exec(text) ?? [];
  if (digits === undefined) return Number.NaN;
  const power = ['', 'k', 'm', 'g', 't'].indexOf(letter.toLowerCase());
  return Number(digits) * (rest.toLowerCase() === 'b' && power > 0 ? 1000 : 1024) ** power;
}

/** Commands that both rabbitmqctl and rabbitmq-diagnostics have. */
export const NODE_COMMANDS: readonly Command[] = [
  {
    usage: 'status [--unit <unit>]',
    help: 'Shows what the node is, uses and listens on.',
    valued: ['unit'],
    banner: ({ node }) => `Status of node ${node} ...`,
    run: status,
  },
  {
    usage: 'ping',
    help: 'Checks that the node answers.',
    banner: ({ node, timeoutMs }) => `Will ping ${node}. Timeout: ${timeoutMs} ms.`,
    run: ping,
  },
  {
    usage: 'await_startup',
    help: 'Waits until the node has started.',
    run: awaitStartup,
  },
  {
    usage: 'await_online_nodes <count>',
    help: 'Waits until there are so many nodes; there is one.',
    run: (invocation) => {
      if (Number(argument(invocation, 0)) > 1) {
        throw new CommandError(EXIT.unavailable, 'Error: there is one node');
      }
      return awaitStartup(invocation);
    },
  },
  {
    usage: 'cluster_status',
    help: 'Shows the nodes of the cluster.',
    banner: ({ node }) => `Cluster status of node ${node} ...`,
    run: clusterStatus,
  },
  {
    usage: 'environment',
    help: 'Shows the configuration in effect, without secrets.',
    banner: ({ node }) => `Application environment of node ${node} ...`,
    run: environment,
  },
  {
    usage: 'list_feature_flags [<column> ...]',
    help: 'Lists feature flags.',
    banner: () => 'Listing feature flags ...',
    run: async ({ api, args }) => {
      const columns = args.length > 0 ? args : ['name', 'state'];
      return table(columns, await api.get('/api/feature-flags'));
    },
  },
  {
    usage: 'version',
    help: 'Shows the version of these tools.',
    run: async () => {
      const { RABBITMQ_VERSION, VERSION } = await import('../version.ts');
      return text(`${RABBITMQ_VERSION} (Warren ${VERSION})`, RABBITMQ_VERSION);
    },
  },
];

/** Those of rabbitmqctl alone. */
export const CONTROL_COMMANDS: readonly Command[] = [
  {
    usage: 'wait [<pidfile>]',
    help: 'Waits until the node has started.',
    valued: ['pid'],
    run: awaitStartup,
  },
  {
    usage: 'stop [<pidfile>]',
    help: 'Stops the node.',
    flags: ['idempotent'],
    banner: ({ node }) => `Stopping and halting node ${node} ...`,
    run: async ({ api }) => {
      await api.change('POST', '/control/stop');
      return NOTHING;
    },
  },
  {
    usage: 'shutdown',
    help: 'Stops the node and waits until it has ended.',
    flags: ['no-wait', 'wait'],
    banner: ({ node }) => `Shutting down RabbitMQ node ${node}`,
    run: async ({ api }) => {
      await api.change('POST', '/control/stop');
      for (;;) {
        try {
          await api.call('GET', '/control/ping');
        } catch {
          return NOTHING;
        }
        await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
      }
    },
  },
  {
    usage: 'suspend_listeners',
    help: 'Takes no new clients; who is connected stays.',
    banner: ({ node }) => `Will suspend client connection listeners on node ${node} ...`,
    run: async ({ api }) => {
      await api.change('DELETE', '/control/listeners');
      return NOTHING;
    },
  },
  {
    usage: 'resume_listeners',
    help: 'Takes new clients again.',
    banner: ({ node }) => `Will resume client connection listeners on node ${node} ...`,
    run: async ({ api }) => {
      await api.change('PUT', '/control/listeners');
      return NOTHING;
    },
  },
  {
    usage: 'set_vm_memory_high_watermark <fraction> [<bytes>]',
    help: 'Says at how much memory publishers are held back: 0.6, or absolute 2GB.',
    run: (invocation) => setLimit(invocation, 'memory', 'absolute'),
  },
  {
    usage: 'set_disk_free_limit <bytes> [<fraction>]',
    help: 'Says below how much free disk they are: 2GB, or mem_relative 1.5.',
    run: (invocation) => setLimit(invocation, 'disk', 'mem_relative'),
  },
  {
    usage: 'node_health_check',
    help: 'Checks that the node answers and has no alarms.',
    banner: ({ timeoutMs }) => `Timeout: ${timeoutMs / 1000} seconds ...`,
    run: async ({ api }) => {
      const { status: code, body } = await api.call('GET', '/api/healthchecks/node');
      if (code === 200) return text('Health check passed');
      const { reason } = body as { reason?: string };
      throw new CommandError(EXIT.software, `Error: health check failed. Message: ${reason}`);
    },
  },
  {
    usage: 'set_cluster_name <name>',
    help: 'Names the cluster.',
    banner: (invocation) => `Setting cluster name to ${argument(invocation, 0)} ...`,
    run: async (invocation) => {
      await invocation.api.change('PUT', '/api/cluster-name', { name: argument(invocation, 0) });
      return NOTHING;
    },
  },
  {
    usage: 'export_definitions <file>',
    help: 'Writes users, vhosts, queues and all other definitions to a file; - is the output.',
    valued: ['format'],
    banner: (invocation) =>
      `Exporting definitions in JSON to a file at "${invocation.args[0]}" ...`,
    run: async (invocation) => {
      const definitions = JSON.stringify(await invocation.api.get('/api/definitions'));
      const file = argument(invocation, 0);
      if (file === '-') return text(definitions);
      const { writeFileSync } = await import('node:fs');
      writeFileSync(file, definitions);
      return NOTHING;
    },
  },
  {
    usage: 'import_definitions [<file>]',
    help: 'Imports definitions from a file; without one, or with -, from the input.',
    valued: ['format'],
    flags: ['skip-if-unchanged'],
    banner: ({ args }) => `Importing definitions in JSON from a file at "${args[0] ?? '-'}" ...`,
    run: async ({ api, args }) => {
      const { readFileSync } = await import('node:fs');
      const source = args[0] === undefined || args[0] === '-' ? 0 : args[0];
      const definitions = JSON.parse(readFileSync(source, 'utf8'));
      await api.change('POST', '/api/definitions', definitions);
      return text('Successfully started definition import.');
    },
  },
];
