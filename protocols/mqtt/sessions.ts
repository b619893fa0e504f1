/**
 * Sessions: the client sessions of the broker by vhost and client identifier, for all versions and
 * listeners alike, so that any connection takes over from any other [MQTT-3.1.4-3]. Also when a
 * session of a client that is away ends, and what every vhost keeps of retained messages.
 */
import type { Broker } from '../../src/broker/broker.ts';
import { ClientSession, type SessionUser } from './client-session.ts';
import type { MqttOptions } from './options.ts';
import { RetainedStore } from './retained-store.ts';
import { SessionStore } from './session-store.ts';
import { SharedGroups } from './shared-groups.ts';
import { type Census, SystemTopics } from './system-topics.ts';
import { publishWill, type Will } from './will.ts';

/** A session that a connection has got hold of. */
export interface Claim {
  readonly session: ClientSession;
  /** It was there before. */
  readonly present: boolean;
}

export class Sessions {
  readonly groups: SharedGroups;
  readonly retained: RetainedStore;
  readonly store: SessionStore;
  readonly system: SystemTopics;
  private readonly broker: Broker;
  private readonly sessions = new Map<string, ClientSession>();

  /** Knows from the start what outlived the last process; everybody is away then. */
  constructor(broker: Broker, options: MqttOptions) {
    this.broker = broker;
    this.groups = new SharedGroups(broker);
    this.retained = new RetainedStore(broker, options.retained);
    this.store = new SessionStore(broker);
    this.system = new SystemTopics(broker, options, () => this.census());
    for (const session of this.store.restore()) {
      this.sessions.set(keyOf(session.vhost, session.clientId), session);
      for (const { group, filter } of session.shared.values()) {
        this.groups.enter(session, this.groups.queueName(group, filter));
      }
      this.expireLater(session);
      if (session.will !== null) this.publishLater(session, session.will.will, session.will.dueMs);
    }
  }

  /**
   * Gets hold of a session, new or old; whoever has it has to go first.
   * @param clean forgets the one that is there [MQTT-3.1.2-4]
   */
  async claim(vhost: string, clientId: string, clean: boolean, user: SessionUser): Promise<Claim> {
    const key = keyOf(vhost, clientId);
    let session = this.sessions.get(key);
    while (session?.user) {
      session.user.takenOver();
      await session.user.ended;
      session = this.sessions.get(key);
    }
    // A vhost that was deleted has taken its sessions along, whatever is known of them here.
    const lost = session !== undefined && session.expirySeconds > 0 && !this.store.has(session);
    const present = session !== undefined && !clean && !lost;
    if (session !== undefined) {
      this.stopTimers(session, present);
      if (!present) this.sessions.delete(key);
    }
    const claimed = present && session !== undefined ? session : new ClientSession(vhost, clientId);
    claimed.user = user;
    this.sessions.set(key, claimed);
    if (session !== undefined && !present) await this.discard(session);
    return { session: claimed, present };
  }

  /**
   * The connection has ended and given back what it held.
   * @param will to be published, unless the client comes back before its delay is over
   */
  async leave(session: ClientSession, will: Will | null): Promise<void> {
    const { clock } = this.broker;
    session.user = null;
    const { expirySeconds } = session;
    const delaySeconds = Math.min(will?.delaySeconds ?? 0, expirySeconds);
    let published: Promise<void> | null = null;
    if (will !== null && delaySeconds > 0) {
      this.publishLater(session, will, clock.now() + delaySeconds * 1000);
    } else if (will !== null) published = this.publish(session, will);
    // Nothing is waited for before this: another connection may have the session by then.
    if (expirySeconds === 0) await this.end(session);
    else {
      session.inflight.suspend();
      this.expireLater(session);
      await this.store.keep(session);
    }
    await published;
  }

  /** Stops every timer: the broker stops. */
  stop(): void {
    this.system.stop();
    for (const session of this.sessions.values()) {
      session.expiry?.cancel();
      session.will?.timer?.cancel();
    }
  }

  private census(): Census {
    let connected = 0;
    for (const { user } of this.sessions.values()) if (user !== null) connected++;
    return { connected, total: this.sessions.size };
  }

  private expireLater(session: ClientSession): void {
    const { clock, log } = this.broker;
    session.expiry = clock.schedule(session.expirySeconds * 1000, () => {
      this.end(session).catch((error: Error) => {
        log.error(`the session of MQTT client '${session.clientId}': ${error.message}`);
      });
    });
  }

  private async end(session: ClientSession): Promise<void> {
    const key = keyOf(session.vhost, session.clientId);
    if (this.sessions.get(key) === session && session.user === null) this.sessions.delete(key);
    this.stopTimers(session, false);
    await this.discard(session);
  }

  /** @param kept the session goes on: a will that waits is void [MQTT-3.1.3-9] */
  private stopTimers(session: ClientSession, kept: boolean): void {
    session.expiry?.cancel();
    session.expiry = null;
    if (kept) {
      session.will?.timer?.cancel();
      session.will = null;
    } else this.publishWill(session);
  }

  private publishWill(session: ClientSession): void {
    const { will } = session;
    if (will === null) return;
    session.will = null;
    will.timer?.cancel();
    void this.publish(session, will.will);
  }

  private publish({ clientId }: ClientSession, will: Will): Promise<void> {
    return publishWill(will, new Map([['client_id', clientId]]), this.broker, this.retained);
  }

  /** Once published it is forgotten: should the process end in between, it is published again. */
  private publishLater(session: ClientSession, will: Will, dueMs: number): void {
    const { clock, log } = this.broker;
    const timer = clock.schedule(Math.max(0, dueMs - clock.now()), () => {
      this.publishWill(session);
      this.store.keep(session).catch((error: Error) => {
        log.error(`the session of MQTT client '${session.clientId}': ${error.message}`);
      });
    });
    session.will = { will, dueMs, timer };
  }

  /** Deletes the queues of a session that is no more. */
  private async discard(session: ClientSession): Promise<void> {
    for (const filter of session.shared.keys()) this.groups.leave(session, filter);
    const vhost = this.broker.vhosts.get(session.vhost);
    if (vhost === undefined) return;
    const heir = this.sessions.get(keyOf(session.vhost, session.clientId));
    if (heir === undefined) await this.store.forget(session);
    const queues = session.queueNames().map((name) => vhost.topology.queues.get(name));
    await Promise.all(
      queues.map(async (queue) => {
        // An exclusive one goes with the engine's session.
        if (queue !== undefined && queue.owner === null) await vhost.dropQueue(queue);
      }),
    );
  }
}

function keyOf(vhost: string, clientId: string): string {
  return `${vhost}\0${clientId}`;
}
