/**
 * Commands about users, vhosts and permissions: RabbitMQ's words, over the management API. What a
 * user or a vhost may be is for the broker to say.
 */
import {
  argument,
  type Command,
  CommandError,
  EXIT,
  type Invocation,
  NOTHING,
  type Output,
  segment,
  table,
  text,
} from './command.ts';

interface User {
  readonly name: string;
  readonly password_hash: string;
  readonly hashing_algorithm: string;
  readonly tags: readonly string[];
}

type Patterns = Readonly<Record<'configure' | 'write' | 'read', string>>;

function userPath(invocation: Invocation): string {
  return `/api/users/${segment(argument(invocation, 0))}`;
}

/** @throws CommandError with RabbitMQ's exit code if there is no such user */
async function userOf(invocation: Invocation): Promise<User> {
  const { status, body } = await invocation.api.call('GET', userPath(invocation));
  if (status === 200) return body as User;
  const name = argument(invocation, 0);
  throw new CommandError(EXIT.noUser, `Error:\nUser "${name}" does not exist`);
}

/** A password on the command line, or the first line of the input. */
async function passwordOf({ args }: Invocation): Promise<string> {
  const given = args[1];
  if (given !== undefined) return given;
  const { readFileSync } = await import('node:fs');
  return (readFileSync(0, 'utf8').split('\n')[0] ?? '').replace(/\r$/, '');
}

async function addUser(invocation: Invocation): Promise<Output> {
  const { api, options } = invocation;
  const name = argument(invocation, 0);
  const { status } = await api.call('GET', userPath(invocation));
  if (status === 200)
    throw new CommandError(EXIT.software, `Error:\nUser "${name}" already exists`);
  const given = await passwordOf(invocation);
  const secret = options.has('pre-hashed-password')
    ? { password_hash: given }
    : { password: given };
  await api.change('PUT', userPath(invocation), { ...secret, tags: '' });
  return text(
    "Done. Don't forget to grant the user permissions to some virtual hosts! " +
      "See 'rabbitmqctl help set_permissions' to learn more.",
  );
}

async function changeUser(invocation: Invocation, changes: object): Promise<Output> {
  const { password_hash, hashing_algorithm, tags } = await userOf(invocation);
  const known = { password_hash, hashing_algorithm, tags };
  const whole = 'password' in changes ? { tags, ...changes } : { ...known, ...changes };
  await invocation.api.change('PUT', userPath(invocation), whole);
  return NOTHING;
}

async function authenticate(invocation: Invocation): Promise<Output> {
  const username = argument(invocation, 0);
  const password = await passwordOf(invocation);
  const { status } = await invocation.api.call('POST', '/control/login', { username, password });
  if (status === 200) return text('Success');
  const refused = `Error: failed to authenticate user "${username}"`;
  throw new CommandError(EXIT.data, refused);
}

const USERS: readonly Command[] = [
  {
    usage: 'list_users',
    help: 'Lists users and their tags.',
    banner: () => 'Listing users ...',
    run: async ({ api }) => {
      const users = await api.get<User[]>('/api/users');
      const rows = users.map(({ name, tags }) => ({ user: name, tags }));
      return table(['user', 'tags'], rows);
    },
  },
  {
    usage: 'add_user <username> [<password>]',
    help: 'Makes a user; the password may come on standard input.',
    flags: ['pre-hashed-password'],
    banner: ({ args }) => `Adding user "${args[0]}" ...`,
    run: addUser,
  },
  {
    usage: 'delete_user <username>',
    help: 'Deletes a user; its connections are closed.',
    banner: ({ args }) => `Deleting user "${args[0]}" ...`,
    run: async (invocation) => {
      await userOf(invocation);
      await invocation.api.change('DELETE', userPath(invocation));
      return NOTHING;
    },
  },
  {
    usage: 'change_password <username> [<password>]',
    help: 'Changes the password of a user; it may come on standard input.',
    flags: ['pre-hashed-password'],
    banner: ({ args }) => `Changing password for user "${args[0]}" ...`,
    run: async (invocation) => changeUser(invocation, { password: await passwordOf(invocation) }),
  },
  {
    usage: 'clear_password <username>',
    help: 'Takes the password of a user away, so that it can log in by certificate only.',
    banner: ({ args }) => `Clearing password for user "${args[0]}" ...`,
    run: (invocation) => changeUser(invocation, { password_hash: '' }),
  },
  {
    usage: 'authenticate_user <username> [<password>]',
    help: 'Says whether a user could log in with a password.',
    banner: ({ args }) => `Authenticating user "${args[0]}" ...`,
    run: authenticate,
  },
  {
    usage: 'clear_auth_backend_cache',
    help: 'Has backends for logins asked anew, whatever is remembered of their answers.',
    banner: () => 'Clearing the cache of authentication backends ...',
    run: async ({ api }) => {
      await api.change('DELETE', '/control/login-answers');
      return NOTHING;
    },
  },
  {
    usage: 'set_user_tags <username> [<tag> ...]',
    help: 'Replaces the tags of a user: administrator, monitoring, policymaker, management.',
    banner: ({ args }) => {
      return `Setting tags for user "${args[0]}" to [${args.slice(1).join(', ')}] ...`;
    },
    run: (invocation) => changeUser(invocation, { tags: invocation.args.slice(1) }),
  },
  {
    usage: 'hash_password [<password>]',
    help: 'Hashes a password for a definitions file.',
    banner: () => 'Will hash password',
    run: async ({ api, args }) => {
      const password = await passwordOf({ args: ['', ...args] } as unknown as Invocation);
      const { ok } = await api.get<{ ok: string }>(
        `/api/auth/hash_password/${encodeURIComponent(password)}`,
      );
      return text(ok);
    },
  },
];

