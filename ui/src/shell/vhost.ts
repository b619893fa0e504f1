/**
 * The virtual host that lists are narrowed to; '' for all. The address has it as `vhost`, and the
 * tab remembers it from one list to the next.
 */
import { signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { at } from '../api/request.ts';
import { useQuery } from './location.tsx';

const STORED = 'warren.vhost';

export const vhost = signal(sessionStorage.getItem(STORED) ?? '');

export function chooseVhost(name: string): void {
  vhost.value = name;
  sessionStorage.setItem(STORED, name);
}

/** For pages with a list: keeps the address and the choice together. @returns the chosen one */
export function useVhost(): string {
  const [query, setQuery] = useQuery();
  const wanted = query.vhost;
  const chosen = vhost.value;
  useEffect(() => {
    if (wanted !== undefined && wanted !== vhost.peek()) chooseVhost(wanted);
  }, [wanted]);
  useEffect(() => {
    if ((query.vhost ?? '') !== chosen) setQuery({ vhost: chosen });
  }, [chosen]);
  return chosen;
}

/** `queues`, or `queues/<vhost>` if one is chosen. */
export function within(list: string, name: string): string {
  return name === '' ? list : `${list}/${at`${name}`}`;
}
