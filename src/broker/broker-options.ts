/**
 * BrokerOptions: what the composition root hands a broker. Where the values come from is
 * ../config.ts, what they do is said where they are used.
 */
import type { AuthenticationOptions } from '../auth/authentication.ts';
import type { Authenticator } from '../auth/authenticator.ts';
import type { CertificateNameRule } from '../auth/certificate-name.ts';
import type { CredentialRule } from '../auth/credential-rule.ts';
import type { HashingAlgorithm } from '../auth/password.ts';
import type { PermissionPatterns } from '../auth/permissions.ts';
import type { Users } from '../auth/users.ts';
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import type { MessageStore } from '../storage/message-store.ts';
import type { VhostDefaults } from './administration/vhost-defaults.ts';
import type { Catalog } from './catalog.ts';
import type { QueueTypeName } from './queue/queue-types.ts';
import type { BrokerLimits } from './quota.ts';
import type { TraceBounds } from './tracing/tracing.ts';

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
  /** null for none: definitions will be imported. */
  readonly defaults: Defaults | null;
  /** Users that may log in from this machine only. */
  readonly loopbackUsers: readonly string[];
  /** Bytes of the largest body that may be published. */
  readonly maxMessageBytes: number;
  /** Body bytes of waiting messages that a queue keeps in memory if its store can load them. */
  readonly queueResidentBytes?: number;
  /** What this broker is called among others, e.g. `rabbit@host`. */
  readonly nodeName?: string;
  /** What new passwords are hashed with. */
  readonly hashing?: HashingAlgorithm;
  /** Who is asked about logins, in this order: the broker's own users if nothing is said. */
  readonly authenticators?: (users: Users) => readonly Authenticator[];
  /** How long a login over HTTP that others vouch for is not asked for again. */
  readonly rememberLoginsMs?: number;
  /** Who clients are that do not say who they are; null or nothing turns them away. */
  readonly anonymous?: AuthenticationOptions['anonymous'];
  /** What of a client certificate is the name of the user. */
  readonly certificateRule?: CertificateNameRule;
  /** Whether logins are counted by address and user, too. */
  readonly tracksLoginSources?: boolean;
  /** What the passwords must fulfil that operators choose. */
  readonly credentialRule?: CredentialRule;
  readonly limits?: BrokerLimits;
  /** What every new vhost starts with. */
  readonly vhostDefaults?: VhostDefaults;
  /** ms that a consumer of a quorum queue may hold a message; 0: for ever. */
  readonly consumerTimeoutMs?: number;
  /** What a live trace may keep. */
  readonly traceBounds?: TraceBounds;
  /** The type of queues that do not say theirs, where it can be; classic by default. */
  readonly defaultQueueType?: QueueTypeName;
  /** May a quorum queue be declared again as a classic one? */
  readonly relaxedRedeclaration?: boolean;
}
