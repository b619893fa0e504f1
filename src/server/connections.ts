/**
 * Connections: the registry of every open client of every protocol: what an operator sees of them,
 * and how one is closed. Listeners add and remove, and so does HTTP, whose clients have sessions
 * without a socket of their own; adapters describe themselves when they are asked (protocol.ts),
 * so that looking costs only those who look.
 */
import { GOODBYE_TIMEOUT_MS } from '../limits.ts';
import type { ConnectedPeer, Description, Registered } from './protocol.ts';

/** One open client. */
export class OpenConnection {
  /** Unique in this broker. */
  readonly id: number;
  /** The protocol's name, e.g. `AMQP 0-9-1`. */
  readonly protocol: string;
  readonly client: ConnectedPeer;
  readonly connectedAtMs: number;
  /** The adapter's side of it. */
  readonly connection: Registered;
  private readonly watchers: (() => void)[] = [];
  private isGone = false;

  constructor(
    id: number,
    protocol: string,
    client: ConnectedPeer,
    connection: Registered,
    connectedAtMs: number,
  ) {
    this.id = id;
    this.protocol = protocol;
    this.client = client;
    this.connection = connection;
    this.connectedAtMs = connectedAtMs;
  }

  /** `127.0.0.1:40001 -> 127.0.0.1:5672`. */
  get name(): string {
    return this.client.name;
  }

  describe(): Description {
    const described = this.connection.describe?.();
    if (described !== undefined) return described;
    return { protocol: this.protocol, state: 'running', user: null, vhost: null };
  }

  /** Says goodbye to the client for this reason, which it is told if its protocol can. */
  close(reason: string): void {
    this.connection.stop(reason);
  }

  /**
   * The same, and resolves when the client has gone. Adapters have time limits of their own, but
   * by the broker's clock, which may stand still.
   */
  goodbye(reason: string): Promise<void> {
    return new Promise((resolve) => {
      const limit = setTimeout(() => this.client.destroy(), GOODBYE_TIMEOUT_MS);
      const gone = (): void => {
        clearTimeout(limit);
        resolve();
      };
      if (this.isGone) gone();
      else this.watchers.push(gone);
      this.connection.stop(reason);
    });
  }

  /** For the registry: the socket is gone. */
  gone(): void {
    this.isGone = true;
    this.connection.closed?.();
    for (const watcher of this.watchers.splice(0)) watcher();
  }
}

export class Connections implements Iterable<OpenConnection> {
  /** How many there have been. */
  opened = 0;
  closed = 0;
  private readonly open = new Set<OpenConnection>();
  private readonly nowMs: () => number;

  /** @param nowMs the time of day */
  constructor(nowMs: () => number = Date.now) {
    this.nowMs = nowMs;
  }

  get size(): number {
    return this.open.size;
  }

  [Symbol.iterator](): IterableIterator<OpenConnection> {
    return this.open.values();
  }

  /** Those that are logged in; with arguments those of that user, or of that vhost. */
  of(filter: { readonly user?: string; readonly vhost?: string } = {}): OpenConnection[] {
    return [...this.open].filter((one) => {
      const { user, vhost } = one.describe();
      if (user === null) return false;
      if (filter.user !== undefined && user !== filter.user) return false;
      return filter.vhost === undefined || vhost === filter.vhost;
    });
  }

  /** The one of that name; behind proxies the latest of several. */
  named(name: string): OpenConnection | null {
    let found: OpenConnection | null = null;
    for (const one of this.open) if (one.name === name) found = one;
    return found;
  }

  /** Closes those of a user, or of a vhost. Returns how many. */
  close(filter: { readonly user?: string; readonly vhost?: string }, reason: string): number {
    const found = this.of(filter);
    for (const one of found) one.close(reason);
    return found.length;
  }

  /** Tells every adapter that the store is behind, or no longer. */
  storeBusy(busy: boolean): void {
    for (const { connection } of this.open) connection.storeBusy?.(busy);
  }

  /** Tells every adapter what the broker is short of, null for nothing. */
  alarmed(reason: string | null): void {
    for (const { connection } of this.open) connection.alarmed?.(reason);
  }

  /** Says goodbye to everybody, and waits until all are gone. */
  async goodbye(reason: string): Promise<void> {
    await Promise.all([...this.open].map((one) => one.goodbye(reason)));
  }

  /** Somebody has come. @param protocol its name */
  add(protocol: string, client: ConnectedPeer, connection: Registered): OpenConnection {
    this.opened++;
    const one = new OpenConnection(this.opened, protocol, client, connection, this.nowMs());
    this.open.add(one);
    return one;
  }

  /** Somebody has gone. */
  remove(one: OpenConnection): void {
    if (!this.open.delete(one)) return;
    this.closed++;
    one.gone();
  }
}
