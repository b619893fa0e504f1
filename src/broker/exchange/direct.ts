/**
 * Direct router: a message goes where its routing key equals the binding's [AMQP 3.1.3.1].
 * Hot path: one map look-up.
 */
import type { Message } from '../message.ts';
import type { Binding } from './binding.ts';
import type { Router } from './exchange.ts';
import type { Matched } from './matched.ts';

export class DirectRouter implements Router {
  private readonly byKey = new Map<string, Binding[]>();

  bind(binding: Binding): void {
    const bindings = this.byKey.get(binding.routingKey);
    if (bindings === undefined) this.byKey.set(binding.routingKey, [binding]);
    else bindings.push(binding);
  }

  unbind(binding: Binding): void {
    const left = (this.byKey.get(binding.routingKey) ?? []).filter((other) => other !== binding);
    if (left.length === 0) this.byKey.delete(binding.routingKey);
    else this.byKey.set(binding.routingKey, left);
  }

  route(routingKey: string, _message: Message, into: Matched): void {
    const bindings = this.byKey.get(routingKey);
    if (bindings === undefined) return;
    for (let i = 0; i < bindings.length; i++) into.add((bindings[i] as Binding).destination);
  }
}
