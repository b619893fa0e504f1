/**
 * SessionPool: the sessions behind requests. HTTP has no connection that a session could be for,
 * so all requests of one user in one vhost share one, which counts as one connection where
 * connections are limited. It lives as long as a request, a stream or a lease needs it, and a
 * little longer. What may be done with it the engine decides, as everywhere.
 */
import type { Socket } from 'node:net';
import type { User } from '../../../src/auth/user.ts';
import type { Broker } from '../../../src/broker/broker.ts';
import { BrokerError } from '../../../src/broker/errors.ts';
import { loginAgain } from '../../../src/broker/login-renewal.ts';
import type { Session, SessionHolder } from '../../../src/broker/session.ts';
import type { Timer } from '../../../src/clock.ts';
import { HTTP_SESSION_IDLE_MS } from '../../../src/limits.ts';
import type { Connections, OpenConnection } from '../../../src/server/connections.ts';
import type { Description, Registered } from '../../../src/server/protocol.ts';
import { HttpPeer } from './http-peer.ts';
import { LeaseBook } from './lease-book.ts';

/** Something that ends with its session. */
export interface SessionGuest {
  /** The session is gone; its deliveries are back in their queues. */
  sessionEnded(reason: string): void;
}

/** One user in one vhost. */
export class SharedSession implements SessionHolder, Registered {
  readonly name: string;
  readonly broker: Broker;
  readonly connections: Connections;
  /** Whose requests they are. */
  readonly peer: HttpPeer;
  readonly session: Session;
  /** What the user holds. */
  readonly leases: LeaseBook;
  ended = false;
  private readonly guests = new Set<SessionGuest>();
  private readonly forget: () => void;
  private readonly entry: OpenConnection;
  private lastNumber = 1;
  private uses = 0;
  private idle: Timer | null = null;

  /** @throws BrokerError NOT_ALLOWED */
  constructor(pool: PoolContext, user: User, vhost: string, socket: Socket, forget: () => void) {
    const { broker, connections } = pool;
    this.broker = broker;
    this.connections = connections;
    this.name = `HTTP ${user.name}@${vhost}`;
    this.forget = forget;
    this.session = broker.openSession(user, vhost, 'http', this);
    this.peer = new HttpPeer(socket, this.name, () => this.end('closed'));
    this.entry = connections.add('HTTP', this.peer, this);
    this.leases = new LeaseBook(this.session, broker.clock, {
      retain: () => this.retain(),
      release: () => this.release(),
    });
  }

  /** Somebody needs it, until release(). */
  retain(): this {
    this.uses++;
    this.idle?.cancel();
    this.idle = null;
    return this;
  }

  release(): void {
    if (--this.uses > 0 || this.ended) return;
    this.idle = this.broker.clock.schedule(HTTP_SESSION_IDLE_MS, () => this.end('idle'));
  }

  /** Of one more channel in it, beside the session itself, which is number 1. */
  nextNumber(): number {
    return ++this.lastNumber;
  }

  /** How many are told when it ends: streams, and queues that are polled. */
  get watchers(): number {
    return this.guests.size;
  }

  /** Tells `guest` when it ends. */
  watch(guest: SessionGuest): void {
    this.guests.add(guest);
  }

  unwatch(guest: SessionGuest): void {
    this.guests.delete(guest);
  }

  expelled(reason: string): void {
    this.end(reason);
  }

  /** An operator closes it, or the broker stops. */
  stop(reason: string): void {
    this.end(reason);
  }

  describe(): Description {
    const { session } = this;
    return {
      protocol: 'HTTP',
      state: this.ended ? 'closing' : 'running',
      user: session.user.name,
      vhost: session.vhost.name,
      session,
      channels: [...session.openTraffics()].length,
    };
  }

  /** Closes the session: what it holds goes back, and whoever uses it is told why. */
  end(reason: string): void {
    if (this.ended) return;
    this.ended = true;
    this.idle?.cancel();
    this.forget();
    this.connections.remove(this.entry);
    const { log } = this.broker;
    this.session.close().catch((error: Error) => log.error(`${this.name}: ${error.message}`));
    this.leases.clear();
    for (const guest of [...this.guests]) guest.sessionEnded(reason);
    this.guests.clear();
  }
}

/** What sessions are opened in, and listed in. */
export interface PoolContext {
  readonly broker: Broker;
  readonly connections: Connections;
}

/** See the head of this file. */
export class SessionPool {
  private readonly context: PoolContext;
  private readonly byUser = new Map<unknown, Map<string, SharedSession>>();

  constructor(context: PoolContext) {
    this.context = context;
  }

  /**
   * The session of a user in a vhost, retained: the caller releases it.
   * @param socket that the request came by
   * @throws BrokerError NOT_FOUND (vhost), NOT_ALLOWED
   */
  acquire(user: User, vhost: string, socket: Socket): SharedSession {
    if (!this.context.broker.vhosts.has(vhost)) {
      throw new BrokerError('NOT_FOUND', `vhost ${vhost} not found`);
    }
    // Whoever is vouched for elsewhere is somebody new with every login.
    const who = user.authority === null ? user : `${user.name} ${user.authority.key}`;
    const ofUser = this.byUser.get(who) ?? new Map<string, SharedSession>();
    let shared = ofUser.get(vhost);
    if (shared === undefined) {
      shared = new SharedSession(this.context, user, vhost, socket, () => {
        ofUser.delete(vhost);
        if (ofUser.size === 0 && this.byUser.get(who) === ofUser) this.byUser.delete(who);
      });
      ofUser.set(vhost, shared);
      this.byUser.set(who, ofUser);
    } else {
      // Rights may have changed since; a connection would be asked at its next login.
      loginAgain(this.context.broker, shared.session, user);
      shared.session.reauthorize();
    }
    return shared.retain();
  }

  /** Ends all of them. */
  stop(reason: string): void {
    for (const ofUser of [...this.byUser.values()]) {
      for (const shared of [...ofUser.values()]) shared.end(reason);
    }
  }
}
