/**
 * Who is signed in, with what, and what the broker can do. Credentials live in memory and in
 * sessionStorage, so that they survive a reload and end with the tab (why: ui/README.md).
 */
import { computed, signal } from '@preact/signals';
import { ApiError, authorize, onExpired, read } from '../api/request.ts';
import { GRANT } from './auth-options.ts';

/** `/api/whoami` */
export interface Identity {
  readonly name: string;
  readonly tags: readonly string[];
}

/** Null while nobody is signed in. */
export const identity = signal<Identity | null>(null);
/** Whether a stored sign-in is still being tried. */
export const starting = signal(true);
/** Why the last session ended, for the sign-in page. */
export const ended = signal('');
/** Extensions that this broker has: empty on a RabbitMQ. */
export const features = signal<ReadonlySet<string>>(new Set());

export const isAdministrator = computed(() => hasTag('administrator'));
export const isMonitor = computed(() => isAdministrator.value || hasTag('monitoring'));
export const isPolicymaker = computed(() => isAdministrator.value || hasTag('policymaker'));

function hasTag(tag: string): boolean {
  return identity.value?.tags.includes(tag) === true;
}

/** Where the tab keeps the header. */
export const STORED = 'warren.authorization';

/** The Authorization header for a name and a password. */
export function basic(name: string, password: string): string {
  const bytes = new TextEncoder().encode(`${name}:${password}`);
  return `Basic ${btoa(String.fromCharCode(...bytes))}`;
}

/** @throws ApiError if the broker refuses */
export async function signIn(header: string): Promise<void> {
  authorize(header);
  try {
    const found = await read<{ name: string; tags: string | readonly string[] }>('whoami');
    const tags = typeof found.tags === 'string' ? found.tags.split(',') : found.tags;
    sessionStorage.setItem(STORED, header);
    features.value = await probe();
    ended.value = '';
    identity.value = { name: found.name, tags };
    if (withProvider()) await renewing();
  } catch (error) {
    authorize(null);
    throw error;
  }
}

let stopRenewing = () => {};

/** Whether the token comes from an identity provider. */
function withProvider(): boolean {
  return sessionStorage.getItem(GRANT) !== null;
}

async function renewing(): Promise<void> {
  const { keepFresh } = await import('./oauth.ts');
  stopRenewing = keepFresh(renew);
}

/** A new token of the same user. */
function renew(header: string): void {
  sessionStorage.setItem(STORED, header);
  authorize(header);
}

/** Which of our extensions the broker has; asked once. */
async function probe(): Promise<ReadonlySet<string>> {
  const [console, engine] = await Promise.allSettled([
    read<{ features?: readonly string[] }>('_ui'),
    read<Readonly<Record<string, number>>>('x/features'),
  ]);
  const names = console.status === 'fulfilled' ? (console.value.features ?? []) : [];
  const more = engine.status === 'fulfilled' ? Object.keys(engine.value) : [];
  return new Set([...names, ...more]);
}

/** Tries what the tab remembers. Never throws: the sign-in page is the answer to everything. */
export async function resume(): Promise<void> {
  const header = sessionStorage.getItem(STORED);
  try {
    if (header !== null) await signIn(header);
  } catch (error) {
    if (error instanceof ApiError && error.status === 0) ended.value = error.message;
    else sessionStorage.removeItem(STORED);
  } finally {
    starting.value = false;
  }
}

/** Forgets everything about the user. */
export function signOut(reason = ''): void {
  stopRenewing();
  // Also at the provider, unless it was the session there that ended.
  if (reason === '' && withProvider()) void import('./oauth.ts').then(({ endOAuth }) => endOAuth());
  authorize(null);
  sessionStorage.removeItem(STORED);
  identity.value = null;
  features.value = new Set();
  ended.value = reason;
}

onExpired(() => {
  if (identity.value !== null) {
    signOut('Your sign-in is no longer valid: the password changed or the token expired.');
  }
});
