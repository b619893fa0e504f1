/**
 * Sign-in with the organisation's identity provider: OAuth 2 authorization code with PKCE, all of
 * it in the page. The provider gives an access token, which the broker takes as `Bearer`. Tokens
 * are renewed before they run out, if the provider gives something to renew them with. It is a
 * chunk of its own: most brokers have no provider.
 */
import { API_BASE, ApiError } from '../api/request.ts';
import { type AuthOptions, authOptions, GRANT } from './auth-options.ts';

/** The part of a provider's metadata that is needed [RFC 8414 2]. */
interface Metadata {
  readonly authorization_endpoint: string;
  readonly token_endpoint: string;
  readonly end_session_endpoint?: string;
}

/** What has to be remembered while the browser is at the provider. */
interface Attempt {
  readonly state: string;
  readonly verifier: string;
  readonly hash: string;
}

/** What the provider gave, and where to renew it. */
interface Grant {
  readonly access_token: string;
  readonly refresh_token?: string;
  readonly id_token?: string;
  readonly expires_in?: number;
}

const ATTEMPT = 'warren.oauth.attempt';
/** How long before its end a token is renewed. */
const EARLY_MS = 60_000;

/** The page itself, without what is behind `?` and `#`: the provider sends the browser there. */
function redirectUri(): string {
  return window.location.origin + window.location.pathname;
}

/** What the broker's settings say counts; the provider is asked for what they do not say. */
async function metadataOf(options: AuthOptions): Promise<Metadata> {
  const { authorization_endpoint, token_endpoint, end_session_endpoint } = options;
  if (authorization_endpoint !== undefined && token_endpoint !== undefined) {
    return { authorization_endpoint, token_endpoint, end_session_endpoint };
  }
  const provider = (options.oauth_provider_url ?? '').replace(/\/$/, '');
  const url = options.oauth_metadata_url ?? `${provider}/.well-known/openid-configuration`;
  const response = await fetch(url).catch(() => null);
  if (!response?.ok) {
    throw new ApiError(0, 'provider', `The identity provider at ${url} does not answer.`);
  }
  const found = (await response.json()) as Metadata;
  return {
    authorization_endpoint: authorization_endpoint ?? found.authorization_endpoint,
    token_endpoint: token_endpoint ?? found.token_endpoint,
    end_session_endpoint: end_session_endpoint ?? found.end_session_endpoint,
  };
}

/** Sends the browser to the provider. @throws ApiError if that does not answer */
export async function beginOAuth(options: AuthOptions): Promise<void> {
  const { authorization_endpoint: endpoint } = await metadataOf(options);
  const attempt = { state: random(), verifier: random(), hash: window.location.hash };
  sessionStorage.setItem(ATTEMPT, JSON.stringify(attempt));
  const url = new URL(endpoint);
  const query = {
    response_type: options.oauth_response_type ?? 'code',
    client_id: options.oauth_client_id ?? '',
    redirect_uri: redirectUri(),
    scope: options.oauth_scopes ?? 'openid profile',
    state: attempt.state,
    code_challenge: await challengeOf(attempt.verifier),
    code_challenge_method: 'S256',
    ...(options.oauth_resource_id ? { resource: options.oauth_resource_id } : {}),
  };
  for (const [key, value] of Object.entries(query)) url.searchParams.set(key, value);
  window.location.assign(url);
}

/**
 * Takes what the provider put into the address.
 * @returns the Authorization header
 * @throws ApiError with the provider's word
 */
export async function completeOAuth(): Promise<string> {
  const query = new URLSearchParams(window.location.search);
  const attempt = JSON.parse(sessionStorage.getItem(ATTEMPT) ?? 'null') as Attempt | null;
  sessionStorage.removeItem(ATTEMPT);
  history.replaceState(null, '', redirectUri() + (attempt?.hash ?? ''));
  const refusal = query.get('error_description') ?? query.get('error');
  if (refusal !== null) throw new ApiError(401, 'provider', refusal);
  // An answer that nobody asked for may come from somebody else's sign-in [RFC 9700 4.7].
  if (attempt === null || attempt.state !== query.get('state')) {
    throw new ApiError(401, 'provider', 'This sign-in was not begun in this tab: try again.');
  }
  return grant({
    grant_type: 'authorization_code',
    code: query.get('code') ?? '',
    redirect_uri: redirectUri(),
    code_verifier: attempt.verifier,
  });
}

/** Asks for a token, and remembers it. @returns the Authorization header @throws ApiError */
async function grant(form: Readonly<Record<string, string>>): Promise<string> {
  const options = await authOptions();
  const { token_endpoint: endpoint } = await metadataOf(options);
  const body = new URLSearchParams({ ...form, client_id: options.oauth_client_id ?? '' });
  if (options.oauth_client_secret) body.set('client_secret', options.oauth_client_secret);
  const response = await fetch(endpoint, { method: 'POST', body }).catch(() => null);
  if (!response?.ok) {
    throw new ApiError(401, 'provider', 'The identity provider gave no token: sign in again.');
  }
  const given = (await response.json()) as Grant;
  sessionStorage.setItem(GRANT, JSON.stringify({ ...given, at: Date.now() }));
  return `Bearer ${given.access_token}`;
}

/** Renews the token before it runs out, again and again. @returns stops it */
export function keepFresh(renewed: (header: string) => void): () => void {
  const stored = storedGrant();
  if (stored?.refresh_token === undefined || stored.expires_in === undefined) return () => {};
  const lifeMs = stored.expires_in * 1000;
  const due = stored.at + Math.max(lifeMs / 2, lifeMs - EARLY_MS) - Date.now();
  let stopNext = () => {};
  const timer = setTimeout(
    () => {
      const form = { grant_type: 'refresh_token', refresh_token: stored.refresh_token ?? '' };
      grant(form).then(
        (header) => {
          renewed(header);
          stopNext = keepFresh(renewed);
        },
        // The token that is there lasts a little longer; then the broker says that it is over.
        () => {},
      );
    },
    Math.max(0, due),
  );
  return () => {
    clearTimeout(timer);
    stopNext();
  };
}

function storedGrant(): (Grant & { readonly at: number }) | null {
  return JSON.parse(sessionStorage.getItem(GRANT) ?? 'null');
}

/** Ends the session at the provider, too, if it has a page for that. */
export async function endOAuth(): Promise<void> {
  const stored = storedGrant();
  sessionStorage.removeItem(GRANT);
  if (stored === null) return;
  const { end_session_endpoint: endpoint } = await metadataOf(await authOptions());
  if (endpoint === undefined || stored.id_token === undefined) return;
  const url = new URL(endpoint);
  url.searchParams.set('id_token_hint', stored.id_token);
  url.searchParams.set('post_logout_redirect_uri', redirectUri());
  window.location.assign(url);
}

/** 256 bits as letters [RFC 7636 4.1]. */
function random(): string {
  return base64url(crypto.getRandomValues(new Uint8Array(32)));
}

/** @throws ApiError where browsers have no hash functions: on pages that are not secure */
async function challengeOf(verifier: string): Promise<string> {
  if (!crypto.subtle) {
    const text = `Sign-in with a provider needs https or localhost, not ${API_BASE.origin}.`;
    throw new ApiError(0, 'insecure', text);
  }
  const hash = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(verifier));
  return base64url(new Uint8Array(hash));
}

function base64url(bytes: Uint8Array): string {
  const text = btoa(String.fromCharCode(...bytes));
  return text.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}
