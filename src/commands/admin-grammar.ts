/**
 * The grammar of `rabbitmqadmin`: which objects it lists, declares, deletes …, with which arguments
 * (`name=value`), and the paths of the API that they lead to. The same words as in the script that
 * RabbitMQ had up to 4.2; what is done with them is rabbitmqadmin.ts.
 */
import { segment } from './command.ts';

/** A mistake on the command line. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** Something that can be listed or shown. */
export interface Listable {
  /** Whether `--vhost` narrows it down. */
  readonly byVhost?: boolean;
  /** What is shown if nobody names columns; missing: everything. */
  readonly columns?: readonly string[];
  /** Shown as JSON, whatever is in it. */
  readonly json?: readonly string[];
}

export const LISTABLE: ReadonlyMap<string, Listable> = new Map<string, Listable>([
  ['connections', { columns: ['name', 'user', 'channels'] }],
  ['channels', { columns: ['name', 'user'] }],
  ['consumers', { byVhost: true }],
  ['exchanges', { byVhost: true, columns: ['name', 'type'] }],
  ['queues', { byVhost: true, columns: ['name', 'messages'] }],
  ['bindings', { byVhost: true, columns: ['source', 'destination', 'routing_key'] }],
  ['users', {}],
  ['vhosts', { columns: ['name', 'messages'] }],
  ['permissions', {}],
  ['nodes', { columns: ['name', 'type', 'mem_used'] }],
  ['parameters', { json: ['value'] }],
  ['policies', { json: ['definition'] }],
  ['operator_policies', { json: ['definition'] }],
  ['vhost_limits', { json: ['value'] }],
]);

const OVERVIEW = [
  'rabbitmq_version',
  'cluster_name',
  'queue_totals.messages',
  'object_totals.queues',
];

export const SHOWABLE: ReadonlyMap<string, Listable> = new Map([
  ['overview', { columns: OVERVIEW }],
]);

/** Something that is done to one object. */
export interface Action {
  /** Arguments that must be there; one of each list. */
  readonly mandatory: readonly (string | readonly string[])[];
  /** Others, with what they are if they are not there; null for nothing. */
  readonly optional?: Readonly<Record<string, unknown>>;
  /** Arguments that are JSON. */
  readonly json?: readonly string[];
  /** `/queues/{vhost}/{name}`, below /api. */
  readonly path: string;
}

const BINDING = '/bindings/{vhost}/e/{source}/{destination_char}/{destination}';

const POLICY = {
  mandatory: ['name', 'pattern', 'definition'],
  json: ['definition', 'priority'],
  optional: { priority: 0, 'apply-to': null },
};

export const DECLARABLE: ReadonlyMap<string, Action> = new Map<string, Action>([
  [
    'exchange',
    {
      mandatory: ['name', 'type'],
      json: ['arguments'],
      optional: { auto_delete: 'false', durable: 'true', internal: 'false', arguments: {} },
      path: '/exchanges/{vhost}/{name}',
    },
  ],
  [
    'queue',
    {
      mandatory: ['name'],
      json: ['arguments'],
      optional: {
        ...{ auto_delete: 'false', durable: 'true', arguments: {} },
        ...{ node: null, queue_type: null },
      },
      path: '/queues/{vhost}/{name}',
    },
  ],
  [
    'binding',
    {
      mandatory: ['source', 'destination'],
      json: ['arguments'],
      optional: { destination_type: 'queue', routing_key: '', arguments: {} },
      path: BINDING,
    },
  ],
  ['vhost', { mandatory: ['name'], optional: { tracing: null }, path: '/vhosts/{name}' }],
  [
    'user',
    {
      mandatory: ['name', ['password', 'password_hash'], 'tags'],
      optional: { hashing_algorithm: null },
      path: '/users/{name}',
    },
  ],
  [
    'permission',
    {
      mandatory: ['vhost', 'user', 'configure', 'write', 'read'],
      path: '/permissions/{vhost}/{user}',
    },
  ],
  [
    'parameter',
    {
      mandatory: ['component', 'name', 'value'],
      json: ['value'],
      path: '/parameters/{component}/{vhost}/{name}',
    },
  ],
  ['policy', { ...POLICY, path: '/policies/{vhost}/{name}' }],
  ['operator_policy', { ...POLICY, path: '/operator-policies/{vhost}/{name}' }],
  [
    'vhost_limit',
    {
      mandatory: ['vhost', 'name', 'value'],
      json: ['value'],
      path: '/vhost-limits/{vhost}/{name}',
    },
  ],
]);

