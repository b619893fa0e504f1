/**
 * Credentials for protocols that ask for a name and a password instead of a header: those of the
 * sign-in. With a token it is the password, as every protocol of the broker takes it.
 */
import { STORED } from './identity.ts';

/** @returns null if nobody is signed in */
export function credentials(): { readonly username: string; readonly password: string } | null {
  const [scheme, value = ''] = (sessionStorage.getItem(STORED) ?? '').split(' ', 2);
  if (scheme === 'Bearer') return { username: '', password: value };
  if (scheme !== 'Basic') return null;
  const bytes = Uint8Array.from(atob(value), (one) => one.charCodeAt(0));
  const text = new TextDecoder().decode(bytes);
  const colon = text.indexOf(':');
  return { username: text.slice(0, colon), password: text.slice(colon + 1) };
}
