/**
 * Administration: what operators may ask of the broker, whatever they ask through (HTTP, command
 * line, definitions): users, vhosts, permissions and parameters. Checks and answers as RabbitMQ
 * does and proposes catalog commands. Who may administer is not decided here: that depends on the
 * tags of who asks, which the adapter knows.
 */
import type { CredentialRule } from '../../auth/credential-rule.ts';
import type { HashingAlgorithm } from '../../auth/password.ts';
import type { Users } from '../../auth/users.ts';
import type { Log } from '../../log.ts';
import type { Change } from '../catalog.ts';
import type { Parameters } from '../parameters.ts';
import type { VHost } from '../vhost.ts';
import { ParameterAdministration } from './parameter-administration.ts';
import { PermissionAdministration } from './permission-administration.ts';
import { TopicPermissionAdministration } from './topic-permission-administration.ts';
import { UserAdministration } from './user-administration.ts';
import { VhostAdministration } from './vhost-administration.ts';
import type { VhostDefaults } from './vhost-defaults.ts';

/** What administration needs of the broker. */
export interface AdministrationContext {
  /** Who asks: a user, or `rmq-internal`, which is what RabbitMQ calls itself. */
  readonly actor: string;
  readonly users: Users;
  readonly vhosts: ReadonlyMap<string, VHost>;
  readonly parameters: Parameters;
  readonly log: Log;
  /** What new passwords are hashed with. */
  readonly hashing: HashingAlgorithm;
  /** What new passwords must fulfil. */
  readonly credentialRule: CredentialRule;
  /** How many vhosts there may be; Infinity for any number. */
  readonly vhostMax: number;
  readonly vhostDefaults: VhostDefaults;
  propose(change: Change): Promise<void>;
}

export class Administration {
  readonly users: UserAdministration;
  readonly vhosts: VhostAdministration;
  readonly permissions: PermissionAdministration;
  readonly topicPermissions: TopicPermissionAdministration;
  readonly parameters: ParameterAdministration;

  constructor(context: AdministrationContext) {
    this.users = new UserAdministration(context);
    this.permissions = new PermissionAdministration(context);
    this.topicPermissions = new TopicPermissionAdministration(context);
    this.parameters = new ParameterAdministration(context);
    this.vhosts = new VhostAdministration(context, this);
  }
}
