/**
 * Commands about policies, parameters and limits: RabbitMQ's words, over the management API. What
 * they may say is for the broker to check.
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
} from './command.ts';

/** @throws CommandError if an argument that has to be JSON is none */
function jsonOf(invocation: Invocation, index: number): unknown {
  try {
    return JSON.parse(argument(invocation, index));
  } catch {
    throw new CommandError(EXIT.data, 'Error:\nJSON decoding error');
  }
}

async function put(invocation: Invocation, path: string, body: unknown): Promise<Output> {
  await invocation.api.change('PUT', path, body);
  return NOTHING;
}

async function remove(invocation: Invocation, path: string): Promise<Output> {
  await invocation.api.change('DELETE', path);
  return NOTHING;
}

/** The same words for policies and operator policies. */
function policyCommands(kind: string, path: string, words: string): Command[] {
  const pathOf = (invocation: Invocation): string =>
    `/api/${path}/${segment(invocation.vhost)}/${segment(argument(invocation, 0))}`;
  const plural = kind.replace(/y$/, 'ies');
  return [
    {
      usage: `list_${plural}`,
      help: `Lists ${words} of a vhost.`,
      banner: ({ vhost }) => `Listing ${words} for vhost "${vhost}" ...`,
      run: async ({ api, vhost }) => {
        const columns = ['vhost', 'name', 'pattern', 'apply-to', 'definition', 'priority'];
        const found = await api.get<Row[]>(`/api/${path}/${segment(vhost)}`);
        return table(columns, found);
      },
    },
    {
      usage: `set_${kind} <name> <pattern> <definition>`,
      help: 'Sets one: names that it is for, and a JSON object of what holds for them.',
      valued: ['priority', 'apply-to'],
      banner: ({ args: [name, pattern, definition], options, vhost }) =>
        `Setting ${words.replace(/ies$/, 'y')} "${name}" for pattern "${pattern}" to ` +
        `"${definition}" with priority "${options.get('priority') ?? 0}" for vhost "${vhost}" ...`,
      run: (invocation) =>
        put(invocation, pathOf(invocation), {
          pattern: argument(invocation, 1),
          definition: jsonOf(invocation, 2),
          priority: Number(invocation.options.get('priority') ?? 0),
          'apply-to': invocation.options.get('apply-to') ?? 'all',
        }),
    },
    {
      usage: `clear_${kind} <name>`,
      help: 'Clears one.',
      banner: ({ args, vhost }) => `Clearing "${args[0]}" on vhost "${vhost}" ...`,
      run: (invocation) => remove(invocation, pathOf(invocation)),
    },
  ];
}

const PARAMETERS: readonly Command[] = [
  {
    usage: 'list_parameters',
    help: 'Lists the runtime parameters of a vhost.',
    banner: ({ vhost }) => `Listing runtime parameters for vhost "${vhost}" ...`,
    run: async ({ api, vhost }) => {
      const all = await api.get<Row[]>('/api/parameters');
      const found = all.filter((row) => row.vhost === vhost);
      return table(['component', 'name', 'value'], found);
    },
  },
  {
    usage: 'set_parameter <component> <name> <value>',
    help: 'Sets a runtime parameter of a vhost to a JSON value.',
    run: (invocation) =>
      put(invocation, parameterPath(invocation), { value: jsonOf(invocation, 2) }),
  },
  {
    usage: 'clear_parameter <component> <name>',
    help: 'Clears a runtime parameter of a vhost.',
    run: (invocation) => remove(invocation, parameterPath(invocation)),
  },
  {
    usage: 'list_global_parameters',
    help: 'Lists runtime parameters of the whole broker.',
    banner: () => 'Listing global runtime parameters ...',
    run: async ({ api }) => table(['name', 'value'], await api.get('/api/global-parameters')),
  },
  {
    usage: 'set_global_parameter <name> <value>',
    help: 'Sets a runtime parameter of the whole broker to a JSON value.',
    run: (invocation) =>
      put(invocation, `/api/global-parameters/${segment(argument(invocation, 0))}`, {
        value: jsonOf(invocation, 1),
      }),
  },
  {
    usage: 'clear_global_parameter <name>',
    help: 'Clears a runtime parameter of the whole broker.',
    run: (invocation) =>
      remove(invocation, `/api/global-parameters/${segment(argument(invocation, 0))}`),
  },
];

