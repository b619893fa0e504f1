/**
 * How one may sign in to this broker, and whether a sign-in with a provider is under way: what is
 * needed to know whether oauth.ts is. It holds no secret.
 */
import { read } from '../api/request.ts';

/** Where the tab keeps what a provider gave. */
export const GRANT = 'warren.oauth.grant';

/** `/api/auth`, which needs no sign-in. */
export interface AuthOptions {
  readonly oauth_enabled?: boolean;
  readonly oauth_client_id?: string;
  readonly oauth_client_secret?: string;
  readonly oauth_provider_url?: string;
  readonly oauth_metadata_url?: string;
  readonly authorization_endpoint?: string;
  readonly token_endpoint?: string;
  readonly end_session_endpoint?: string;
  readonly oauth_scopes?: string;
  readonly oauth_response_type?: string;
  readonly oauth_initiated_logon_type?: string;
  readonly oauth_disable_basic_auth?: boolean;
  readonly oauth_resource_id?: string;
}

let known: Promise<AuthOptions> | null = null;

/** How one may sign in. A broker that does not say knows names and passwords. */
export function authOptions(): Promise<AuthOptions> {
  known ??= read<AuthOptions>('auth').catch(() => ({}));
  return known;
}

/** Whether the browser comes back from the provider. */
export function comesBack(): boolean {
  const query = new URLSearchParams(window.location.search);
  return query.has('state') && (query.has('code') || query.has('error'));
}
