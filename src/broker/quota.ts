/**
 * Quota: may there be one more? Counts connections and channels and knows every limit on how many
 * of something there may be: of the broker by configuration, of vhosts and users by operators.
 * Refuses in RabbitMQ's words and order. How limits are written is vhost-limits.ts.
 */
import type { User } from '../auth/user.ts';
import { BrokerError, resource } from './errors.ts';
import type { VHost } from './vhost.ts';
import { isReached } from './vhost-limits.ts';

/** Of the whole broker; Infinity stands for any number. */
export interface BrokerLimits {
  readonly connections: number;
  readonly channels: number;
  readonly consumersPerChannel: number;
  readonly vhosts: number;
  readonly queues: number;
  /** Those that every vhost has from the beginning count, too. */
  readonly exchanges: number;
}

/** What holds unless somebody says otherwise. */
export const UNLIMITED: BrokerLimits = {
  connections: Number.POSITIVE_INFINITY,
  channels: Number.POSITIVE_INFINITY,
  consumersPerChannel: Number.POSITIVE_INFINITY,
  vhosts: Number.POSITIVE_INFINITY,
  queues: Number.POSITIVE_INFINITY,
  exchanges: Number.POSITIVE_INFINITY,
};

export class Quota {
  readonly limits: BrokerLimits;
  /** How many are open. */
  connections = 0;
  channels = 0;
  private readonly vhosts: ReadonlyMap<string, VHost>;
  private readonly node: string;

  /** @param node how this broker is called in texts */
  constructor(limits: BrokerLimits, vhosts: ReadonlyMap<string, VHost>, node: string) {
    this.limits = limits;
    this.vhosts = vhosts;
    this.node = node;
  }

  /** May the user connect? The vhost may be missing. @throws BrokerError NOT_ALLOWED */
  checkConnection(user: User, vhostName: string): void {
    const { connections: limit } = this.limits;
    if (isReached(limit, this.connections)) {
      const text = `connection refused: node connection limit (${limit}) is reached`;
      throw new BrokerError('NOT_ALLOWED', text);
    }
    const vhost = this.vhosts.get(vhostName);
    if (vhost === undefined) throw new BrokerError('NOT_ALLOWED', `vhost ${vhostName} not found`);
    const ofVhost = vhost.limits['max-connections'];
    if (isReached(ofVhost, vhost.connections)) {
      const text = `access to vhost '${vhost.name}' refused for user '${user.name}'`;
      throw new BrokerError('NOT_ALLOWED', `${text}: connection limit (${ofVhost}) is reached`);
    }
    const ofUser = user.limits['max-connections'];
    if (isReached(ofUser, user.connections)) {
      const text = `connection refused for user '${user.name}'`;
      throw new BrokerError('NOT_ALLOWED', `${text}: user connection limit (${ofUser}) is reached`);
    }
  }

  connectionOpened(user: User, vhost: VHost): void {
    this.connections++;
    user.connections++;
    vhost.connections++;
  }

  connectionClosed(user: User, vhost: VHost): void {
    this.connections--;
    user.connections--;
    vhost.connections--;
  }

  /** Counts one more channel. @throws BrokerError NOT_ALLOWED if that is too many */
  channelOpened(user: User): void {
    const ofUser = user.limits['max-channels'];
    if (isReached(ofUser, user.channels)) {
      const text = `number of channels opened for user '${user.name}' has reached the maximum`;
      throw new BrokerError('NOT_ALLOWED', `${text} allowed user limit of (${ofUser})`);
    }
    const { channels: limit } = this.limits;
    if (isReached(limit, this.channels)) {
      const text = `number of channels opened on node '${this.node}' has reached the maximum`;
      throw new BrokerError('NOT_ALLOWED', `${text} allowed limit of (${limit})`);
    }
    this.channels++;
    user.channels++;
  }

  channelClosed(user: User): void {
    this.channels--;
    user.channels--;
  }

  /** @throws BrokerError NOT_ALLOWED if a channel with that many consumers may have no more */
  checkConsumer(consumers: number): void {
    const { consumersPerChannel: limit } = this.limits;
    if (!isReached(limit, consumers)) return;
    const text = `reached maximum (${limit}) of consumers per channel`;
    throw new BrokerError('NOT_ALLOWED', text);
  }

  /** @throws BrokerError PRECONDITION_FAILED if there may be no more queues */
  checkQueue(vhost: VHost, name: string): void {
    const ofVhost = vhost.limits['max-queues'];
    const { queues: limit } = this.limits;
    let where = '';
    if (isReached(ofVhost, vhost.topology.queues.size)) {
      where = `queue limit in vhost '${vhost.name}' (${ofVhost})`;
    } else if (limit !== Number.POSITIVE_INFINITY && isReached(limit, this.count('queues'))) {
      where = `queue limit in cluster (${limit})`;
    } else return;
    const text = `cannot declare queue '${name}': ${where} is reached`;
    throw new BrokerError('PRECONDITION_FAILED', text);
  }

  /** @throws BrokerError PRECONDITION_FAILED if there may be no more exchanges */
  checkExchange(vhost: VHost, name: string): void {
    const { exchanges: limit } = this.limits;
    if (limit === Number.POSITIVE_INFINITY || !isReached(limit, this.count('exchanges'))) return;
    const what = resource('exchange', name, vhost.name);
    const text = `cannot declare ${what}: exchange limit of ${limit} is reached`;
    throw new BrokerError('PRECONDITION_FAILED', text);
  }

  private count(kind: 'queues' | 'exchanges'): number {
    let count = 0;
    for (const vhost of this.vhosts.values()) count += vhost.topology[kind].size;
    return count;
  }
}
