/**
 * Links into the console's pages, which are behind the `#` as RabbitMQ's are, and the words for
 * numbers that findings and hits are told with. Which pages there are ui/ decides.
 */

/** What there is a page for. */
export type Subject = 'vhost' | 'queue' | 'exchange' | 'connection' | 'user' | 'policy' | 'node';

const PAGES: Readonly<Record<Exclude<Subject, 'policy'>, string>> = {
  vhost: 'vhosts',
  queue: 'queues',
  exchange: 'exchanges',
  connection: 'connections',
  user: 'users',
  node: 'nodes',
};

/** The page about one thing. @param vhost null for what is in none */
export function linkTo(subject: Subject, vhost: string | null, name: string): string {
  if (subject === 'policy') {
    // One is found in the list.
    return `#/policies?${new URLSearchParams({ q: name, vhost: vhost ?? '' })}`;
  }
  const path = vhost === null ? [name] : [vhost, name];
  return `#/${[PAGES[subject], ...path.map(encodeURIComponent)].join('/')}`;
}

/** `1 queue`, `2 queues`. */
export function plural(count: number, noun: string): string {
  const shown = count.toLocaleString('en');
  return count === 1 ? `${shown} ${noun}` : `${shown} ${noun}s`;
}