const VHOSTS: readonly Command[] = [
  {
    usage: 'list_vhosts [<column> ...]',
    help: 'Lists vhosts.',
    banner: () => 'Listing vhosts ...',
    run: async ({ api, args }) =>
      table(args.length > 0 ? args : ['name'], await api.get('/api/vhosts')),
  },
  {
    usage: 'add_vhost <vhost>',
    help: 'Makes a vhost.',
    valued: ['description', 'tags', 'default-queue-type'],
    banner: ({ args }) => `Adding vhost "${args[0]}" ...`,
    run: (invocation) => putVhost(invocation, false),
  },
  {
    usage: 'update_vhost_metadata <vhost>',
    help: 'Changes what is said about a vhost.',
    valued: ['description', 'tags', 'default-queue-type'],
    banner: ({ args }) => `Updating metadata of vhost "${args[0]}" ...`,
    run: (invocation) => putVhost(invocation, true),
  },
  {
    usage: 'set_vhost_tags <vhost> [<tag> ...]',
    help: 'Replaces the tags of a vhost.',
    banner: ({ args }) =>
      `Setting tags for virtual host "${args[0]}" to [${args.slice(1).join(', ')}] ...`,
    run: async (invocation) => {
      await vhostOf(invocation);
      const tags = invocation.args.slice(1);
      await invocation.api.change('PUT', vhostPath(invocation), { tags });
      return NOTHING;
    },
  },
  {
    usage: 'delete_vhost <vhost>',
    help: 'Deletes a vhost with everything in it.',
    banner: ({ args }) => `Deleting vhost "${args[0]}" ...`,
    run: async (invocation) => {
      await vhostOf(invocation);
      await invocation.api.change('DELETE', vhostPath(invocation));
      return NOTHING;
    },
  },
  ...(['enable', 'disable'] as const).map(
    (word): Command => ({
      usage: `${word}_vhost_deletion_protection <vhost>`,
      help: `${word === 'enable' ? 'Protects a vhost from' : 'Allows'} deletion.`,
      run: async (invocation) => {
        const method = word === 'enable' ? 'POST' : 'DELETE';
        await invocation.api.change(method, `${vhostPath(invocation)}/deletion/protection`);
        return NOTHING;
      },
    }),
  ),
  ...(['on', 'off'] as const).map(
    (word): Command => ({
      usage: `trace_${word}`,
      help: `Turns the firehose of a vhost ${word}.`,
      banner: ({ vhost }) =>
        `${word === 'on' ? 'Starting' : 'Stopping'} tracing for vhost "${vhost}" ...`,
      run: async ({ api, vhost }) => {
        await api.change('PUT', `/api/vhosts/${segment(vhost)}`, { tracing: word === 'on' });
        return text(`Trace ${word === 'on' ? 'enabled' : 'disabled'} for vhost ${vhost}`);
      },
    }),
  ),
];

function vhostPath(invocation: Invocation): string {
  return `/api/vhosts/${segment(argument(invocation, 0))}`;
}

async function vhostOf(invocation: Invocation): Promise<void> {
  const { status } = await invocation.api.call('GET', vhostPath(invocation));
  if (status === 200) return;
  const name = argument(invocation, 0);
  throw new CommandError(EXIT.data, `Error:\nVirtual host '${name}' does not exist`);
}

