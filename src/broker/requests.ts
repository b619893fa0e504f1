/**
 * Requests: where the answers to one session's requests go: a direct reply address for each channel
 * that has subscribed to REPLY_TO. The addresses themselves, and who reaches them, are
 * direct-replies.ts.
 */
import type { DirectReplies } from './direct-replies.ts';
import { BrokerError } from './errors.ts';
import { Message } from './message.ts';
import { REPLY_TO } from './properties.ts';
import type { Queue } from './queue/queue.ts';
import type { Consumer, SubscribeOptions, Subscription } from './subscription.ts';
import type { Traffic } from './traffic.ts';

/** How replies are served: the channel is known by what it is counted in. */
export type ReplyOptions = SubscribeOptions & { readonly traffic: Traffic };

export class Requests {
  private readonly replies: DirectReplies;
  private readonly queues = new Map<Traffic, Queue>();

  constructor(replies: DirectReplies) {
    this.replies = replies;
  }

  /**
   * The message as it is sent: one that wants a direct reply says where its channel gets it.
   * @throws BrokerError PRECONDITION_FAILED if the channel has not subscribed to replies
   */
  addressed(message: Message, traffic: Traffic): Message {
    const { exchange, routingKey, properties } = message;
    if (properties.replyTo !== REPLY_TO) return message;
    const queue = this.queues.get(traffic);
    if (queue === undefined) throw refusal('fast reply consumer does not exist');
    const answered = properties.with({ replyTo: queue.name });
    return new Message(exchange, routingKey, answered, message.body);
  }

  /**
   * Subscribes a channel to the answers to its requests.
   * @throws BrokerError PRECONDITION_FAILED if it wants to acknowledge, or has subscribed already
   */
  subscribe(consumer: Consumer, options: ReplyOptions): Subscription {
    const { traffic } = options;
    if (options.noAck !== true) throw refusal('reply consumer cannot acknowledge');
    if (this.queues.has(traffic)) throw refusal('reply consumer already set');
    const queue = this.replies.open();
    this.queues.set(traffic, queue);
    const ended = (subscription: Subscription): void => {
      this.queues.delete(traffic);
      this.replies.close(queue);
      options.ended?.(subscription);
    };
    return queue.subscribe(consumer, { ...options, exclusive: false, ended });
  }
}

function refusal(text: string): BrokerError {
  return new BrokerError('PRECONDITION_FAILED', text);
}