function parameterPath(invocation: Invocation): string {
  const [component, name] = [argument(invocation, 0), argument(invocation, 1)];
  return `/api/parameters/${segment(component)}/${segment(invocation.vhost)}/${segment(name)}`;
}

/** A JSON object of numbers, one request each, as the API has it. */
async function putLimits(invocation: Invocation, path: string, limits: unknown): Promise<Output> {
  if (typeof limits !== 'object' || limits === null) {
    throw new CommandError(EXIT.data, 'Error:\nlimits must be a JSON object');
  }
  for (const [name, value] of Object.entries(limits)) {
    await invocation.api.change('PUT', `${path}/${segment(name)}`, { value });
  }
  return NOTHING;
}

const LIMITS: readonly Command[] = [
  {
    usage: 'list_vhost_limits',
    help: 'Lists the limits of a vhost, or of all with --global.',
    flags: ['global'],
    banner: ({ vhost }) => `Listing limits for vhost "${vhost}" ...`,
    run: async ({ api, options, vhost }) => {
      const all = await api.get<Row[]>('/api/vhost-limits');
      const found = options.has('global') ? all : all.filter((row) => row.vhost === vhost);
      return table(['vhost', 'limits'], found.map(limitsRow));
    },
  },
  {
    usage: 'set_vhost_limits <definition>',
    help: 'Sets limits of a vhost: {"max-connections": 64, "max-queues": 256}.',
    banner: ({ vhost }) => `Setting vhost limits for vhost "${vhost}" ...`,
    run: (invocation) => {
      const path = `/api/vhost-limits/${segment(invocation.vhost)}`;
      return putLimits(invocation, path, jsonOf(invocation, 0));
    },
  },
  {
    usage: 'clear_vhost_limits',
    help: 'Clears the limits of a vhost.',
    banner: ({ vhost }) => `Clearing vhost "${vhost}" limits ...`,
    run: async (invocation) => {
      const path = `/api/vhost-limits/${segment(invocation.vhost)}`;
      const [known] = await invocation.api.get<{ value: object }[]>(path);
      for (const name of Object.keys(known?.value ?? {})) {
        await invocation.api.change('DELETE', `${path}/${segment(name)}`);
      }
      return NOTHING;
    },
  },
  {
    usage: 'list_user_limits',
    help: 'Lists the limits of users.',
    valued: ['user'],
    flags: ['global'],
    banner: () => 'Listing limits for users ...',
    run: async ({ api, options }) => {
      const user = options.get('user');
      const all = await api.get<Row[]>('/api/user-limits');
      const found = user === undefined ? all : all.filter((row) => row.user === user);
      return table(['user', 'limits'], found.map(limitsRow));
    },
  },
  {
    usage: 'set_user_limits <username> <definition>',
    help: 'Sets limits of a user: {"max-connections": 64, "max-channels": 256}.',
    banner: ({ args }) => `Setting user limits for user "${args[0]}" ...`,
    run: (invocation) => {
      const path = `/api/user-limits/${segment(argument(invocation, 0))}`;
      return putLimits(invocation, path, jsonOf(invocation, 1));
    },
  },
  {
    usage: 'clear_user_limits <username> <limit>',
    help: 'Clears one limit of a user, or "all".',
    banner: ({ args }) => `Clearing limits of user "${args[0]}" ...`,
    run: (invocation) => {
      const [user, limit] = [argument(invocation, 0), argument(invocation, 1)];
      return remove(invocation, `/api/user-limits/${segment(user)}/${segment(limit)}`);
    },
  },
];

function limitsRow({ value, ...rest }: Row): Row {
  return { ...rest, limits: value };
}

/** RabbitMQ has nothing like it. */
const EXPLANATION: Command = {
  usage: 'explain_queue <queue>',
  help: 'Shows every setting of a queue, and which argument or policy it is from.',
  banner: ({ args, vhost }) => `Explaining queue "${args[0]}" in vhost "${vhost}" ...`,
  run: async (invocation) => {
    const path = `/api/x/queues/${segment(invocation.vhost)}/${segment(argument(invocation, 0))}`;
    const found = await invocation.api.get<Row[]>(`${path}/policy-explanation`);
    return table(['key', 'value', 'source', 'policy'], found);
  },
};

/** Policies, parameters and limits. */
export const POLICY_COMMANDS: readonly Command[] = [
  ...policyCommands('policy', 'policies', 'policies'),
  ...policyCommands('operator_policy', 'operator-policies', 'operator policies'),
  EXPLANATION,
  ...PARAMETERS,
  ...LIMITS,
];
