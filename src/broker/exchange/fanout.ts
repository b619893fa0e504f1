/**
 * Fanout router: every message goes to everything that is bound, whatever the keys say
 * [AMQP 3.1.3.2]. Hot path.
 */
import type { Message } from '../message.ts';
import type { Binding } from './binding.ts';
import type { Router } from './exchange.ts';
import type { Matched } from './matched.ts';

export class FanoutRouter implements Router {
  private bindings: Binding[] = [];

  bind(binding: Binding): void {
    this.bindings.push(binding);
  }

  unbind(binding: Binding): void {
    this.bindings = this.bindings.filter((other) => other !== binding);
  }

  route(_routingKey: string, _message: Message, into: Matched): void {
    const { bindings } = this;
    for (let i = 0; i < bindings.length; i++) into.add((bindings[i] as Binding).destination);
  }
}
