/**
 * Binding: one rule of an exchange saying what goes where. Two bindings are the same if source,
 * destination, routing key and arguments are.
 */
import { type Fields, sameFields } from '../field.ts';
import type { Destination } from './matched.ts';

/** One rule; its source is the exchange that has it. */
export interface Binding {
  readonly destination: Destination;
  readonly routingKey: string;
  readonly arguments: Fields;
}

/** The name of a destination, different for a queue and an exchange of one name. */
export function nameOf({ kind, name }: Destination): string {
  return `${kind} ${name}`;
}

/** Are the two, of one exchange, the same? */
export function sameBinding(a: Binding, b: Binding): boolean {
  return (
    a.destination === b.destination &&
    a.routingKey === b.routingKey &&
    sameFields(a.arguments, b.arguments)
  );
}
