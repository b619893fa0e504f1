/**
 * useOneVhost: for pages that are about one virtual host at a time: the chosen one, or else the
 * default, or the first that one may see. '' until it is known.
 */
import { useResource } from '../live/resource.ts';
import { useVhost } from './vhost.ts';

export function useOneVhost(): string {
  const chosen = useVhost();
  const { data } = useResource<readonly { readonly name: string }[]>('vhosts?columns=name', true);
  if (chosen !== '') return chosen;
  const names = (data ?? []).map(({ name }) => name);
  return names.includes('/') ? '/' : (names[0] ?? '');
}
