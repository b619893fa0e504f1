/**
 * Broker: the engine as a whole. Users and vhosts as the catalog's commands made them, logins, and
 * the sessions that are open. No sockets and no files: the composition root (main.ts, embed.ts)
 * hands in clock, log, store and catalog.
 */
import { Authentication } from '../auth/authentication.ts';
import type { Login, LoginVerdict } from '../auth/authenticator.ts';
import { DISTINGUISHED_NAME } from '../auth/certificate-name.ts';
import { ANY_CREDENTIALS } from '../auth/credential-rule.ts';
import { DEFAULT_HASHING } from '../auth/password.ts';
import type { Variables } from '../auth/rights.ts';
import { SessionRights } from '../auth/session-rights.ts';
import type { User } from '../auth/user.ts';
import { Users } from '../auth/users.ts';
import type { Clock } from '../clock.ts';
import { CONSUMER_TIMEOUT_MS, RESIDENT_BYTES } from '../limits.ts';
import type { Log } from '../log.ts';
import type { MessageStore } from '../storage/message-store.ts';
import { Administration } from './administration/administration.ts';
import { checkDefaults } from './administration/vhost-defaults.ts';
import { Alarms } from './alarms.ts';
import { BodyPool } from './body-memory.ts';
import type { BrokerOptions, Defaults } from './broker-options.ts';
import {
  type Catalog,
  type CatalogHost,
  type Change,
  COMMAND_VERSION,
  type Command,
  DEFAULT_METADATA,
  type VhostMetadata,
} from './catalog.ts';
import { eventOf } from './catalog-events.ts';
import { BrokerError } from './errors.ts';
import { Events } from './events.ts';
import { LoginExpiries } from './login-expiries.ts';
import { Parameters } from './parameters.ts';
import { ResidentMemory } from './queue/paging.ts';
import { Quota, UNLIMITED } from './quota.ts';
import { Session, type SessionHolder } from './session.ts';
import { outlives, snapshotOf } from './snapshot.ts';
import { TopologyAccess } from './topology-access.ts';
import { Totals } from './totals.ts';
import { Tracing } from './tracing/tracing.ts';
import { Transfers } from './transfer/transfers.ts';
import { VHost } from './vhost.ts';
import { VHOST_LIMITS, vhostLimitsComponent } from './vhost-limits.ts';
import { Webhooks } from './webhook.ts';

/** Who acts when nobody asked: RabbitMQ's name for itself. */
const INTERNAL_USER = 'rmq-internal';

export class Broker implements CatalogHost {
  readonly users = new Users();
  readonly vhosts = new Map<string, VHost>();
  readonly parameters = new Parameters();
  readonly webhooks = new Webhooks(this.vhosts);
  readonly sessions = new Set<Session>();
  readonly totals = new Totals();
  /** For the bodies that adapters copy in. */
  readonly bodies = new BodyPool();
  readonly events = new Events();
  readonly quota: Quota;
  readonly tracing: Tracing;
  readonly transfers = new Transfers();
  readonly authentication: Authentication;
  readonly expiries: LoginExpiries;
  readonly store: MessageStore;
  readonly clock: Clock;
  readonly log: Log;
  /** What it is short of. */
  readonly alarms = new Alarms();
  private readonly nodeName: string;
  private readonly catalog: Catalog;
  private readonly options: BrokerOptions;
  private lastSessionId = 0;
  private readonly memory = new ResidentMemory(RESIDENT_BYTES);
  private replaying = true;

  private constructor(options: BrokerOptions) {
    this.options = options;
    this.nodeName = options.nodeName ?? 'rabbit@localhost';
    this.clock = options.clock;
    this.expiries = new LoginExpiries(options.clock);
    this.log = options.log;
    this.store = options.store;
    this.catalog = options.catalog;
    this.authentication = new Authentication({
      authenticators: options.authenticators?.(this.users) ?? [this.users],
      rememberMs: options.rememberLoginsMs ?? 0,
      loopbackUsers: options.loopbackUsers,
      anonymous: options.anonymous ?? null,
      certificateRule: options.certificateRule ?? DISTINGUISHED_NAME,
      tracksSources: options.tracksLoginSources ?? false,
      clock: options.clock,
    });
    const { clock, vhosts, sessions } = this;
    this.tracing = new Tracing(
      { clock, node: this.nodeName, vhosts, sessions },
      options.traceBounds,
    );
    this.quota = new Quota(options.limits ?? UNLIMITED, this.vhosts, this.nodeName);
    const limit = vhostLimitsComponent((name, limits) => {
      const vhost = this.vhosts.get(name);
      if (vhost !== undefined) vhost.limits = limits;
    });
    this.parameters.register(VHOST_LIMITS, limit);
  }

