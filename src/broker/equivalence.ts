/**
 * Equivalence: may a queue or exchange be declared again as it is asked for? Two declarations are
 * equivalent when their flags and the arguments that matter agree [AMQP 1.7.2.1, RabbitMQ].
 */
import { BrokerError } from './errors.ts';
import { type Field, type Fields, sameField, textOf, typeOf } from './field.ts';

/**
 * @param what the thing in RabbitMQ's words, e.g. `queue 'q' in vhost '/'`
 * @throws BrokerError PRECONDITION_FAILED naming the first flag or type that differs
 */
export function checkSame(
  name: string,
  what: string,
  received: string | boolean,
  current: string | boolean,
): void {
  if (received === current) return;
  throw inequivalent(name, what, `received '${received}' but current is '${current}'`);
}

/** @throws BrokerError PRECONDITION_FAILED naming the first of `names` that differs */
export function checkSameArguments(
  names: readonly string[],
  what: string,
  received: Fields,
  current: Fields,
): void {
  for (const name of names) {
    const asked = received.get(name);
    const has = current.get(name);
    if (sameField(asked, has)) continue;
    throw inequivalent(name, what, describe(asked, has));
  }
}

function describe(asked: Field | undefined, has: Field | undefined): string {
  if (asked === undefined) return `received none but current is ${valueAndType(has as Field)}`;
  if (has === undefined) return `received ${valueAndType(asked)} but current is none`;
  return `received '${textOf(asked)}' but current is '${textOf(has)}'`;
}

function valueAndType(value: Field): string {
  return `the value '${textOf(value)}' of type '${typeOf(value)}'`;
}

function inequivalent(name: string, what: string, difference: string): BrokerError {
  const text = `inequivalent arg '${name}' for ${what}: ${difference}`;
  return new BrokerError('PRECONDITION_FAILED', text);
}
