/**
 * Commands of Warren's own that look into queues. They show what the API under `/api/x` says; what
 * looking means is src/broker/inspection/.
 */
import {
  argument,
  type Command,
  CommandError,
  EXIT,
  type Invocation,
  type Row,
  segment,
  table,
} from './command.ts';

/** Options that are filters, and the names that they have in the API. */
export const FILTER_OPTIONS: Readonly<Record<string, string>> = {
  text: 'text',
  'routing-key': 'routing_key',
  exchange: 'exchange',
  reason: 'reason',
  'source-queue': 'source_queue',
  'older-than-ms': 'older_than_ms',
  'younger-than-ms': 'younger_than_ms',
};

interface Sighting {
  readonly id: string;
  readonly state: string;
  readonly exchange: string;
  readonly routing_key: string;
  readonly redelivered: boolean;
  readonly payload_bytes: number;
  readonly payload?: string;
  readonly age_ms: number | null;
  readonly properties: { readonly headers?: object };
  readonly held_by: {
    readonly client: string;
    readonly connection: string;
    readonly consumer_tag: string | null;
  } | null;
}

interface Page {
  readonly items: readonly Sighting[];
  readonly cursor: string | null;
}

const COLUMNS = [
  'id',
  'state',
  'exchange',
  'routing_key',
  'redelivered',
  'age_ms',
  'held_by',
  'payload_bytes',
  'headers',
  'payload',
];

/** `k=v` of a `--header`, of which there may be several with commas between them. */
export function headersOf({ options }: Invocation): [name: string, value: string][] {
  const given = options.get('header');
  if (given === undefined) return [];
  return given.split(',').map((pair) => {
    const at = pair.indexOf('=');
    if (at <= 0) throw new CommandError(EXIT.usage, 'Error: --header takes name=value');
    return [pair.slice(0, at), pair.slice(at + 1)];
  });
}

function queryOf(invocation: Invocation): URLSearchParams {
  const query = new URLSearchParams();
  const names = { ...FILTER_OPTIONS, state: 'state', offset: 'offset', encoding: 'encoding' };
  for (const [option, name] of Object.entries(names)) {
    const value = invocation.options.get(option);
    if (value !== undefined) query.set(name, value);
  }
  for (const [name, value] of headersOf(invocation)) query.set(`header.${name}`, value);
  query.set('payload_bytes', invocation.options.get('payload-bytes') ?? '256');
  return query;
}

/** Asks for one page after the other until there are enough. */
async function sightings(invocation: Invocation): Promise<Sighting[]> {
  const { api, vhost, options } = invocation;
  const path = `/api/x/queues/${segment(vhost)}/${segment(argument(invocation, 0))}/messages`;
  const limit = Number(options.get('limit') ?? 20);
  if (!Number.isInteger(limit) || limit < 1) {
    throw new CommandError(EXIT.usage, 'Error: --limit is not a number of messages');
  }
  const query = queryOf(invocation);
  const found: Sighting[] = [];
  for (;;) {
    query.set('limit', String(Math.min(500, limit - found.length)));
    const { items, cursor } = await api.get<Page>(`${path}?${query}`);
    found.push(...items);
    if (cursor === null || found.length >= limit) return found;
    query.delete('offset');
    query.set('cursor', cursor);
  }
}

function rowOf(sighting: Sighting): Row {
  const { held_by: holder, properties } = sighting;
  const name = holder === null ? '' : holder.client || holder.connection;
  const tag = holder?.consumer_tag ?? '';
  return {
    ...sighting,
    headers: properties.headers ?? '',
    held_by: tag === '' ? name : `${name} (${tag})`,
    payload: sighting.payload ?? '',
  };
}

/** Those of `warren` that look into queues. */
export const INSPECT_COMMANDS: readonly Command[] = [
  {
    usage: 'peek <queue>',
    help: 'Shows messages of a queue where they are, without taking them.',
    valued: [
      ...Object.keys(FILTER_OPTIONS),
      ...['header', 'state', 'offset', 'limit', 'payload-bytes', 'encoding'],
    ],
    banner: ({ args, vhost }) => `Messages of queue ${args[0]} in vhost ${vhost} ...`,
    run: async (invocation) => table(COLUMNS, (await sightings(invocation)).map(rowOf)),
  },
];
