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

/** Are the two, of one exchange, the same? */
export function sameBinding(a: Binding, b: Binding): boolean {
  return (
    a.destination === b.destination &&
    a.routingKey === b.routingKey &&
    sameFields(a.arguments, b.arguments)
  );
}
