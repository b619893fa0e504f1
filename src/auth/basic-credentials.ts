/**
 * Basic credentials: the name and the password in an HTTP `Authorization` header [RFC 7617].
 * Whether they are good is authentication.ts.
 */

export interface Credentials {
  readonly username: string;
  readonly password: string;
}

/** null if the header has none. */
export function basicCredentials(header: string): Credentials | null {
  const encoded = /^basic +([A-Za-z0-9+/=_-]+)$/i.exec(header)?.[1];
  if (encoded === undefined) return null;
  const text = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  if (colon < 0) return null;
  return { username: text.slice(0, colon), password: text.slice(colon + 1) };
}
