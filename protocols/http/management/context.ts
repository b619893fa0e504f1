/**
 * ManagementContext: what the resources of the management API work on. The engine's session is
 * the door for everything that a user may or may not do; a resource opens one for the time of a
 * request, as the user who asks.
 */
import { decided } from '../../../src/auth/undecided.ts';
import type { Broker } from '../../../src/broker/broker.ts';
import type { Session } from '../../../src/broker/session.ts';
import type { VHost } from '../../../src/broker/vhost.ts';
import type { Connections } from '../../../src/server/connections.ts';
import { notFound } from '../answer.ts';
import type { Call } from '../routing.ts';
import type { Statistics } from '../statistics.ts';
import type { WebhookSenders } from '../webhooks/webhooks.ts';

/** A port that the broker listens on, as operators see it. */
export interface ListenerInfo {
  /** In RabbitMQ's words: `amqp`, `amqp/ssl`, `http`, `mqtt` … */
  readonly protocol: string;
  readonly host: string;
  readonly port: number;
}

export interface ManagementContext {
  readonly broker: Broker;
  readonly connections: Connections;
  readonly statistics: Statistics;
  readonly webhooks: WebhookSenders;
  /** `rabbit@host`. */
  readonly node: string;
  /** Unless an operator has given it another. */
  readonly configuredClusterName: string;
  /** Unique to the cluster, for ever. */
  readonly clusterId: string;
  readonly startedAtMs: number;
  /** What is counted and sampled, in RabbitMQ's words. */
  readonly ratesMode: 'basic' | 'detailed' | 'none';
  /** Leaves statistics out of every answer. */
  readonly statsDisabled: boolean;
  /** What whoever signs in to the console is told beforehand. */
  readonly signIn: Readonly<Record<string, unknown>>;
  /** Of AMQP. */
  readonly mechanisms: readonly string[];
  readonly configFiles: readonly string[];
  /** Where the broker keeps its data; '' if nowhere. */
  readonly dataDirectory: string;
  /** The settings in effect, without secrets. */
  configuration(): Readonly<Record<string, unknown>>;
  listeners(): readonly ListenerInfo[];
  /** The certificates of listeners with TLS. */
  certificates(): readonly CertificateInfo[];
  /** How many clients there may be; Infinity if the system sets no limit. */
  readonly socketsMax: number;
  resources(): ResourceFigures;
}

/** When the certificate of a listener ends. */
export interface CertificateInfo {
  readonly protocol: string;
  readonly port: number;
  readonly expiresAtMs: number;
}

/** What the machine has, what the broker may use of it, and whether it is too much. */
export interface ResourceFigures {
  readonly memory: { readonly limitBytes: number; readonly alarm: boolean };
  readonly disk: {
    readonly freeBytes: number;
    readonly limitBytes: number;
    readonly alarm: boolean;
  };
}

/** The vhost in the path. @throws ApiError 404 */
export function vhostOf(context: ManagementContext, call: Call): VHost {
  const vhost = context.broker.vhosts.get(call.params.vhost as string);
  if (vhost === undefined) throw notFound();
  return vhost;
}

/** The vhost in the path, or all that the viewer may log in to. */
export function vhostsOf(context: ManagementContext, call: Call): VHost[] {
  if (call.params.vhost !== undefined) return [vhostOf(context, call)];
  const { viewer } = call;
  return [...context.broker.vhosts.values()].filter(({ name }) => viewer.mayEnter(name));
}

/**
 * Does something as the user who asks, in the vhost of the path.
 * @param run does nothing before its first check, so that it can be called again
 */
export async function asViewer<T>(
  context: ManagementContext,
  call: Call,
  run: (session: Session) => T | Promise<T>,
): Promise<T> {
  const vhost = vhostOf(context, call);
  const { user } = call.viewer;
  const session = await decided(() => context.broker.openSession(user, vhost.name, 'http'));
  try {
    return await decided(() => run(session));
  } finally {
    await session.close();
  }
}

/** The name of an exchange in a path; the default one goes by `amq.default` there. */
export function exchangeName(segment: string | undefined): string {
  return segment === undefined || segment === 'amq.default' ? '' : segment;
}

/** The name of the cluster: what an operator has said, else what the configuration says. */
export function clusterNameOf({ broker, configuredClusterName }: ManagementContext): string {
  const given = broker.parameters.global.get('cluster_name');
  return typeof given === 'string' ? given : configuredClusterName;
}
