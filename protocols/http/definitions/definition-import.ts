/**
 * Definition import: makes a broker what a definitions document says, as written by RabbitMQ 3.x
 * and 4.x or by us: users and vhosts first, bindings last. What exists already stays, but for
 * users, permissions and parameters, which are replaced; nothing is ever deleted. What Warren has
 * no such thing for yet is left out with a warning rather than refusing the rest.
 */
import { ALL_RIGHTS, User } from '../../../src/auth/user.ts';
import { AdministrationError } from '../../../src/broker/administration/refusal.ts';
import type { Broker } from '../../../src/broker/broker.ts';
import { BrokerError } from '../../../src/broker/errors.ts';
import type { JsonValue } from '../../../src/broker/json.ts';
import type { PolicyKind } from '../../../src/broker/policy.ts';
import type { Session } from '../../../src/broker/session.ts';
import type { VHost } from '../../../src/broker/vhost.ts';
import { badRequest } from '../answer.ts';
import { booleanOr, fieldsOr, isObject, type JsonObject, requireKeys, textOr } from '../input.ts';
import { putPolicy } from '../management/policy.ts';
import { userWish } from '../management/user.ts';
import { vhostWish } from '../management/vhost.ts';

/** What an import has done, for the log. */
export interface Imported {
  readonly counts: Readonly<Record<string, number>>;
  /** One sentence for each thing that was left out. */
  readonly warnings: readonly string[];
}

/** Queue types of RabbitMQ that are not there. */
const MISSING_QUEUE_TYPES: readonly string[] = ['stream'];

/**
 * Imports a document.
 * @param actor in whose name
 * @param vhost the only one that the document is about, null if it names them itself
 * @throws ApiError, BrokerError for the first definition that cannot be; those before it are made
 */
export async function importDefinitions(
  broker: Broker,
  document: unknown,
  actor: string,
  vhost: string | null,
): Promise<Imported> {
  if (!isObject(document)) throw badRequest('definitions must be a JSON object');
  const run = new Import(broker, actor, vhost);
  try {
    await run.all(document);
  } finally {
    await run.close();
  }
  return run;
}

class Import implements Imported {
  readonly counts: Record<string, number> = {};
  readonly warnings: string[] = [];
  private readonly broker: Broker;
  private readonly actor: string;
  private readonly only: string | null;
  private readonly sessions = new Map<string, Session>();

  constructor(broker: Broker, actor: string, only: string | null) {
    this.broker = broker;
    this.actor = actor;
    this.only = only;
  }

  /** In the order in which one refers to the other. */
  async all(document: JsonObject): Promise<void> {
    if (this.only === null) {
      await this.each(document, 'users', (item) => this.user(item));
      await this.each(document, 'vhosts', (item) => this.vhost(item));
      await this.each(document, 'permissions', (item) => this.permission(item));
      await this.each(document, 'topic_permissions', (item) => this.topicPermission(item));
      await this.each(document, 'global_parameters', (item) => this.globalParameter(item));
    }
    await this.each(document, 'parameters', (item) => this.parameter(item));
    await this.each(document, 'policies', (item) => this.policy(item));
    await this.each(document, 'queues', (item) => this.queue(item));
    await this.each(document, 'exchanges', (item) => this.exchange(item));
    await this.each(document, 'bindings', (item) => this.binding(item));
  }

  async close(): Promise<void> {
    for (const session of this.sessions.values()) await session.close();
  }

  private async each(
    document: JsonObject,
    key: string,
    make: (item: JsonObject) => Promise<void>,
  ): Promise<void> {
    const items = document[key] ?? [];
    if (!Array.isArray(items)) throw badRequest(`${key} must be a list`);
    for (const item of items) {
      if (!isObject(item)) throw badRequest(`${key} must be a list of objects`);
      await make(item);
      this.counts[key] = (this.counts[key] ?? 0) + 1;
    }
  }

  private get administration() {
    return this.broker.administration(this.actor);
  }

  private async user(item: JsonObject): Promise<void> {
    requireKeys(item, ['name']);
    await this.administration.users.put(textOr(item, 'name', ''), userWish(item));
  }

  private async vhost(item: JsonObject): Promise<void> {
    requireKeys(item, ['name']);
    // In the name of nobody: whoever imports does not get rights in every vhost that way.
    const { vhosts } = this.broker.administration();
    await vhosts.put(textOr(item, 'name', ''), vhostWish(item));
  }

  private async permission(item: JsonObject): Promise<void> {
    requireKeys(item, ['user', 'vhost', 'configure', 'write', 'read']);
    const patterns = {
      configure: textOr(item, 'configure', ''),
      write: textOr(item, 'write', ''),
      read: textOr(item, 'read', ''),
    };
    const { permissions } = this.administration;
    await permissions.put(textOr(item, 'user', ''), textOr(item, 'vhost', ''), patterns);
  }

  private async topicPermission(item: JsonObject): Promise<void> {
    requireKeys(item, ['user', 'vhost', 'exchange', 'write', 'read']);
    const [user, vhost] = [textOr(item, 'user', ''), textOr(item, 'vhost', '')];
    const exchange = textOr(item, 'exchange', '');
    const patterns = { write: textOr(item, 'write', ''), read: textOr(item, 'read', '') };
    await this.administration.topicPermissions.put(user, vhost, exchange, patterns);
  }

