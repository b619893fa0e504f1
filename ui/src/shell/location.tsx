/**
 * HashLocation: where the page is, from the part of the address behind `#`. Links of RabbitMQ's
 * own console keep working, any static server will do, and a `%2F` in a name meets no proxy. It
 * feeds preact-iso's Router; `navigate` and `useQuery` are how components move.
 */
import type { ComponentChildren } from 'preact';
import { useCallback, useEffect, useMemo, useState } from 'preact/hooks';
import { LocationProvider, useLocation } from 'preact-iso';

/** Query values by name; absent ones are ''. */
export type Query = Readonly<Record<string, string>>;

function current(): string {
  const { hash } = window.location;
  return hash.startsWith('#/') ? hash.slice(1) : '/';
}

/** Goes to a path such as `/queues/%2F/orders?tab=bindings`. */
export function navigate(url: string, replace = false): void {
  if (replace) {
    history.replaceState(null, '', `#${url}`);
    window.dispatchEvent(new HashChangeEvent('hashchange'));
  } else {
    window.location.hash = url;
  }
}

/** The address of a page, for href: to`/queues/${vhost}/${name}`. */
export function to(parts: TemplateStringsArray, ...values: readonly (string | number)[]): string {
  return `#${parts.reduce((all, part, index) => {
    return all + encodeURIComponent(values[index - 1] ?? '') + part;
  })}`;
}

export function HashLocation({ children }: { children: ComponentChildren }) {
  const [url, setUrl] = useState(current);
  useEffect(() => {
    const follow = () => setUrl(current());
    window.addEventListener('hashchange', follow);
    // An effect runs after the first picture: the address may have changed since.
    follow();
    return () => window.removeEventListener('hashchange', follow);
  }, []);
  const value = useMemo(() => {
    const [path = '/', search = ''] = url.split(/\?(.*)/s);
    return {
      url,
      path: path.replace(/\/+$/, '') || '/',
      query: Object.fromEntries(new URLSearchParams(search)),
      route: navigate,
      back: () => history.back(),
      forward: () => history.forward(),
      wasPush: true,
    };
  }, [url]);
  return <LocationProvider.ctx.Provider value={value}>{children}</LocationProvider.ctx.Provider>;
}

/** The state that the address holds, and how to change a part of it ('' removes). */
export function useQuery(): readonly [Query, (changes: Query, push?: boolean) => void] {
  const { query } = useLocation();
  const set = useCallback((changes: Query, push = false) => {
    const [path = '/', search = ''] = current().split(/\?(.*)/s);
    const next = new URLSearchParams(search);
    for (const [key, value] of Object.entries(changes)) {
      if (value === '') next.delete(key);
      else next.set(key, value);
    }
    navigate(next.size === 0 ? path : `${path}?${next}`, !push);
  }, []);
  return [query, set];
}
