/**
 * Commands that list: queues, exchanges, bindings, connections, channels, consumers. Columns are
 * asked for by name and are those of the management API, but for a few that RabbitMQ's tools call
 * otherwise.
 */
import {
  argument,
  type Command,
  CommandError,
  EXIT,
  type Invocation,
  NOTHING,
  type Output,
  type Row,
  segment,
  table,
  text,
} from './command.ts';

type Api = Readonly<Record<string, unknown>>;

/** How a list is made. */
interface Listing {
  readonly name: string;
  readonly what: string;
  readonly columns: readonly string[];
  /** Whether it is about one vhost. */
  readonly inVhost: boolean;
  path(vhost: string): string;
  /** Columns that the API calls otherwise. */
  readonly renamed?: Readonly<Record<string, (item: Api) => unknown>>;
  readonly flags?: readonly string[];
}

const LISTINGS: readonly Listing[] = [
  {
    name: 'list_queues',
    what: 'queues',
    columns: ['name', 'messages'],
    inVhost: true,
    path: (vhost) => `/api/queues/${vhost}`,
    renamed: { policy: ({ policy }) => policy ?? '', owner_pid: () => '', pid: () => '' },
    flags: ['local', 'online', 'offline'],
  },
  {
    name: 'list_exchanges',
    what: 'exchanges',
    columns: ['name', 'type'],
    inVhost: true,
    path: (vhost) => `/api/exchanges/${vhost}`,
  },
  {
    name: 'list_bindings',
    what: 'bindings',
    columns: [
      ...['source_name', 'source_kind', 'destination_name', 'destination_kind'],
      ...['routing_key', 'arguments'],
    ],
    inVhost: true,
    path: (vhost) => `/api/bindings/${vhost}`,
    renamed: {
      source_name: ({ source }) => source,
      source_kind: () => 'exchange',
      destination_name: ({ destination }) => destination,
      destination_kind: ({ destination_type: type }) => type,
    },
  },
  {
    name: 'list_connections',
    what: 'connections',
    columns: ['user', 'peer_host', 'peer_port', 'state'],
    inVhost: false,
    path: () => '/api/connections',
    renamed: { pid: ({ name }) => name },
  },
  {
    name: 'list_channels',
    what: 'channels',
    columns: ['pid', 'user', 'consumer_count', 'messages_unacknowledged'],
    inVhost: false,
    path: () => '/api/channels',
    renamed: { pid: ({ name }) => name, connection: connectionOf },
  },
  {
    name: 'list_consumers',
    what: 'consumers',
    columns: [
      ...['queue_name', 'channel_pid', 'consumer_tag', 'ack_required', 'prefetch_count'],
      ...['active', 'arguments'],
    ],
    inVhost: true,
    path: (vhost) => `/api/consumers/${vhost}`,
    renamed: {
      queue_name: ({ queue }) => (queue as { name: string }).name,
      channel_pid: ({ channel_details: channel }) => (channel as { name?: string }).name ?? '',
    },
  },
];

function connectionOf({ connection_details: connection }: Api): unknown {
  return (connection as { name?: string } | undefined)?.name;
}

function commandOf(listing: Listing): Command {
  const { name, what, inVhost, flags = [] } = listing;
  return {
    usage: `${name} [<column> ...]`,
    help: `Lists ${what}, with the columns that are named.`,
    flags,
    banner: ({ vhost, timeoutMs }) => {
      const where = inVhost ? ` for vhost ${vhost}` : '';
      return `Timeout: ${(timeoutMs / 1000).toFixed(1)} seconds ...\nListing ${what}${where} ...`;
    },
    run: (invocation) => list(listing, invocation),
  };
}

async function list(listing: Listing, { api, args, vhost }: Invocation) {
  const wanted = args.flatMap((word) => word.split(',')).filter((word) => word !== '');
  const columns = wanted.length > 0 ? wanted : listing.columns;
  const renamed = listing.renamed ?? {};
  const items = await api.get<Api[]>(listing.path(segment(vhost)));
  const rows: Row[] = items.map((item) => {
    const cells = columns.map((column) => [column, (renamed[column] ?? at(column))(item)] as const);
    return Object.fromEntries(cells);
  });
  return table(columns, rows);
}

