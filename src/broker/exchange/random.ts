/**
 * Random router (`x-random`): each message goes to one destination, whichever chance names; keys
 * say nothing. A destination that is bound twice is named twice as often. Hot path.
 */
import type { Message } from '../message.ts';
import type { Binding } from './binding.ts';
import type { Router } from './exchange.ts';
import type { Matched } from './matched.ts';

export class RandomRouter implements Router {
  readonly once = true;
  private bindings: Binding[] = [];
  private readonly chance: () => number;

  /** @param chance a number from 0 up to, and without, 1 */
  constructor(chance: () => number = Math.random) {
    this.chance = chance;
  }

  bind(binding: Binding): void {
    this.bindings.push(binding);
  }

  unbind(binding: Binding): void {
    this.bindings = this.bindings.filter((other) => other !== binding);
  }

  route(_routingKey: string, _message: Message, into: Matched): void {
    const { bindings } = this;
    if (bindings.length === 0) return;
    const index = Math.floor(this.chance() * bindings.length);
    into.add((bindings[index] as Binding).destination);
  }
}
