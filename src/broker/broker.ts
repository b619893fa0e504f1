/**
 * Broker: the engine as a whole. Users and vhosts as the catalog's commands made them, logins, and
 * the sessions that are open. No sockets and no files: the composition root (main.ts, embed.ts)
 * hands in clock, log, store and catalog.
 */
import { hashPassword } from '../auth/password.ts';
import type { PermissionPatterns, Permissions } from '../auth/permissions.ts';
import { type Login, type LoginFailure, type User, Users } from '../auth/users.ts';
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import type { MessageStore } from '../storage/message-store.ts';
import {
  type Catalog,
  type CatalogHost,
  type Change,
  COMMAND_VERSION,
  type Command,
} from './catalog.ts';
import { BrokerError } from './errors.ts';
import { Session } from './session.ts';
import { outlives, snapshotOf } from './snapshot.ts';
import { TopologyAccess } from './topology-access.ts';
import { Totals } from './totals.ts';
import { VHost } from './vhost.ts';

/** Who exists on a broker that starts with an empty catalog. */
export interface Defaults {
  readonly vhost: string;
  readonly user: string;
  readonly password: string;
  readonly tags: readonly string[];
  readonly permissions: PermissionPatterns;
}

/** What the composition root hands in. */
export interface BrokerOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly store: MessageStore;
  readonly catalog: Catalog;
  readonly defaults: Defaults;
  /** Users that may log in from this machine only. */
  readonly loopbackUsers: readonly string[];
  /** Bytes of the largest body that may be published. */
  readonly maxMessageBytes: number;
  /** Body bytes of waiting messages that a queue keeps in memory if its store can load them. */
  readonly queueResidentBytes?: number;
}

export class Broker implements CatalogHost {
  readonly users: Users;
  readonly vhosts = new Map<string, VHost>();
  readonly sessions = new Set<Session>();
  readonly totals = new Totals();
  readonly store: MessageStore;
  readonly clock: Clock;
  readonly log: Log;
  private readonly catalog: Catalog;
  private readonly options: BrokerOptions;
  private lastSessionId = 0;
  private replaying = true;

  private constructor(options: BrokerOptions) {
    this.options = options;
    this.clock = options.clock;
    this.log = options.log;
    this.store = options.store;
    this.catalog = options.catalog;
    this.users = new Users(options.loopbackUsers);
  }

  /** A broker with everything that its catalog knows, and the defaults if that is nothing. */
  static async open(options: BrokerOptions): Promise<Broker> {
    const broker = new Broker(options);
    const { complete } = await broker.catalog.open(broker);
    const { highestQueueId } = await broker.store.recover(complete);
    broker.catalog.reserveQueueIds(highestQueueId);
    broker.replaying = false;
    if (broker.vhosts.size === 0 && broker.users.size === 0) await broker.seed(options.defaults);
    const opening = [...broker.vhosts.values()].map((vhost) => vhost.opened());
    await Promise.all(opening);
    return broker;
  }

  /** Is the login good? Returns the user, or why not: that is for the log, not for the client. */
  authenticate(login: Login): User | LoginFailure {
    return this.users.authenticate(login);
  }

  /**
   * Opens a session of a user who has logged in.
   * @param protocol what the client speaks, in RabbitMQ's words for metrics
   * @throws BrokerError NOT_ALLOWED if the vhost does not exist or is closed to the user
   */
  openSession(user: User, vhostName: string, protocol = 'amqp091'): Session {
    const vhost = this.vhosts.get(vhostName);
    if (vhost === undefined) throw new BrokerError('NOT_ALLOWED', `vhost ${vhostName} not found`);
    const permissions = user.permissions.get(vhostName);
    if (permissions === undefined) {
      const text = `access to vhost '${vhostName}' refused for user '${user.name}'`;
      throw new BrokerError('NOT_ALLOWED', text);
    }
    const session = this.sessionOf(user, permissions, vhost, protocol);
    this.sessions.add(session);
    return session;
  }

  /** Makes a change: for adapters that administer. Sessions have doors of their own. */
  async propose(change: Change): Promise<void> {
    await this.catalog.propose({ version: COMMAND_VERSION, ...change });
  }

  /** Closes what is open and waits until the store and the catalog have everything. */
  async close(): Promise<void> {
    await Promise.all([...this.sessions].map((session) => session.close()));
    for (const vhost of this.vhosts.values()) vhost.stop();
    await this.store.close();
    await this.catalog.close();
  }

  snapshot(): Iterable<Change> {
    return snapshotOf(this);
  }

  outlives(change: Change): boolean {
    return outlives(change, this);
  }

  private sessionOf(user: User, permissions: Permissions, vhost: VHost, protocol: string): Session {
    const { totals } = this;
    const id = `session-${++this.lastSessionId}`;
    const topology = new TopologyAccess({
      sessionId: id,
      userName: user.name,
      permissions,
      vhost,
      propose: (change) => this.propose(change),
      allocateQueueId: () => this.catalog.allocateQueueId(),
      churn: totals.churn,
    });
    const { maxMessageBytes } = this.options;
    const closed = (session: Session): void => {
      this.sessions.delete(session);
    };
    const who = { id, user, permissions, protocol };
    return new Session({ ...who, vhost, topology, totals, maxMessageBytes, closed });
  }

  private async seed(defaults: Defaults): Promise<void> {
    const { vhost, user, password, tags, permissions } = defaults;
    await this.propose({ op: 'vhost.put', name: vhost });
    const record = { name: user, passwordHash: hashPassword(password), tags };
    await this.propose({ op: 'user.put', record });
    await this.propose({ op: 'permission.put', record: { user, vhost, ...permissions } });
  }

  /** See CatalogHost. @throws Error if the command is of a newer version, or not known */
  apply(command: Command): void {
    if (command.version > COMMAND_VERSION) {
      throw new Error(`the catalog has a command of version ${command.version}: a newer Warren's`);
    }
    switch (command.op) {
      case 'vhost.put':
        this.putVhost(command.name);
        break;
      case 'vhost.delete':
        this.vhosts.get(command.name)?.delete();
        this.vhosts.delete(command.name);
        break;
      case 'user.put': {
        const { name, passwordHash, tags } = command.record;
        this.users.put(name, passwordHash, tags);
        break;
      }
      case 'user.delete':
        this.users.delete(command.name);
        break;
      case 'permission.put':
        this.users.permit(command.record.user, command.record.vhost, command.record);
        break;
      case 'permission.delete':
        this.users.forbid(command.user, command.vhost);
        break;
      default: {
        const vhost = 'record' in command ? command.record.vhost : command.vhost;
        this.vhosts.get(vhost)?.topology.apply(command);
      }
    }
  }

  /** What follows from a command while it is replayed has been written down already. */
  private imply(change: Change): void {
    if (this.replaying) return;
    this.propose(change).catch((error: Error) => {
      this.log.error(`${change.op} could not be written down: ${error.message}`);
    });
  }

  private putVhost(name: string): void {
    if (this.vhosts.has(name)) return;
    const { clock, log, store, queueResidentBytes } = this.options;
    const propose = (change: Change): Promise<void> => this.propose(change);
    const implied = (change: Change): void => this.imply(change);
    const context = { clock, log, store, propose, implied, totals: this.totals };
    const budget = queueResidentBytes === undefined ? {} : { queueResidentBytes };
    this.vhosts.set(name, new VHost(name, { ...context, ...budget }));
  }
}
