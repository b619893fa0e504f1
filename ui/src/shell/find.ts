/**
 * find: things of the broker by a part of their name, for the palette. A few of each kind; kinds
 * that the user may not see are left out without a word.
 */
import { asPage, type PageOf } from '../api/page-of.ts';
import { read, withQuery } from '../api/request.ts';
import type { IconName } from '../parts/icon.tsx';
import { features } from '../session/identity.ts';
import { to } from './location.tsx';
import { GROUPS, visible } from './places.ts';

/** Something found. */
export interface Hit {
  readonly kind: string;
  readonly name: string;
  readonly icon: IconName;
  readonly href: string;
}

interface Named {
  readonly name: string;
  readonly vhost?: string;
  readonly user_provided_name?: string;
}

/** An item of `/api/_ui/search`. */
interface Found {
  readonly kind: string;
  readonly name: string;
  readonly vhost?: string;
  readonly detail?: string;
  readonly link: string;
}

const ICONS: Readonly<Record<string, IconName>> = {
  queue: 'queues',
  exchange: 'exchanges',
  connection: 'connections',
  user: 'user',
};

/** How many of a kind are shown. */
const SOME = 7;

const SUBPAGES: readonly Hit[] = [
  { kind: 'Page', name: 'Channels', icon: 'connections', href: '#/channels' },
  { kind: 'Page', name: 'Consumers', icon: 'connections', href: '#/consumers' },
  { kind: 'Page', name: 'Users and permissions', icon: 'admin', href: '#/users' },
  { kind: 'Page', name: 'Virtual hosts', icon: 'admin', href: '#/vhosts' },
  { kind: 'Page', name: 'Policies', icon: 'admin', href: '#/policies' },
  { kind: 'Page', name: 'Limits', icon: 'admin', href: '#/limits' },
  { kind: 'Page', name: 'Definitions: export and import', icon: 'admin', href: '#/definitions' },
  { kind: 'Page', name: 'Feature flags', icon: 'admin', href: '#/feature-flags' },
  { kind: 'Action', name: 'Add a queue', icon: 'plus', href: '#/queues?add=true' },
  { kind: 'Action', name: 'Add an exchange', icon: 'plus', href: '#/exchanges?add=true' },
];

/** Pages and actions whose name contains the text; all places if it is empty. */
export function placesLike(text: string): Hit[] {
  const places = visible(GROUPS.flat()).map(({ label, icon, path }): Hit => {
    return { kind: 'Page', name: label, icon, href: `#${path}` };
  });
  const wanted = text.trim().toLowerCase();
  if (wanted === '') return places;
  return [...places, ...SUBPAGES].filter(({ name }) => name.toLowerCase().includes(wanted));
}

/** Things of the broker whose name contains the text: the broker searches, if it can. */
export async function find(text: string, signal: AbortSignal): Promise<Hit[]> {
  if (!features.value.has('search')) return findInLists(text, signal);
  try {
    const found = await read<readonly Found[]>(withQuery('_ui/search', { q: text }), signal);
    return found.map(({ kind, name, vhost, detail, link }) => ({
      kind: [kind, vhost && `in ${vhost}`, detail].filter(Boolean).join(' · '),
      name,
      icon: ICONS[kind] ?? 'admin',
      href: link,
    }));
  } catch {
    return [];
  }
}

/** The same with RabbitMQ's API: a few of each kind. */
async function findInLists(text: string, signal: AbortSignal): Promise<Hit[]> {
  const ask = async (path: string, columns: string, hit: (item: Named) => Hit) => {
    const query = { name: text, page: 1, page_size: SOME, columns };
    try {
      const answer = await read<PageOf<Named> | readonly Named[]>(withQuery(path, query), signal);
      const items = asPage(answer).items;
      return items
        .filter(({ name }) => name.includes(text))
        .slice(0, SOME)
        .map(hit);
    } catch {
      return [];
    }
  };
  const lists = await Promise.all([
    ask('queues', 'name,vhost', ({ name, vhost = '/' }) => ({
      kind: `Queue in ${vhost}`,
      name,
      icon: 'queues',
      href: to`/queues/${vhost}/${name}`,
    })),
    ask('exchanges', 'name,vhost', ({ name, vhost = '/' }) => ({
      kind: `Exchange in ${vhost}`,
      name,
      icon: 'exchanges',
      href: to`/exchanges/${vhost}/${name || 'amq.default'}`,
    })),
    ask('connections', 'name,vhost,user_provided_name', ({ name, user_provided_name: given }) => ({
      kind: 'Connection',
      name: given ? `${given} (${name})` : name,
      icon: 'connections',
      href: to`/connections/${name}`,
    })),
  ]);
  return lists.flat();
}
