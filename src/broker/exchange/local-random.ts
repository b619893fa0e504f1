/**
 * Local random router (`x-local-random`): as random.ts, but only among classic queues, and in a
 * cluster among those of the node that got the message: for requests whose answer should not
 * travel. Here every queue is on this node. Binding keys have to be empty. Hot path.
 */
import { BrokerError } from '../errors.ts';
import type { Message } from '../message.ts';
import type { Binding } from './binding.ts';
import type { Router } from './exchange.ts';
import type { Matched } from './matched.ts';
import { RandomRouter } from './random.ts';

export class LocalRandomRouter implements Router {
  readonly once = true;
  private readonly random: RandomRouter;

  /** @param chance see RandomRouter */
  constructor(chance: () => number = Math.random) {
    this.random = new RandomRouter(chance);
  }

  check({ destination, routingKey }: Binding): void {
    let text: string | null = null;
    if (routingKey !== '') text = `Non empty binding '${routingKey}' key not permitted`;
    else if (destination.kind !== 'queue') text = 'Destination not found';
    else if (destination.type !== 'classic') {
      text = `Queue type ${destination.rules.module} not valid for this exchange type`;
    }
    if (text !== null) throw new BrokerError('PRECONDITION_FAILED', text);
  }

  bind(binding: Binding): void {
    this.random.bind(binding);
  }

  unbind(binding: Binding): void {
    this.random.unbind(binding);
  }

  route(routingKey: string, message: Message, into: Matched): void {
    this.random.route(routingKey, message, into);
  }
}