function at(column: string): (item: Api) => unknown {
  return (item) => item[column];
}

/** What can be done to one of them. */
const ACTIONS: readonly Command[] = [
  {
    usage: 'purge_queue <queue>',
    help: 'Removes the messages of a queue.',
    banner: ({ args, vhost }) => `Purging queue '${args[0]}' in vhost '${vhost}' ...`,
    run: async (invocation) => {
      const queue = queuePath(invocation);
      await invocation.api.change('DELETE', `${queue}/contents`);
      return NOTHING;
    },
  },
  {
    usage: 'delete_queue <queue>',
    help: 'Deletes a queue.',
    flags: ['if-empty', 'if-unused'],
    banner: ({ args, vhost }) => `Deleting queue '${args[0]}' on vhost '${vhost}' ...`,
    run: async (invocation) => {
      const { api, options } = invocation;
      const queue = queuePath(invocation);
      const { messages } = await api.get<{ messages: number }>(queue);
      const only = ['if-empty', 'if-unused'].filter((name) => options.has(name));
      await api.change('DELETE', `${queue}?${only.map((name) => `${name}=true`).join('&')}`);
      return text(`Queue was successfully deleted with ${messages} ready messages`);
    },
  },
  {
    usage: 'close_connection <connection> <explanation>',
    help: 'Closes a connection, named as in list_connections pid.',
    banner: ({ args }) => `Closing connection ${args[0]}, reason: ${args[1]} ...`,
    run: async (invocation) => {
      const name = argument(invocation, 0);
      const found = await close(invocation, name, argument(invocation, 1));
      if (!found) throw new CommandError(EXIT.data, `Error: no connection ${name}`);
      return NOTHING;
    },
  },
  {
    usage: 'close_all_connections <explanation>',
    help: 'Closes all connections, or those of a vhost.',
    flags: ['global'],
    valued: ['limit', 'per-connection-delay'],
    banner: ({ args }) => `Closing connections, reason: ${args[0]} ...`,
    run: closeAll,
  },
  {
    usage: 'close_all_user_connections <username> <explanation>',
    help: 'Closes all connections of a user.',
    banner: ({ args }) => `Closing connections of user ${args[0]}, reason: ${args[1]} ...`,
    run: async (invocation) => {
      const path = `/api/connections/username/${segment(argument(invocation, 0))}`;
      const found = await invocation.api.get<{ name: string }[]>(path);
      for (const { name } of found) await close(invocation, name, argument(invocation, 1));
      return NOTHING;
    },
  },
];

function queuePath(invocation: Invocation): string {
  return `/api/queues/${segment(invocation.vhost)}/${segment(argument(invocation, 0))}`;
}

/** Of a vhost, or all; at most so many, and not faster than so. */
async function closeAll(invocation: Invocation): Promise<Output> {
  const { api, options, vhost } = invocation;
  const limit = countOf(options, 'limit') || Number.POSITIVE_INFINITY;
  const delayMs = countOf(options, 'per-connection-delay');
  const all = await api.get<{ name: string; vhost: string }[]>('/api/connections');
  const found = all.filter((one) => options.has('global') || one.vhost === vhost).slice(0, limit);
  for (const { name } of found) {
    await close(invocation, name, argument(invocation, 0));
    if (delayMs > 0) await new Promise((resolve) => setTimeout(resolve, delayMs));
  }
  return text(`Closed ${found.length} connections`);
}

/** 0 if nothing is said. @throws CommandError if it is no number */
function countOf(options: ReadonlyMap<string, string>, name: string): number {
  const value = Number(options.get(name) ?? 0);
  if (Number.isInteger(value) && value >= 0) return value;
  throw new CommandError(EXIT.usage, `Error: --${name} is not a number`);
}

/** One that has gone by itself meanwhile is as good as closed. */
async function close({ api }: Invocation, name: string, reason: string): Promise<boolean> {
  const path = `/api/connections/${segment(name)}`;
  const { status } = await api.call('DELETE', path, undefined, { 'x-reason': reason });
  return status !== 404;
}

/** Lists, and what can be done to what is listed. */
export const LIST_COMMANDS: readonly Command[] = [...LISTINGS.map(commandOf), ...ACTIONS];
