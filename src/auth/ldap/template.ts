/**
 * Template: text with `${username}`, `${vhost}` and other arguments in it, put in so that they mean
 * themselves: a name that comes from a client must not become another branch of the directory, or a
 * pattern. `${ad_user}` and `${ad_domain}` are the halves of `DOMAIN\user`.
 */
import { literalPattern } from '../pattern.ts';

/** What may stand for `${name}`. */
export type Arguments = ReadonlyMap<string, string>;

/** Where a text is used. */
export type Use = 'plain' | 'dn' | 'pattern';

/** What a user logs in as may be no name of an entry: `ann@example.com`. */
export function useOf(template: string): Use {
  return template.includes('=') ? 'dn' : 'plain';
}

/** A name of which nothing is known is left as it is. */
export function filled(template: string, args: Arguments, use: Use): string {
  return template.replace(/\$\{([A-Za-z0-9_.]+)\}/g, (whole, name: string) => {
    const value = args.get(name);
    if (value === undefined) return whole;
    if (use === 'pattern') return literalPattern(value);
    // That is a name of the directory already.
    return use === 'dn' && name !== 'user_dn' ? escapedForDn(value) : value;
  });
}

/** Of a user name. */
export function userArguments(username: string): Map<string, string> {
  const args = new Map([['username', username]]);
  const [domain, user, ...rest] = username.split('\\');
  if (domain === undefined || user === undefined || rest.length > 0) return args;
  return args.set('ad_domain', domain).set('ad_user', user);
}

/** As a value of an attribute in a distinguished name [RFC 4514 2.4]. */
function escapedForDn(value: string): string {
  return value
    .replace(/[\\,+"<>;=]/g, '\\$&')
    .replaceAll('\0', '\\00')
    .replace(/^[ #]/, '\\$&')
    .replace(/ $/, '\\ ');
}