  /** A broker with everything that its catalog knows, and the defaults if that is nothing. */
  static async open(options: BrokerOptions): Promise<Broker> {
    if (options.vhostDefaults !== undefined) checkDefaults(options.vhostDefaults);
    const broker = new Broker(options);
    const { complete } = await broker.catalog.open(broker);
    const { highestQueueId } = await broker.store.recover(complete);
    broker.catalog.reserveQueueIds(highestQueueId);
    broker.replaying = false;
    const { defaults } = options;
    const blank = broker.vhosts.size === 0 && broker.users.size === 0;
    if (blank && defaults !== null) await broker.seed(defaults);
    const opening = [...broker.vhosts.values()].map((vhost) => vhost.opened());
    await Promise.all(opening);
    return broker;
  }

  /** See Authentication. */
  authenticate(login: Login): LoginVerdict | Promise<LoginVerdict> {
    return this.authentication.authenticate(login);
  }

  /**
   * Opens a session of a user who has logged in.
   * @param protocol what the client speaks, in RabbitMQ's words for metrics
   * @param holder the connection it is for; without one it is the broker's own, and not counted
   * @param variables what topic permissions may name, if not the holder's
   * @throws BrokerError NOT_ALLOWED if the vhost does not exist or is closed to the user, or a
   * limit is reached; Undecided
   */
  openSession(
    user: User,
    vhostName: string,
    protocol = 'amqp091',
    holder: SessionHolder | null = null,
    variables: Variables = holder?.variables ?? new Map(),
  ): Session {
    if (holder !== null) this.quota.checkConnection(user, vhostName);
    const vhost = this.vhosts.get(vhostName);
    if (vhost === undefined) throw new BrokerError('NOT_ALLOWED', `vhost ${vhostName} not found`);
    if (!user.rightsIn(vhostName).open) {
      const text = `access to vhost '${vhostName}' refused for user '${user.name}'`;
      throw new BrokerError('NOT_ALLOWED', text);
    }
    const session = this.sessionOf(user, vhost, protocol, holder, variables);
    this.sessions.add(session);
    this.expiries.watch(session, holder);
    return session;
  }

  /** Where operators change users, vhosts, permissions and parameters. @param actor who asks */
  administration(actor: string = INTERNAL_USER): Administration {
    const { hashing, credentialRule, vhostDefaults } = this.options;
    const internal = actor === INTERNAL_USER;
    return new Administration({
      actor,
      users: this.users,
      vhosts: this.vhosts,
      parameters: this.parameters,
      log: internal ? withoutDeeds(this.log) : this.log,
      hashing: hashing ?? DEFAULT_HASHING,
      credentialRule: (internal ? undefined : credentialRule) ?? ANY_CREDENTIALS,
      vhostMax: this.quota.limits.vhosts,
      vhostDefaults: vhostDefaults ?? { limits: [], users: [] },
      propose: (change) => this.propose(change),
    });
  }

  /** Makes a change: for adapters that administer. Sessions have doors of their own. */
  async propose(change: Change): Promise<void> {
    const event = this.events.on ? eventOf(change, this) : null;
    await this.catalog.propose({ version: COMMAND_VERSION, ...change });
    if (event !== null) this.events.emit(...event);
  }

  /** Closes what is open and waits until store and catalog have everything. */
  async close(): Promise<void> {
    await this.transfers.stop();
    await Promise.all([...this.sessions].map((session) => session.close()));
    this.tracing.stop();
    for (const vhost of this.vhosts.values()) vhost.stop();
    await this.store.close();
    await this.catalog.close();
  }

  *snapshot(): Generator<Command> {
    for (const change of snapshotOf(this)) yield { version: COMMAND_VERSION, ...change };
  }

  outlives(change: Change): boolean {
    return outlives(change, this);
  }

