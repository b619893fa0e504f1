/**
 * The bounds of what backends outside are asked about logins and rights, named, with their reasons:
 * a part of limits.ts, which says what belongs here.
 */

/** Remembered answers about what one login may do in a vhost, of a kind. */
export const ASKED_VERDICTS_MAX = 1_000;

/** Exchanges whose routing keys one login has been asked about; then it starts anew. */
export const ASKED_EXCHANGES_MAX = 100;

/** How long an answer is good for, whatever auth_cache.cache_ttl says, so that it can be used. */
export const ASKED_VERDICT_MIN_MS = 1_000;

/** … and how many times as long as it took: what needs several answers must get them together. */
export const ASKED_VERDICT_FACTOR = 4;

/** Good logins that are remembered so that nobody is asked again; then the oldest go. */
export const REMEMBERED_LOGINS_MAX = 10_000;

/** Questions to one backend that are under way, and those that wait for their turn. */
export const AUTH_CALLS_MAX = 64;
export const AUTH_CALLS_WAITING_MAX = 4_096;

/** Bytes of what a backend answers over HTTP: a word and some tags. */
export const AUTH_REPLY_BYTES_MAX = 64 * 1024;

/** How often a question is sent again because a kept connection had been closed meanwhile. */
export const AUTH_REQUEST_TRIES = 3;

/** Bytes of a token; those in use have one to four thousand. */
export const TOKEN_BYTES_MAX = 64 * 1024;

/** Scopes of a token; RabbitMQ's own bound. */
export const TOKEN_SCOPES_MAX = 2_048;

/** Bytes of the keys of an issuer, or of what it says about itself. */
export const JWKS_BYTES_MAX = 1024 * 1024;

/** How old the keys of an issuer may be before they are fetched again. */
export const JWKS_AGE_MAX_MS = 600_000;

/** How often they are fetched at most because a token names one that is not known. */
export const JWKS_FETCH_INTERVAL_MS = 30_000;

/** How long an issuer may take to answer. */
export const OAUTH2_TIMEOUT_MS = 10_000;

/** Entries that one search of an LDAP directory may find; servers have limits of their own. */
export const LDAP_ENTRIES_MAX = 1_000;

/** Groups that a user may be in, directly or not. */
export const LDAP_GROUPS_MAX = 1_000;

/** How many seconds the clock of an issuer may be ahead of ours. */
export const TOKEN_SKEW_S = 30;

/** How often the log hears that a backend cannot be asked about rights. */
export const COMPLAINT_INTERVAL_MS = 1_000;
