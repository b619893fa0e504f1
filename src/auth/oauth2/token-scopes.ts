/**
 * TokenScopes: the scopes of a token, from wherever its issuer puts them: the scope claim, other
 * claims, Keycloak's permissions, rich authorization requests [RFC 9396]; with aliases resolved,
 * and without those that are for somebody else. What they allow is scope-rights.ts.
 */
import type { Claims, ResourceServer } from './resource-server.ts';
import { SegmentPattern } from './segment-pattern.ts';

/** Where Keycloak puts what a requesting party token is for. */
const PERMISSIONS_PATH = 'authorization.permissions.scopes';

/** All of them, without their prefix, each once. */
export function scopesOf(claims: Claims, server: ResourceServer): string[] {
  const found = [...textsIn(claims.scope, server)];
  for (const path of [PERMISSIONS_PATH, ...server.additionalScopesPaths]) {
    for (const value of valuesAt(claims, path.split('.'))) found.push(...textsIn(value, server));
  }
  const meant = found.flatMap((scope) => [scope, ...(server.scopeAliases.get(scope) ?? [])]);
  const all = [...meant, ...detailScopes(claims.authorization_details, server)];
  const { scopePrefix } = server;
  const ours = all.filter((scope) => scope.startsWith(scopePrefix));
  return [...new Set(ours.map((scope) => scope.slice(scopePrefix.length)))];
}

/** A list, words, or UAA's kind: an object with the names of servers. */
function textsIn(value: unknown, { id }: ResourceServer): string[] {
  if (typeof value === 'string') return value.split(' ').filter((word) => word !== '');
  if (Array.isArray(value)) return value.filter((one) => typeof one === 'string');
  if (!isObject(value)) return [];
  const mine = value[id];
  const words = typeof mine === 'string' ? mine.split(' ') : mine;
  return Array.isArray(words) ? words.map((word) => `${id}.${word}`) : [];
}

/** What a path leads to; lists on the way are gone through. */
function valuesAt(value: unknown, path: readonly string[]): unknown[] {
  if (Array.isArray(value) && path.length > 0) return value.flatMap((one) => valuesAt(one, path));
  const [name, ...rest] = path;
  if (name === undefined) return [value];
  if (!isObject(value) || !Object.hasOwn(value, name)) return [];
  return valuesAt(value[name], rest);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const TAGS = ['monitoring', 'administrator', 'management', 'policymaker'];
const ACTIONS = ['read', 'write', 'configure'];

/** The scopes that rich authorization requests come to: with RabbitMQ's prefix, its id. */
function detailScopes(details: unknown, server: ResourceServer): string[] {
  const { type, scopePrefix } = server;
  if (type === null || !Array.isArray(details)) return [];
  return details.flatMap((one) => {
    if (!isObject(one) || one.type !== type) return [];
    const places = listOf(one.locations).flatMap((location) => placeOf(location, server));
    if (places.length === 0) return [];
    return listOf(one.actions).flatMap((action) => {
      if (TAGS.includes(action)) return [`${scopePrefix}tag:${action}`];
      if (!ACTIONS.includes(action)) return [];
      return places.map((place) => `${scopePrefix}${action}:${place}`);
    });
  });
}

function listOf(value: unknown): string[] {
  const list = Array.isArray(value) ? value : [value];
  return list.filter((one) => typeof one === 'string');
}

/** `cluster:rabbitmq/vhost:v/queue:q/routing-key:k` as the pattern of a scope. */
function placeOf(location: string, { id }: ResourceServer): string[] {
  const named = new Map<string, string>();
  for (const part of location.split('/')) {
    const [name, value] = part.split(':', 2);
    if (name && value) named.set(name, value);
  }
  const cluster = named.get('cluster');
  if (cluster === undefined || !new SegmentPattern(cluster, (name) => name).matches(id)) return [];
  const [queue, exchange] = [named.get('queue'), named.get('exchange')];
  if (queue !== undefined && exchange !== undefined && queue !== exchange) return [];
  const key = named.get('routing-key') ?? '*';
  return [`${named.get('vhost') ?? '*'}/${queue ?? exchange ?? '*'}/${key}`];
}
