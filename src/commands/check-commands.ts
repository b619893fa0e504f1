/**
 * Commands that check one thing and end with 69 if it is not so: what rabbitmq-diagnostics is
 * there for.
 */
import { connect } from 'node:net';
import { isRunning } from './client.ts';
import {
  argument,
  type Command,
  CommandError,
  EXIT,
  type Invocation,
  type Output,
  type Row,
  segment,
  table,
  text,
} from './command.ts';
import { listenersOf } from './node-commands.ts';

/** Asks a health check of the API. @throws CommandError with what it says is wrong */
async function check(
  { api, node }: Invocation,
  path: string,
  good: string,
  bad: string,
): Promise<Output> {
  const { status, body } = await api.call('GET', `/api/health/checks/${path}`);
  if (status === 200) return text(good, { result: 'ok', node });
  const { alarms, reason } = body as { alarms?: Row[]; reason?: string };
  const details = alarms?.map(({ resource }) => `${resource}`).join(', ') ?? reason ?? '';
  throw new CommandError(EXIT.unavailable, `Error: ${bad}${details === '' ? '' : `: ${details}`}`);
}

/** Can a connection be opened to every port of the broker from here? */
async function checkConnectivity(invocation: Invocation): Promise<Output> {
  const { node, timeoutMs } = invocation;
  const listeners = await listenersOf(invocation);
  const failed: string[] = [];
  for (const { ip_address: address, port, protocol } of listeners) {
    const host = invocation.options.get('address') ?? loopbackOf(address);
    if (!(await opens(host, port, timeoutMs))) failed.push(`${protocol} on ${host}:${port}`);
  }
  if (failed.length > 0) {
    const which = failed.join(', ');
    throw new CommandError(EXIT.unavailable, `Error: no connection could be opened to ${which}`);
  }
  const ports = listeners.map(({ port }) => port).join(', ');
  return text(`Successfully connected to ports ${ports} on node ${node}.`, { result: 'ok' });
}

function loopbackOf(address: string): string {
  return address === '::' || address === '0.0.0.0' ? '127.0.0.1' : address;
}

function opens(host: string, port: number, timeoutMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: timeoutMs });
    const end = (good: boolean): void => {
      socket.destroy();
      resolve(good);
    };
    socket.once('connect', () => end(true));
    socket.once('timeout', () => end(false));
    socket.once('error', () => end(false));
  });
}

async function alarms({ api, node }: Invocation): Promise<Output> {
  const { status, body } = await api.call('GET', '/api/health/checks/alarms');
  const active = (body as { alarms?: Row[] }).alarms ?? [];
  if (status === 200) return text(`Node ${node} reported no alarms, local or clusterwide`, []);
  const found = active.map(({ resource }) => `${resource}`).join(', ');
  return text(`Node ${node} reported alarms: ${found}`, active);
}

