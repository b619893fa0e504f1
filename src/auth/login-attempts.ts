/**
 * LoginAttempts: how often clients tried to log in, by protocol, and if wanted by where they came
 * from: numbers for operators (RabbitMQ's auth attempts). Turning attackers away is not done here:
 * that is login-throttle.ts.
 */
import { LOGIN_SOURCES_MAX, MAX_NAME_BYTES } from '../limits.ts';
import type { Login } from './authenticator.ts';

export interface AttemptCounts {
  succeeded: number;
  failed: number;
}

/** Attempts of one user from one address over one protocol. */
export interface SourceAttempts extends AttemptCounts {
  readonly protocol: string;
  readonly remoteAddress: string;
  readonly username: string;
}

export class LoginAttempts {
  readonly byProtocol = new Map<string, AttemptCounts>();
  /** Told of every attempt, if somebody wants to know. */
  listener: ((login: Login, succeeded: boolean) => void) | null = null;
  private readonly sources = new Map<string, SourceAttempts>();
  private readonly tracksSources: boolean;

  /** @param tracksSources whether to keep them by address and user, too */
  constructor(tracksSources: boolean) {
    this.tracksSources = tracksSources;
  }

  /** Those that are kept, the longest known first. */
  bySource(): Iterable<SourceAttempts> {
    return this.sources.values();
  }

  count(login: Login, succeeded: boolean): void {
    const { protocol, peer } = login;
    const username = login.username.slice(0, MAX_NAME_BYTES);
    let counts = this.byProtocol.get(protocol);
    if (counts === undefined) {
      counts = { succeeded: 0, failed: 0 };
      this.byProtocol.set(protocol, counts);
    }
    add(counts, succeeded);
    this.listener?.(login, succeeded);
    if (this.tracksSources) add(this.sourceOf(protocol, peer.remoteAddress, username), succeeded);
  }

  reset(): void {
    this.byProtocol.clear();
    this.sources.clear();
  }

  private sourceOf(protocol: string, remoteAddress: string, username: string): SourceAttempts {
    const key = JSON.stringify([protocol, remoteAddress, username]);
    const known = this.sources.get(key);
    if (known !== undefined) return known;
    if (this.sources.size >= LOGIN_SOURCES_MAX) {
      this.sources.delete(this.sources.keys().next().value as string);
    }
    const source = { protocol, remoteAddress, username, succeeded: 0, failed: 0 };
    this.sources.set(key, source);
    return source;
  }
}

function add(counts: AttemptCounts, succeeded: boolean): void {
  if (succeeded) counts.succeeded++;
  else counts.failed++;
}