async function putVhost(invocation: Invocation, mustExist: boolean): Promise<Output> {
  if (mustExist) await vhostOf(invocation);
  const { options } = invocation;
  const description = options.get('description');
  const tags = options.get('tags');
  const type = options.get('default-queue-type');
  await invocation.api.change('PUT', vhostPath(invocation), {
    ...(description !== undefined && { description }),
    ...(tags !== undefined && { tags }),
    ...(type !== undefined && { default_queue_type: type }),
  });
  return NOTHING;
}

function permissionPath({ vhost }: Invocation, user: string, kind = 'permissions'): string {
  return `/api/${kind}/${segment(vhost)}/${segment(user)}`;
}

const PERMISSIONS: readonly Command[] = [
  {
    usage: 'list_permissions',
    help: 'Lists who may do what in a vhost.',
    banner: ({ vhost }) => `Listing permissions for vhost "${vhost}" ...`,
    run: async ({ api, vhost }) => {
      const found = await api.get<Patterns[]>(`/api/vhosts/${segment(vhost)}/permissions`);
      return table(['user', 'configure', 'write', 'read'], found);
    },
  },
  {
    usage: 'list_user_permissions <username>',
    help: 'Lists what a user may do where.',
    banner: ({ args }) => `Listing permissions for user "${args[0]}" ...`,
    run: async (invocation) => {
      await userOf(invocation);
      const found = await invocation.api.get<Patterns[]>(`${userPath(invocation)}/permissions`);
      return table(['vhost', 'configure', 'write', 'read'], found);
    },
  },
  {
    usage: 'set_permissions <username> <configure> <write> <read>',
    help: 'Grants a user rights in a vhost: three patterns of names.',
    banner: ({ args, vhost }) =>
      `Setting permissions for user "${args[0]}" in vhost "${vhost}" ...`,
    run: async (invocation) => {
      await userOf(invocation);
      const [user, configure, write, read] = invocation.args;
      const patterns = { configure, write, read };
      await invocation.api.change('PUT', permissionPath(invocation, user as string), patterns);
      return NOTHING;
    },
  },
  {
    usage: 'set_permissions_globally <username> <configure> <write> <read>',
    help: 'The same in every vhost that there is.',
    banner: ({ args }) => `Setting permissions for user "${args[0]}" in all virtual hosts ...`,
    run: async (invocation) => {
      await userOf(invocation);
      const [user, configure, write, read] = invocation.args;
      for (const { name: vhost } of await invocation.api.get<{ name: string }[]>('/api/vhosts')) {
        const path = permissionPath({ ...invocation, vhost }, user as string);
        await invocation.api.change('PUT', path, { configure, write, read });
      }
      return NOTHING;
    },
  },
  {
    usage: 'clear_permissions <username>',
    help: 'Closes a vhost to a user.',
    banner: ({ args, vhost }) =>
      `Clearing permissions for user "${args[0]}" in vhost "${vhost}" ...`,
    run: async (invocation) => {
      await userOf(invocation);
      const path = permissionPath(invocation, argument(invocation, 0));
      await invocation.api.call('DELETE', path);
      return NOTHING;
    },
  },
  {
    usage: 'list_topic_permissions',
    help: 'Lists which routing keys users may use in a vhost.',
    banner: ({ vhost }) => `Listing topic permissions for vhost "${vhost}" ...`,
    run: async ({ api, vhost }) => {
      const path = `/api/vhosts/${segment(vhost)}/topic-permissions`;
      return table(['user', 'exchange', 'write', 'read'], await api.get(path));
    },
  },
  {
    usage: 'set_topic_permissions <username> <exchange> <write> <read>',
    help: 'Says which routing keys of a topic exchange a user may use.',
    banner: ({ args, vhost }) => {
      const where = `for user "${args[0]}" in vhost "${vhost}"`;
      return `Setting topic permissions on "${args[1]}" ${where} ...`;
    },
    run: async (invocation) => {
      await userOf(invocation);
      const [user, exchange, write, read] = invocation.args;
      const path = permissionPath(invocation, user as string, 'topic-permissions');
      await invocation.api.change('PUT', path, { exchange, write, read });
      return NOTHING;
    },
  },
  {
    usage: 'clear_topic_permissions <username> [<exchange>]',
    help: 'Takes back what was said about routing keys.',
    run: async (invocation) => {
      await userOf(invocation);
      const [user, exchange] = invocation.args;
      const path = permissionPath(invocation, user as string, 'topic-permissions');
      await invocation.api.call('DELETE', exchange ? `${path}/${segment(exchange)}` : path);
      return NOTHING;
    },
  },
];

/** Users, vhosts and permissions. */
export const ACCESS_COMMANDS: readonly Command[] = [...USERS, ...VHOSTS, ...PERMISSIONS];