const CHECKS: readonly Command[] = [
  {
    usage: 'check_running',
    help: 'Checks that the node runs.',
    banner: ({ node }) => `Checking if RabbitMQ is running on node ${node} ...`,
    run: async ({ api, node }) => {
      if (await isRunning(api)) {
        return text(`RabbitMQ on node ${node} is fully booted and running`, { result: 'ok' });
      }
      const why = `RabbitMQ on node ${node} is not running or has not fully booted yet`;
      throw new CommandError(EXIT.unavailable, `Error: ${why} (check with is_booting)`);
    },
  },
  {
    usage: 'is_running',
    help: 'Says whether the node runs.',
    banner: ({ node }) => `Asking node ${node} for its status ...`,
    run: async ({ api, node }) => {
      const running = await isRunning(api);
      return text(`RabbitMQ on node ${node} is ${running ? '' : 'not '}running`, running);
    },
  },
  {
    usage: 'is_booting',
    help: 'Says whether the node is starting.',
    run: async ({ api, node }) => {
      const state = (await isRunning(api)) ? 'fully booted' : 'not running';
      return text(`RabbitMQ on node ${node} is ${state} (check with is_running)`, false);
    },
  },
  {
    usage: 'check_alarms',
    help: 'Checks that there is no alarm, as when memory or disk run out.',
    banner: ({ node }) => `Asking node ${node} to report any resource alarms ...`,
    run: (invocation) => {
      const good = `Node ${invocation.node} reported no alarms, local or clusterwide`;
      return check(invocation, 'alarms', good, `Node ${invocation.node} reported alarms`);
    },
  },
  {
    usage: 'check_local_alarms',
    help: 'Checks that this node has no alarm.',
    banner: ({ node }) => `Asking node ${node} to report any local resource alarms ...`,
    run: (invocation) => {
      const good = `Node ${invocation.node} reported no local alarms`;
      return check(invocation, 'local-alarms', good, `Node ${invocation.node} reported alarms`);
    },
  },
  {
    usage: 'check_port_connectivity',
    help: 'Checks that connections can be opened to every port of the node.',
    valued: ['address'],
    banner: ({ node }) => `Testing TCP connections to all active listeners on node ${node} ...`,
    run: checkConnectivity,
  },
  {
    usage: 'check_port_listener <port>',
    help: 'Checks that the node listens on a port.',
    banner: ({ args, node }) =>
      `Asking node ${node} if there's an active listener on port ${args[0]} ...`,
    run: (invocation) => {
      const port = argument(invocation, 0);
      const good = `A listener for port ${port} is running on node ${invocation.node}.`;
      return check(invocation, `port-listener/${segment(port)}`, good, `port ${port}`);
    },
  },
  {
    usage: 'check_protocol_listener <protocol>',
    help: 'Checks that the node listens for a protocol, such as amqp or mqtt.',
    banner: ({ args, node }) =>
      `Asking node ${node} if there's an active listener for ${args[0]} ...`,
    run: (invocation) => {
      const protocol = argument(invocation, 0);
      const good = `A listener for protocol ${protocol} is running on node ${invocation.node}.`;
      return check(invocation, `protocol-listener/${segment(protocol)}`, good, protocol);
    },
  },
  {
    usage: 'check_virtual_hosts',
    help: 'Checks that every vhost runs.',
    banner: ({ node }) => `Checking if all vhosts are running on node ${node} ...`,
    run: (invocation) =>
      check(invocation, 'virtual-hosts', 'All virtual hosts are running', 'virtual hosts'),
  },
  {
    usage: 'check_if_node_is_quorum_critical',
    help: 'Checks that no queue would lose its quorum with this node.',
    run: (invocation) =>
      check(invocation, 'node-is-quorum-critical', 'Node is not quorum critical', 'quorum'),
  },
  {
    usage: 'check_certificate_expiration',
    help: 'Checks that no certificate of a listener ends soon.',
    valued: ['within', 'unit'],
    run: (invocation) => {
      const within = invocation.options.get('within') ?? '4';
      const unit = invocation.options.get('unit') ?? 'weeks';
      const good = `No certificates are expiring within ${within} ${unit}.`;
      const path = `certificate-expiration/${segment(within)}/${segment(unit)}`;
      return check(invocation, path, good, 'certificates are expiring');
    },
  },
];

const SHOWN: readonly Command[] = [
  { usage: 'alarms', help: 'Shows the alarms in effect.', run: alarms },
  {
    usage: 'listeners',
    help: 'Shows the ports that the node listens on.',
    banner: ({ node }) => `Asking node ${node} to report its protocol listeners ...`,
    run: async (invocation) => {
      const listeners = await listenersOf(invocation);
      const lines = listeners.map(
        ({ ip_address: address, port, protocol }) =>
          `Interface: ${address}, port: ${port}, protocol: ${protocol}`,
      );
      return text(lines.join('\n'), { result: 'ok', listeners });
    },
  },
  {
    usage: 'server_version',
    help: 'Shows the version of the running node.',
    banner: ({ node }) => `Asking node ${node} for its RabbitMQ version ...`,
    run: async ({ api }) => {
      const { rabbitmq_version: version } = await api.get<{ rabbitmq_version: string }>(
        '/api/overview',
      );
      return text(version, { value: version });
    },
  },
  {
    usage: 'memory_breakdown',
    help: 'Shows what memory is used for.',
    valued: ['unit'],
    banner: ({ node }) => `Reporting memory breakdown on node ${node} ...`,
    run: async ({ api }) => {
      const [node] = await api.get<{ name: string }[]>('/api/nodes');
      const path = `/api/nodes/${segment(node?.name ?? '')}/memory`;
      const { memory } = await api.get<{ memory: Row }>(path);
      const rows = Object.entries(memory)
        .filter(([, bytes]) => typeof bytes === 'number' && bytes > 0)
        .map(([category, bytes]) => ({ category, bytes }));
      return table(['category', 'bytes'], rows);
    },
  },
  {
    usage: 'log_location',
    help: 'Shows where the node logs to.',
    run: async ({ api }) => {
      const [node] = await api.get<{ log_files: string[] }[]>('/api/nodes');
      return text((node?.log_files ?? []).join('\n'), node?.log_files);
    },
  },
];

/** Checks, and what they look at. */
export const CHECK_COMMANDS: readonly Command[] = [...CHECKS, ...SHOWN];
