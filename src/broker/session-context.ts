/**
 * SessionContext: what the broker gives a session when it opens one: who it is for, and what it may
 * use. session.ts is made of it, and so is what checks rights for it.
 */
import type { SessionRights } from '../auth/session-rights.ts';
import type { User } from '../auth/user.ts';
import type { Events } from './events.ts';
import type { Quota } from './quota.ts';
import type { Session, SessionHolder } from './session.ts';
import type { TopologyAccess } from './topology-access.ts';
import type { Totals } from './totals.ts';
import type { VHost } from './vhost.ts';

/** What the broker gives a session. */
export interface SessionContext {
  /** Unique in this broker; owns exclusive queues. */
  readonly id: string;
  readonly user: User;
  /** null for one of the broker's own, which no limit counts. */
  readonly holder: SessionHolder | null;
  readonly rights: SessionRights;
  readonly vhost: VHost;
  readonly topology: TopologyAccess;
  /** What the client speaks, in RabbitMQ's words for metrics: `amqp091`, `mqtt311`, `stomp` … */
  readonly protocol: string;
  readonly totals: Totals;
  /** Bytes of the largest body that may be published. */
  readonly maxMessageBytes: number;
  readonly quota: Quota;
  readonly events: Events;
  /** Called when the session has closed. */
  closed(session: Session): void;
}
