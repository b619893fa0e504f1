/**
 * MessageAccess: what one session may do with messages besides publishing and consuming: look at
 * them where they are, and move them. Checks rights in RabbitMQ's words; how it is done is
 * inspection/ and transfer/.
 */
import { BrokerError } from './errors.ts';
import { checkDelay } from './exchange/delayed.ts';
import type { Exchange } from './exchange/exchange.ts';
import { Browser } from './inspection/browser.ts';
import type { Message } from './message.ts';
import { PublishAccess, type PublishContext } from './publish-access.ts';
import type { Queue } from './queue/queue.ts';
import type { Traffic } from './traffic.ts';

/** What it is of the session that it needs. */
export interface MessageContext extends PublishContext {
  readonly maxMessageBytes: number;
}

export class MessageAccess {
  /** Whose it is, for those who trace. */
  readonly traffic: Traffic;
  private readonly context: MessageContext;
  private readonly publishing: PublishAccess;

  constructor(context: MessageContext, traffic: Traffic) {
    this.context = context;
    this.traffic = traffic;
    this.publishing = new PublishAccess(context);
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
   * The same to take messages out.
   * @throws BrokerError as above, RESOURCE_LOCKED; Undecided
   */
  source(queueName: string): Browser {
    const browser = this.browse(queueName);
    this.context.topology.checkOwner(browser.queue);
    return browser;
  }

  /**
   * Looks into what waits in a delayed exchange.
   * @throws BrokerError as above, PRECONDITION_FAILED if it is not delayed; Undecided
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

  /**
   * A queue that messages are put into: whoever may bind it could send them there.
   * @throws BrokerError ACCESS_REFUSED, NOT_FOUND, RESOURCE_LOCKED; Undecided
   */
  writableQueue(name: string): Queue {
    const { rights, topology } = this.context;
    if (!rights.allows('write', name, 'queue')) throw topology.refusal('write', 'queue', name);
    const queue = topology.queue(name);
    topology.checkOwner(queue);
    return queue;
  }

  /**
   * An exchange that a message is published to.
   * @throws BrokerError ACCESS_REFUSED, NOT_FOUND, PRECONDITION_FAILED; Undecided
   */
  writableExchange(message: Message, copyKeys: readonly string[] | null): Exchange {
    const exchange = this.publishing.exchange(message.exchange);
    for (const key of [message.routingKey, ...(copyKeys ?? [])]) this.publishing.checkKey(key);
    if (exchange.delayQueue !== null) checkDelay(message);
    return exchange;
  }

  /** The queues that a message reaches as things are. */
  targetsOf(
    message: Message,
    exchange: Exchange,
    keys: readonly string[] | null,
  ): readonly Queue[] {
    return this.context.vhost.targetsOf(exchange, message, keys);
  }

  /**
   * Looks whether a message could be published as it has been changed.
   * @throws BrokerError PRECONDITION_FAILED
   */
  checkEdited({ body, properties }: Message, changesUser: boolean): void {
    const { maxMessageBytes, user } = this.context;
    const { expiration, userId } = properties;
    if (body.length > maxMessageBytes) {
      const text = `message size ${body.length} is larger than configured max size`;
      throw new BrokerError('PRECONDITION_FAILED', `${text} ${maxMessageBytes}`);
    }
    if (Number.isNaN(properties.ttlMs)) {
      throw new BrokerError('PRECONDITION_FAILED', `invalid expiration '${expiration}'`);
    }
    if (!changesUser || userId === undefined || userId === user.name) return;
    if (user.tags.has('impersonator')) return;
    const text = `user_id property set to '${userId}' but authenticated user was '${user.name}'`;
    throw new BrokerError('PRECONDITION_FAILED', text);
  }
}
