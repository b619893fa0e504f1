/**
 * MessageAccess: what one session may do with messages besides publishing and consuming: look at
 * them where they are. Checks rights in RabbitMQ's words; how it is done is inspection/.
 */
import type { SessionRights } from '../auth/session-rights.ts';
import { BrokerError } from './errors.ts';
import { Browser } from './inspection/browser.ts';
import type { TopologyAccess } from './topology-access.ts';
import type { VHost } from './vhost.ts';

/** What it is of the session that it needs. */
export interface MessageContext {
  readonly vhost: VHost;
  readonly rights: SessionRights;
  readonly topology: TopologyAccess;
}

export class MessageAccess {
  private readonly context: MessageContext;

  constructor(context: MessageContext) {
    this.context = context;
  }

  /**
   * Looks into a queue, whosever it is: nothing is taken.
   * @throws BrokerError ACCESS_REFUSED, NOT_FOUND; Undecided
   */
  browse(queueName: string): Browser {
    const { rights, topology, vhost } = this.context;
    if (!rights.allows('read', queueName, 'queue')) {
      throw topology.refusal('read', 'queue', queueName);
    }
    return new Browser(topology.queue(queueName), vhost);
  }

  /**
   * Looks into what waits in a delayed exchange.
   * @throws BrokerError ACCESS_REFUSED, NOT_FOUND, PRECONDITION_FAILED if it is not delayed
   */
  browseDelayed(exchangeName: string): Browser {
    const { rights, topology, vhost } = this.context;
    if (!rights.allows('read', exchangeName, 'exchange')) {
      throw topology.refusal('read', 'exchange', exchangeName);
    }
    const exchange = vhost.exchange(exchangeName);
    const { delayQueue } = exchange;
    if (delayQueue !== null) return new Browser(delayQueue, vhost);
    throw new BrokerError('PRECONDITION_FAILED', `${exchange} delays nothing`);
  }
}
