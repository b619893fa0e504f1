/**
 * Places: the pages one can go to from everywhere: what the rail, the bottom bar, the palette and
 * the `g` keys offer. `needs` hides a place from those to whom the API would not show it.
 */
import type { IconName } from '../parts/icon.tsx';
import { features, isAdministrator, isMonitor } from '../session/identity.ts';

/** One entry of the rail. */
export interface Place {
  readonly path: string;
  readonly label: string;
  readonly icon: IconName;
  /** The second key after `g`. */
  readonly key: string;
  /** Other paths that belong to it. */
  readonly also?: readonly string[];
  /** The extension without which there is nothing to see. */
  readonly feature?: string;
  readonly needs?: 'monitoring' | 'administrator' | 'no administrator';
}

/** The rail, in groups. */
export const GROUPS: readonly (readonly Place[])[] = [
  [
    { path: '/', label: 'Overview', icon: 'overview', key: 'o' },
    { path: '/topology', label: 'Topology', icon: 'topology', key: 't' },
  ],
  [
    { path: '/queues', label: 'Queues', icon: 'queues', key: 'q' },
    { path: '/exchanges', label: 'Exchanges', icon: 'exchanges', key: 'e' },
    {
      path: '/connections',
      label: 'Connections',
      icon: 'connections',
      key: 'c',
      also: ['/channels', '/consumers'],
    },
  ],
  [
    { path: '/messages', label: 'Messages', icon: 'messages', key: 'm', feature: 'peek' },
    { path: '/trace', label: 'Live trace', icon: 'trace', key: 'l', feature: 'trace' },
    { path: '/playground', label: 'Playground', icon: 'playground', key: 'p' },
  ],
  [
    {
      path: '/users',
      label: 'Admin',
      icon: 'admin',
      key: 'a',
      also: ['/vhosts', '/policies', '/limits', '/definitions', '/parameters', '/feature-flags'],
      needs: 'administrator',
    },
    // The part of it that everybody may see.
    {
      path: '/policies',
      label: 'Admin',
      icon: 'admin',
      key: 'a',
      also: ['/vhosts', '/limits', '/definitions', '/parameters', '/feature-flags'],
      needs: 'no administrator',
    },
    { path: '/nodes', label: 'Nodes', icon: 'nodes', key: 'n', needs: 'monitoring' },
  ],
];

/** Those of a group that this user may see. */
export function visible(places: readonly Place[]): Place[] {
  return places.filter(({ needs, feature }) => {
    if (feature !== undefined && !features.value.has(feature)) return false;
    if (needs === 'administrator') return isAdministrator.value;
    if (needs === 'no administrator') return !isAdministrator.value;
    return needs === undefined || isMonitor.value;
  });
}

/** Whether a path is the place or below it. */
export function isAt(place: Place, path: string): boolean {
  const roots = [place.path, ...(place.also ?? [])];
  return roots.some((root) => path === root || (root !== '/' && path.startsWith(`${root}/`)));
}
