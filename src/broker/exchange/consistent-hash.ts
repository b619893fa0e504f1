/**
 * Consistent hash router (`x-consistent-hash`): each message goes to one destination, chosen by a
 * hash of its routing key, or of a header (`hash-header`) or property (`hash-property`). A binding
 * key is the destination's weight. A destination that is bound twice counts once, by its first
 * binding, as in RabbitMQ; unlike there, nothing moves but the share of who comes or goes.
 */
import { ByteWriter } from '../byte-buffer.ts';
import { BrokerError } from '../errors.ts';
import { type Field, type Fields, integerOf, stringOf, typeOf } from '../field.ts';
import { encodeFields } from '../field-codec.ts';
import type { Message } from '../message.ts';
import { type Binding, nameOf } from './binding.ts';
import type { Router } from './exchange.ts';
import { HashSlots } from './hash-slots.ts';
import type { Destination, Matched } from './matched.ts';
import { hashText } from './text-hash.ts';

const HASH_HEADER = 'hash-header';
const HASH_PROPERTY = 'hash-property';

type HashedText = (routingKey: string, message: Message) => string;

/** What may be hashed, by the value of `hash-property`. */
const PROPERTIES: ReadonlyMap<string, HashedText> = new Map<string, HashedText>([
  ['correlation_id', (_, { properties }) => properties.correlationId ?? ''],
  ['message_id', (_, { properties }) => properties.messageId ?? ''],
  ['timestamp', (_, { properties }) => String(properties.timestamp ?? '')],
]);

/**
 * Checks what a declaration says.
 * @param what the exchange in RabbitMQ's words
 * @throws BrokerError PRECONDITION_FAILED
 */
export function checkHashArguments(args: Fields, what: string): void {
  for (const name of [HASH_HEADER, HASH_PROPERTY]) {
    const value = args.get(name);
    if (value === undefined || typeof value === 'string') continue;
    throw refusal(`invalid type '${typeOf(value)}' for arg '${name}' in ${what}`);
  }
  const property = args.get(HASH_PROPERTY);
  if (property === undefined) return;
  if (args.has(HASH_HEADER)) throw refusal('hash-header and hash-property are mutually exclusive');
  if (!PROPERTIES.has(property as string)) throw refusal(`Unsupported property: ${property}`);
}

/** See the head of this file. */
export class ConsistentHashRouter implements Router {
  readonly once = true;
  private readonly slots = new HashSlots<Destination>();
  /** By destination, in the order of coming: the first of each counts. */
  private readonly bindings = new Map<Destination, Binding[]>();
  private readonly text: HashedText;

  constructor(args: Fields) {
    this.text = hashedTextOf(args);
  }

  check({ routingKey }: Binding): void {
    if (!/^[+-]?\d+$/.test(routingKey)) {
      const shown = routingKey === '' ? '<<>>' : `<<"${routingKey}">>`;
      throw refusal(`The binding key must be an integer: ${shown}`);
    }
    if (weightOf(routingKey) < 1) throw refusal('The binding key must be greater than 0');
  }

  bind(binding: Binding): void {
    const known = this.bindings.get(binding.destination);
    if (known !== undefined) known.push(binding);
    else {
      this.bindings.set(binding.destination, [binding]);
      this.count(binding);
    }
  }

  unbind(binding: Binding): void {
    const { destination } = binding;
    const known = this.bindings.get(destination) ?? [];
    const left = known.filter((other) => other !== binding);
    if (left.length === 0) this.bindings.delete(destination);
    else this.bindings.set(destination, left);
    if (known[0] !== binding) return;
    this.slots.remove(destination);
    if (left[0] !== undefined) this.count(left[0]);
  }

  route(routingKey: string, message: Message, into: Matched): void {
    const destination = this.slots.at(hashText(this.text(routingKey, message)));
    if (destination !== undefined) into.add(destination);
  }

  private count({ destination, routingKey }: Binding): void {
    this.slots.add(destination, nameOf(destination), Math.max(1, weightOf(routingKey)));
  }
}

function hashedTextOf(args: Fields): HashedText {
  const header = stringOf(args.get(HASH_HEADER));
  if (header !== null) {
    return (_, { properties }) => textOf(properties.headers?.get(header));
  }
  const property = PROPERTIES.get(stringOf(args.get(HASH_PROPERTY)) ?? '');
  return property ?? ((routingKey) => routingKey);
}

/** Equal values have equal texts; what is not there is as good as empty. */
function textOf(value: Field | undefined): string {
  if (value === undefined) return '';
  if (typeof value === 'string') return value;
  const integer = integerOf(value);
  if (integer !== null) return String(integer);
  const out = new ByteWriter();
  encodeFields(out, new Map([['', value]]));
  return out.bytes().toString('latin1');
}

/** A catalog may hold what an earlier version let pass: then it is 1. */
function weightOf(routingKey: string): number {
  const weight = Number(routingKey);
  return Number.isFinite(weight) ? weight : 1;
}

function refusal(text: string): BrokerError {
  return new BrokerError('PRECONDITION_FAILED', text);
}