  private async globalParameter(item: JsonObject): Promise<void> {
    requireKeys(item, ['name', 'value']);
    const name = textOr(item, 'name', '');
    // Names the cluster that the document comes from.
    if (name === 'internal_cluster_id') return;
    await this.administration.parameters.putGlobal(name, item.value as JsonValue);
  }

  private async parameter(item: JsonObject): Promise<void> {
    requireKeys(item, ['component', 'name', 'value']);
    const vhost = this.vhostOf(item);
    const [component, name] = [textOr(item, 'component', ''), textOr(item, 'name', '')];
    const value = item.value as JsonValue;
    if (component === 'operator_policy') {
      if (!isObject(value)) throw badRequest('the value of an operator policy must be an object');
      await this.put('operatorPolicy', vhost, name, value);
      return;
    }
    if (this.broker.parameters.component(component) !== undefined) {
      await this.administration.parameters.put(vhost, component, name, value);
      return;
    }
    this.warn(`parameter '${name}' of component '${component}' is kept but has no effect`);
    await this.broker.propose({ op: 'parameter.put', record: { vhost, component, name, value } });
  }

  private async policy(item: JsonObject): Promise<void> {
    requireKeys(item, ['name']);
    await this.put('policy', this.vhostOf(item), textOr(item, 'name', ''), item);
  }

  /** A policy that says what nobody here understands is left out: it could have no effect. */
  private async put(
    kind: PolicyKind,
    vhost: string,
    name: string,
    definition: JsonObject,
  ): Promise<void> {
    try {
      await putPolicy(this.broker.vhosts.get(vhost) as VHost, kind, name, definition);
    } catch (error) {
      if (!(error instanceof BrokerError)) throw error;
      this.warn(`policy '${name}' is left out: ${error.message.replace(/\s+/g, ' ').trim()}`);
    }
  }

  private async queue(item: JsonObject): Promise<void> {
    requireKeys(item, ['name']);
    const name = textOr(item, 'name', '');
    const session = this.sessionIn(item);
    if (session.vhost.topology.queues.has(name)) return;
    const args = fieldsOr(item, 'arguments');
    const type = args.get('x-queue-type');
    if (MISSING_QUEUE_TYPES.includes(String(type))) {
      this.warn(`queue '${name}' is left out: there are no queues of type '${type}'`);
      return;
    }
    await this.despiteName(`queue '${name}'`, () =>
      session.topology.declareQueue({
        name,
        durable: booleanOr(item, 'durable', true),
        exclusive: false,
        autoDelete: booleanOr(item, 'auto_delete', false),
        arguments: args,
      }),
    );
  }

  private async exchange(item: JsonObject): Promise<void> {
    requireKeys(item, ['name', 'type']);
    const name = textOr(item, 'name', '');
    const session = this.sessionIn(item);
    if (session.vhost.topology.exchanges.has(name)) return;
    await this.despiteName(`exchange '${name}'`, () =>
      session.topology.declareExchange({
        name,
        type: textOr(item, 'type', ''),
        durable: booleanOr(item, 'durable', true),
        autoDelete: booleanOr(item, 'auto_delete', false),
        internal: booleanOr(item, 'internal', false),
        arguments: fieldsOr(item, 'arguments'),
      }),
    );
  }

  private async binding(item: JsonObject): Promise<void> {
    requireKeys(item, ['source', 'destination', 'destination_type']);
    const session = this.sessionIn(item);
    const [source, destination] = [textOr(item, 'source', ''), textOr(item, 'destination', '')];
    const kind = textOr(item, 'destination_type', '');
    if (kind !== 'queue' && kind !== 'exchange') throw badRequest(`destination_type: ${kind}`);
    // Of the default exchange: they come with the queues.
    if (source === '') return;
    const { queues, exchanges } = session.vhost.topology;
    if (!(kind === 'queue' ? queues : exchanges).has(destination)) {
      this.warn(`binding of '${source}' to ${kind} '${destination}' is left out: it is not there`);
      return;
    }
    await session.topology.bind({
      source,
      destinationKind: kind,
      destination,
      routingKey: textOr(item, 'routing_key', ''),
      arguments: fieldsOr(item, 'arguments'),
    });
  }

  /** Names that begin with `amq.` are the broker's own: what comes with one is left out. */
  private async despiteName(what: string, make: () => Promise<unknown>): Promise<void> {
    try {
      await make();
    } catch (error) {
      if (!(error instanceof BrokerError && error.kind === 'ACCESS_REFUSED')) throw error;
      this.warn(`${what} is left out: ${error.message}`);
    }
  }

  private vhostOf(item: JsonObject): string {
    const name = this.only ?? textOr(item, 'vhost', '');
    if (this.broker.vhosts.has(name)) return name;
    throw new AdministrationError(['no_such_vhost', name], 'NOT_FOUND');
  }

  /** A session that may do everything in the vhost of a definition. */
  private sessionIn(item: JsonObject): Session {
    const vhost = this.vhostOf(item);
    const known = this.sessions.get(vhost);
    if (known !== undefined) return known;
    const operator = new User(this.actor, ['administrator']);
    operator.permissionsIn(vhost).change(ALL_RIGHTS);
    const session = this.broker.openSession(operator, vhost, 'http');
    this.sessions.set(vhost, session);
    return session;
  }

  private warn(text: string): void {
    this.warnings.push(text);
    this.broker.log.warning(`definitions: ${text}`);
  }
}