  private sessionOf(
    user: User,
    vhost: VHost,
    protocol: string,
    holder: SessionHolder | null,
    variables: Variables,
  ): Session {
    const { totals, quota, events } = this;
    const id = `session-${++this.lastSessionId}`;
    const rights = new SessionRights(user, vhost.name, variables);
    const topology = new TopologyAccess({
      sessionId: id,
      userName: user.name,
      rights,
      vhost,
      quota,
      propose: (change) => this.propose(change),
      allocateQueueId: () => this.catalog.allocateQueueId(),
      churn: totals.churn,
      defaultQueueType: this.options.defaultQueueType ?? 'classic',
      relaxedRedeclaration: this.options.relaxedRedeclaration ?? false,
    });
    const { maxMessageBytes } = this.options;
    // What the broker does itself, for the time of a request of the API say, is no connection.
    const counted = holder === null ? 0 : 1;
    if (holder !== null) quota.connectionOpened(user, vhost);
    totals.churn.connectionCreated += counted;
    const closed = (session: Session): void => {
      if (holder !== null) quota.connectionClosed(user, vhost);
      totals.churn.connectionClosed += counted;
      this.sessions.delete(session);
      this.expiries.forget(session);
    };
    const who = { id, user, holder, rights, protocol };
    return new Session({ ...who, vhost, topology, quota, totals, events, maxMessageBytes, closed });
  }

  private async seed(defaults: Defaults): Promise<void> {
    const { vhost, user, password, tags, permissions } = defaults;
    const administration = this.administration();
    await administration.vhosts.put(vhost, { description: 'Default virtual host' });
    await administration.users.put(user, { password, tags });
    await administration.permissions.put(user, vhost, permissions);
  }

  /** See CatalogHost. @throws Error if the command is of a newer version, or not known */
  apply(command: Command): void {
    if (command.version > COMMAND_VERSION) {
      throw new Error(`the catalog has a command of version ${command.version}: a newer Warren's`);
    }
    if (this.webhooks.apply(command)) return;
    switch (command.op) {
      case 'vhost.put':
        this.putVhost(command.name, command.metadata ?? DEFAULT_METADATA);
        break;
      case 'vhost.delete':
        this.deleteVhost(command.name);
        break;
      case 'user.put':
        this.users.put(command.record);
        break;
      case 'user.delete':
        this.deleteUser(command.name);
        break;
      case 'permission.put':
        this.users.permit(command.record);
        break;
      case 'permission.delete':
        this.users.forbid(command.user, command.vhost);
        break;
      case 'topic-permission.put':
        this.users.permitTopics(command.record);
        break;
      case 'topic-permission.delete':
        this.users.forgetTopics(command.user, command.vhost, command.exchange);
        break;
      case 'parameter.put':
        if (this.vhosts.has(command.record.vhost)) this.parameters.put(command.record);
        break;
      case 'parameter.delete':
        this.parameters.delete(command.vhost, command.component, command.name);
        break;
      case 'global-parameter.put':
        this.parameters.global.set(command.name, command.value);
        break;
      case 'global-parameter.delete':
        this.parameters.global.delete(command.name);
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

  private putVhost(name: string, metadata: VhostMetadata): void {
    let vhost = this.vhosts.get(name);
    if (vhost === undefined) {
      const { clock, log, store, queueResidentBytes } = this.options;
      const propose = (change: Change): Promise<void> => this.propose(change);
      const implied = (change: Change): void => this.imply(change);
      const { consumerTimeoutMs = CONSUMER_TIMEOUT_MS } = this.options;
      const { totals, memory } = this;
      const context = { clock, consumerTimeoutMs, log, store, propose, implied, totals, memory };
      const budget = queueResidentBytes === undefined ? {} : { queueResidentBytes };
      vhost = new VHost(name, { ...context, ...budget });
      this.vhosts.set(name, vhost);
    }
    vhost.metadata = metadata;
    this.tracing.configure(vhost, metadata.tracing);
  }

  /** Connections go first: their clients should not see the queues disappear one by one. */
  private deleteVhost(name: string): void {
    const vhost = this.vhosts.get(name);
    if (vhost === undefined) return;
    this.expel((session) => session.vhost === vhost, `vhost '${name}' is down`);
    this.tracing.forget(vhost);
    vhost.delete();
    this.vhosts.delete(name);
    this.users.forgetVhost(name);
    this.parameters.deleteVhost(name);
  }

  private deleteUser(name: string): void {
    const gone = this.users.delete(name);
    this.authentication.forget();
    this.tracing.forgetUser(name);
    const is = ({ user }: Session) => user === gone || user.authority?.account === gone;
    if (gone !== undefined) this.expel(is, `user '${name}' is deleted`);
  }

  private expel(whom: (session: Session) => boolean, reason: string): void {
    for (const session of [...this.sessions]) if (whom(session)) session.expel(reason);
  }
}

/** What the broker does on its own account is not worth a line. */
function withoutDeeds(log: Log): Log {
  return {
    debug: () => {},
    info: () => {},
    warning: (text) => log.warning(text),
    error: (text) => log.error(text),
  };
}
