/**
 * Headers router: a message goes where its headers match the binding's arguments [AMQP 3.1.3.4].
 * `x-match` says how: all (default) or any of them, and whether arguments beginning with `x-`
 * count too (all-with-x, any-with-x). An argument of type void asks for presence only. Bindings
 * are found by what the message has, not looked at one after the other: header-index.ts.
 */
import { BrokerError } from '../errors.ts';
import { NO_FIELDS, textOf, typeOf } from '../field.ts';
import type { Message } from '../message.ts';
import type { Binding } from './binding.ts';
import type { Router } from './exchange.ts';
import { HeaderIndex, type HeaderRule } from './header-index.ts';
import type { Matched } from './matched.ts';

const MODES: readonly unknown[] = ['all', 'any', 'all-with-x', 'any-with-x'];

export class HeadersRouter implements Router {
  private readonly index = new HeaderIndex();
  private readonly rules = new Map<Binding, HeaderRule>();

  check({ arguments: args }: Binding): void {
    const mode = args.get('x-match');
    if (mode === undefined || MODES.includes(mode)) return;
    const known = 'expected all, any, all-with-x, or any-with-x';
    const given = `type ${typeOf(mode)} (value ${textOf(mode)})`;
    const text =
      typeof mode === 'string'
        ? `Invalid x-match field value <<"${mode}">>; ${known}`
        : `Invalid x-match field ${given}; expected longstr`;
    throw new BrokerError('PRECONDITION_FAILED', text);
  }

  bind(binding: Binding): void {
    const rule = ruleOf(binding);
    this.rules.set(binding, rule);
    this.index.add(rule);
  }

  unbind(binding: Binding): void {
    const rule = this.rules.get(binding);
    if (rule === undefined) return;
    this.rules.delete(binding);
    this.index.remove(rule);
  }

  route(_routingKey: string, message: Message, into: Matched): void {
    this.index.match(message.properties.headers ?? NO_FIELDS, into);
  }
}

function ruleOf(binding: Binding): HeaderRule {
  const mode = String(binding.arguments.get('x-match') ?? 'all');
  const withX = mode.endsWith('-with-x');
  const wanted = [...binding.arguments].filter(
    ([name]) => name !== 'x-match' && (withX || !name.startsWith('x-')),
  );
  return { destination: binding.destination, any: mode.startsWith('any'), wanted };
}
