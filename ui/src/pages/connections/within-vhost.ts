/**
 * Connections and channels of a virtual host have their path below it, unlike queues, exchanges and
 * consumers, which have the virtual host below theirs.
 */
import { at } from '../../api/request.ts';

/** The path below api/. */
export function withinVhost(list: 'connections' | 'channels', vhost: string): string {
  return vhost === '' ? list : `${at`vhosts/${vhost}`}/${list}`;
}
