/**
 * Users in the management API, and their limits. What makes a user valid is decided by the
 * engine's administration; here are the paths and the JSON.
 */
import type { UserInfo, UserWish } from '../../../src/broker/administration/user-administration.ts';
import { type Answer, badRequest, NO_CONTENT, notAuthorised, notFound, put } from '../answer.ts';
import { integerOr, isObject, type JsonObject, requireKeys, tagsOf, textOr } from '../input.ts';
import { type Columns, Listing } from '../listing.ts';
import { type Call, describeOne, objectOf, type Resource } from '../routing.ts';
import type { ManagementContext } from './context.ts';

const COLUMNS: Columns<UserInfo> = {
  name: ({ name }) => name,
  password_hash: ({ passwordHash }) => passwordHash,
  hashing_algorithm: ({ hashingAlgorithm }) => hashingAlgorithm,
  tags: ({ tags }) => tags,
  limits: ({ limits }) => limits,
};

function administrationOf(context: ManagementContext, call: Call) {
  return context.broker.administration(call.viewer.user.name);
}

function list(users: Iterable<UserInfo>): Listing<UserInfo> {
  return new Listing(users, COLUMNS, ({ name }) => name);
}

function find(context: ManagementContext, call: Call): UserInfo {
  const user = administrationOf(context, call).users.get(call.params.user as string);
  if (user === null) throw notFound();
  return user;
}

function show(context: ManagementContext, call: Call): unknown {
  if (!call.viewer.isAdministrator && call.params.user !== call.viewer.user.name) {
    throw notAuthorised('User not authorised to access object');
  }
  return describeOne(find(context, call), COLUMNS, call);
}

/** What a definition or a request wants a user to be. @throws ApiError */
export function userWish(body: JsonObject): UserWish {
  if (!Object.hasOwn(body, 'tags')) throw badRequest('tags_not_present');
  const text = (key: string): string | undefined =>
    Object.hasOwn(body, key) ? textOr(body, key, '') : undefined;
  const password = text('password');
  const passwordHash = text('password_hash');
  const hashingAlgorithm = text('hashing_algorithm');
  const { limits } = body;
  return {
    tags: tagsOf(body.tags),
    ...(password !== undefined && { password }),
    ...(passwordHash !== undefined && { passwordHash }),
    ...(hashingAlgorithm !== undefined && { hashingAlgorithm }),
    ...(isObject(limits) && { limits: limits as NonNullable<UserWish['limits']> }),
  };
}

async function change(context: ManagementContext, call: Call): Promise<Answer> {
  const { users } = administrationOf(context, call);
  return put(!(await users.put(call.params.user as string, userWish(objectOf(call)))));
}

async function remove(context: ManagementContext, call: Call): Promise<Answer> {
  const { name } = find(context, call);
  await administrationOf(context, call).users.delete(name);
  return NO_CONTENT;
}

async function removeMany(context: ManagementContext, call: Call): Promise<Answer> {
  const body = objectOf(call);
  requireKeys(body, ['users']);
  const { users: names } = body;
  if (!Array.isArray(names) || names.some((name) => typeof name !== 'string')) {
    throw badRequest('users must be a list of names');
  }
  const { users } = administrationOf(context, call);
  for (const name of names as string[]) await users.delete(name);
  return NO_CONTENT;
}

function limitsOf(users: Iterable<UserInfo>): Record<string, unknown>[] {
  return [...users]
    .filter(({ limits }) => Object.keys(limits).length > 0)
    .map(({ name, limits }) => ({ user: name, value: limits }));
}

async function setLimit(context: ManagementContext, call: Call): Promise<Answer> {
  const { name } = find(context, call);
  const body = objectOf(call);
  requireKeys(body, ['value']);
  const value = integerOr(body, 'value', 0, -1);
  const limit = call.params.limit as string;
  await administrationOf(context, call).users.setLimits(name, { [limit]: value });
  return NO_CONTENT;
}

async function clearLimit(context: ManagementContext, call: Call): Promise<Answer> {
  const { name } = find(context, call);
  await administrationOf(context, call).users.clearLimits(name, call.params.limit as string);
  return NO_CONTENT;
}

/** Users, their limits, and hashes of passwords for those who write definitions. */
export function userResources(context: ManagementContext): Resource[] {
  const access = 'administrator';
  const users = (call: Call) => administrationOf(context, call).users;
  return [
    { path: '/api/users', access, get: (call) => list(users(call).list()) },
    {
      path: '/api/users/without-permissions',
      access,
      get: (call) => list(users(call).withoutPermissions()),
    },
    { path: '/api/users/bulk-delete', access, post: (call) => removeMany(context, call) },
    {
      path: '/api/users/:user',
      access: 'management',
      changeAccess: access,
      get: (call) => show(context, call),
      put: (call) => change(context, call),
      delete: (call) => remove(context, call),
    },
    { path: '/api/user-limits', access, get: (call) => limitsOf(users(call).list()) },
    { path: '/api/user-limits/:user', access, get: (call) => limitsOf([find(context, call)]) },
    {
      path: '/api/user-limits/:user/:limit',
      access,
      put: (call) => setLimit(context, call),
      delete: (call) => clearLimit(context, call),
    },
    {
      path: '/api/auth/hash_password/:password',
      access,
      get: (call) => ({ ok: users(call).hash(call.params.password as string) }),
    },
  ];
}
