/**
 * Search: finds what has a name, for the console's Ctrl-K: virtual hosts, queues, exchanges,
 * connections, users, policies, as far as the viewer may see them. An exact name goes first, then
 * names that begin so, then those that contain it; the shorter the better.
 */
import type { Topology } from '../../../src/broker/topology.ts';
import { SEARCH_HITS_MAX, SEARCH_QUERY_CHARACTERS } from '../../../src/limits-console.ts';
import { badRequest } from '../answer.ts';
import { connectionsSeen } from '../management/connection.ts';
import type { ManagementContext } from '../management/context.ts';
import type { Call, Resource } from '../routing.ts';
import { messagesOf } from '../series.ts';
import { linkTo, plural } from './link.ts';

/** What was found, before it is described. */
interface Hit {
  readonly kind: 'vhost' | 'queue' | 'exchange' | 'connection' | 'user' | 'policy';
  readonly name: string;
  readonly vhost: string | null;
  /** The lower the better. */
  readonly rank: number;
  readonly link: string;
  detail(): string;
}

/** `GET /api/_ui/search?q=…`. */
export function searchResource(context: ManagementContext): Resource {
  return {
    path: '/api/_ui/search',
    access: 'management',
    get: (call) => {
      const text = (call.query.q ?? '').trim();
      if (text.length > SEARCH_QUERY_CHARACTERS) throw badRequest('q is too long');
      return text === '' ? [] : search(context, call, text.toLowerCase());
    },
  };
}

function search(context: ManagementContext, call: Call, text: string): unknown {
  const best = new Best();
  for (const hit of found(context, call, (name) => rankOf(name.toLowerCase(), text))) best.add(hit);
  return best.hits.map(({ kind, name, vhost, link, detail }) => {
    return { kind, name, ...(vhost !== null && { vhost }), detail: detail(), link };
  });
}

/** null if it is not in the name at all. */
function rankOf(name: string, text: string): number | null {
  const at = name.indexOf(text);
  if (at < 0) return null;
  const place = at === 0 ? 1000 : 2000;
  return name === text ? 0 : place + Math.min(name.length, 999);
}

/** The best ones, in order; the rest is forgotten as it comes. */
class Best {
  readonly hits: Hit[] = [];

  add(hit: Hit): void {
    const { hits } = this;
    const last = hits.at(-1);
    if (hits.length >= SEARCH_HITS_MAX && last !== undefined && last.rank <= hit.rank) return;
    let at = hits.length;
    while (at > 0 && (hits[at - 1] as Hit).rank > hit.rank) at--;
    hits.splice(at, 0, hit);
    if (hits.length > SEARCH_HITS_MAX) hits.pop();
  }
}

type RankOf = (name: string) => number | null;

function* found(context: ManagementContext, call: Call, rankOf: RankOf): Generator<Hit> {
  const { viewer } = call;
  for (const vhost of context.broker.vhosts.values()) {
    if (!viewer.mayEnter(vhost.name)) continue;
    const { name, topology } = vhost;
    const rank = rankOf(name);
    if (rank !== null) {
      const detail = (): string => plural(topology.queues.size, 'queue');
      yield { kind: 'vhost', name, vhost: null, rank, link: linkTo('vhost', null, name), detail };
    }
    yield* inTopology(name, topology, rankOf, viewer.isPolicymaker);
  }
  yield* connections(context, call, rankOf);
  if (!viewer.isAdministrator) return;
  for (const { user } of context.broker.users.all()) {
    const { name, tags } = user;
    const rank = rankOf(name);
    const detail = (): string => [...tags].join(', ') || 'no tags';
    const link = linkTo('user', null, name);
    if (rank !== null) yield { kind: 'user', name, vhost: null, rank, link, detail };
  }
}

function* inTopology(
  vhost: string,
  { queues, exchanges, policies }: Topology,
  rankOf: RankOf,
  withPolicies: boolean,
): Generator<Hit> {
  for (const queue of queues.values()) {
    const { name, type } = queue;
    const rank = rankOf(name);
    if (rank === null) continue;
    const detail = (): string => {
      const consumers = plural(queue.subscriptions.size, 'consumer');
      return `${type} · ${plural(messagesOf(queue), 'message')} · ${consumers}`;
    };
    yield { kind: 'queue', name, vhost, rank, link: linkTo('queue', vhost, name), detail };
  }
  for (const { name, type, bindings } of exchanges.values()) {
    const shown = name === '' ? 'amq.default' : name;
    const rank = rankOf(shown);
    if (rank === null) continue;
    const detail = (): string => `${type} · ${plural(bindings.size, 'binding')}`;
    const link = linkTo('exchange', vhost, shown);
    yield { kind: 'exchange', name: shown, vhost, rank, link, detail };
  }
  if (!withPolicies) return;
  for (const { name, pattern } of policies.policy.all()) {
    const rank = rankOf(name);
    const link = linkTo('policy', vhost, name);
    if (rank !== null) yield { kind: 'policy', name, vhost, rank, link, detail: () => pattern };
  }
}

/** By their own names, the names of their users, and what the clients call themselves. */
function* connections(context: ManagementContext, call: Call, rankOf: RankOf): Generator<Hit> {
  for (const { open, description } of connectionsSeen(context, call.viewer)) {
    const { user, vhost, protocol, givenName, clientId } = description;
    const names = [open.name, givenName, clientId, user].filter((one) => typeof one === 'string');
    const ranks = names.map(rankOf).filter((rank) => rank !== null);
    if (ranks.length === 0) continue;
    const called = givenName ?? clientId;
    const detail = (): string => [called, user, protocol].filter(Boolean).join(' · ');
    const link = linkTo('connection', null, open.name);
    const rank = Math.min(...ranks);
    yield { kind: 'connection', name: open.name, vhost, rank, link, detail };
  }
}