const ONE = ['name'];

export const DELETABLE: ReadonlyMap<string, Action> = new Map<string, Action>([
  ['exchange', { mandatory: ONE, path: '/exchanges/{vhost}/{name}' }],
  ['queue', { mandatory: ONE, path: '/queues/{vhost}/{name}' }],
  [
    'binding',
    {
      mandatory: ['source', 'destination_type', 'destination'],
      optional: { properties_key: '~' },
      path: `${BINDING}/{properties_key}`,
    },
  ],
  ['vhost', { mandatory: ONE, path: '/vhosts/{name}' }],
  ['user', { mandatory: ONE, path: '/users/{name}' }],
  ['permission', { mandatory: ['vhost', 'user'], path: '/permissions/{vhost}/{user}' }],
  [
    'parameter',
    { mandatory: ['component', 'name'], path: '/parameters/{component}/{vhost}/{name}' },
  ],
  ['policy', { mandatory: ONE, path: '/policies/{vhost}/{name}' }],
  ['operator_policy', { mandatory: ONE, path: '/operator-policies/{vhost}/{name}' }],
  ['vhost_limit', { mandatory: ['vhost', 'name'], path: '/vhost-limits/{vhost}/{name}' }],
]);

export const CLOSABLE: ReadonlyMap<string, Action> = new Map<string, Action>([
  ['connection', { mandatory: ONE, path: '/connections/{name}' }],
]);

export const PURGABLE: ReadonlyMap<string, Action> = new Map<string, Action>([
  ['queue', { mandatory: ONE, path: '/queues/{vhost}/{name}/contents' }],
]);

export const PUBLISH: Action = {
  mandatory: ['routing_key'],
  optional: {
    ...{ payload: null, properties: {}, exchange: 'amq.default' },
    payload_encoding: 'string',
  },
  json: ['properties'],
  path: '/exchanges/{vhost}/{exchange}/publish',
};

export const GET: Action = {
  mandatory: ['queue'],
  optional: { count: '1', ackmode: 'ack_requeue_true', payload_file: null, encoding: 'auto' },
  path: '/queues/{vhost}/{queue}/get',
};

/** A request that a command line comes to. */
export interface Wanted {
  readonly path: string;
  readonly body: Readonly<Record<string, unknown>>;
}

/**
 * Reads `name=value` arguments.
 * @param vhost where no argument says it
 * @throws UsageError
 */
export function wantedOf(words: readonly string[], action: Action, vhost: string): Wanted {
  const { mandatory, optional = {}, json = [] } = action;
  const known = [...mandatory.flat(), ...Object.keys(optional)];
  const given = Object.entries(optional).filter(([, value]) => value !== null);
  const body: Record<string, unknown> = Object.fromEntries(given);
  for (const word of words) {
    const equals = word.indexOf('=');
    if (equals < 0) throw new UsageError(`Argument "${word}" not in the name=value format`);
    const [name, value] = [word.slice(0, equals), word.slice(equals + 1)];
    if (!known.includes(name)) throw new UsageError(`Argument "${name}" is not recognised`);
    body[name] = json.includes(name) ? parsed(value) : value;
  }
  for (const one of mandatory) {
    if ([one].flat().some((name) => Object.hasOwn(body, name))) continue;
    const shown = typeof one === 'string' ? one : one.join('" or "');
    throw new UsageError(`mandatory argument "${shown}" is required`);
  }
  if (!mandatory.includes('vhost')) body.vhost = vhost;
  return { path: pathOf(action.path, body), body: withType(body) };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new UsageError(`Could not parse JSON:\n  ${text}`);
  }
}

function pathOf(template: string, body: Readonly<Record<string, unknown>>): string {
  return template.replace(/\{(\w+)\}/g, (_all, name: string) => {
    if (name === 'destination_char') return String(body.destination_type).slice(0, 1);
    return segment(String(body[name]));
  });
}

/** `queue_type=quorum` is easier to write than the argument that it stands for. */
function withType({ queue_type: type, ...body }: Record<string, unknown>): Wanted['body'] {
  if (type === undefined) return body;
  return { ...body, arguments: { ...(body.arguments as object), 'x-queue-type': type } };
}
