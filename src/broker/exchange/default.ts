/**
 * Default router: the routing key is the name of a queue [AMQP 3.1.3.1]. Every queue is bound to
 * the default exchange by its name, without a binding that anybody could remove; addresses of
 * direct replies are no queues, but reached in the same way. Hot path.
 */
import type { DirectReplies } from '../direct-replies.ts';
import type { Message } from '../message.ts';
import type { Queue } from '../queue/queue.ts';
import type { Router } from './exchange.ts';
import type { Matched } from './matched.ts';

export class DefaultRouter implements Router {
  private readonly queues: ReadonlyMap<string, Queue>;

  private readonly replies: DirectReplies;

  constructor(queues: ReadonlyMap<string, Queue>, replies: DirectReplies) {
    this.queues = queues;
    this.replies = replies;
  }

  bind(): void {
    throw new Error('the default exchange has no bindings of its own');
  }

  unbind(): void {
    throw new Error('the default exchange has no bindings of its own');
  }

  route(routingKey: string, _message: Message, into: Matched): void {
    const queue = this.queues.get(routingKey) ?? this.replies.get(routingKey);
    if (queue !== undefined) into.add(queue);
  }
}
