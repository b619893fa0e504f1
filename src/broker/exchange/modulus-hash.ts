/**
 * Modulus hash router (`x-modulus-hash`): each message goes to one destination, chosen by a hash
 * of its routing key modulo the number of destinations, which are in the order of their names.
 * Binding keys say nothing. A destination that comes or goes moves most keys: where that matters,
 * consistent-hash.ts is the better choice. Hot path.
 */
import type { Message } from '../message.ts';
import { type Binding, nameOf } from './binding.ts';
import type { Router } from './exchange.ts';
import type { Destination, Matched } from './matched.ts';
import { hashText } from './text-hash.ts';

export class ModulusHashRouter implements Router {
  readonly once = true;
  private readonly bindings = new Set<Binding>();
  /** Each once, in the order of their names. */
  private destinations: Destination[] = [];

  bind(binding: Binding): void {
    this.bindings.add(binding);
    this.sort();
  }

  unbind(binding: Binding): void {
    this.bindings.delete(binding);
    this.sort();
  }

  route(routingKey: string, _message: Message, into: Matched): void {
    const { destinations } = this;
    if (destinations.length === 0) return;
    into.add(destinations[hashText(routingKey) % destinations.length] as Destination);
  }

  private sort(): void {
    const destinations = new Set([...this.bindings].map(({ destination }) => destination));
    this.destinations = [...destinations].sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
  }
}
