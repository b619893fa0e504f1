/**
 * Headers router: a message goes where its headers match the binding's arguments [AMQP 3.1.3.4].
 * `x-match` says how: all (default) or any of them, and whether arguments beginning with `x-`
 * count too (all-with-x, any-with-x). An argument of type void asks for presence only.
 */
import { BrokerError } from '../errors.ts';
import { type Field, type Fields, NO_FIELDS, sameField } from '../field.ts';
import type { Message } from '../message.ts';
import type { Binding } from './binding.ts';
import type { Router } from './exchange.ts';
import type { Matched } from './matched.ts';

const MODES: readonly unknown[] = ['all', 'any', 'all-with-x', 'any-with-x'];

/** A binding with its arguments sorted out. */
interface Rule {
  readonly binding: Binding;
  readonly any: boolean;
  readonly wanted: readonly (readonly [string, Field])[];
}

export class HeadersRouter implements Router {
  private rules: Rule[] = [];

  check(args: Fields): void {
    const mode = args.get('x-match');
    if (mode === undefined || MODES.includes(mode)) return;
    const expected = 'expected all, any, all-with-x, or any-with-x';
    const text =
      typeof mode === 'string'
        ? `Invalid x-match field value <<"${mode}">>; ${expected}`
        : 'Invalid x-match field type; expected longstr';
    throw new BrokerError('PRECONDITION_FAILED', text);
  }

  bind(binding: Binding): void {
    const mode = String(binding.arguments.get('x-match') ?? 'all');
    const withX = mode.endsWith('-with-x');
    const wanted = [...binding.arguments].filter(
      ([name]) => name !== 'x-match' && (withX || !name.startsWith('x-')),
    );
    this.rules.push({ binding, any: mode.startsWith('any'), wanted });
  }

  unbind(binding: Binding): void {
    this.rules = this.rules.filter((rule) => rule.binding !== binding);
  }

  route(_routingKey: string, message: Message, into: Matched): void {
    const headers = message.properties.headers ?? NO_FIELDS;
    for (const rule of this.rules) {
      if (matches(rule, headers)) into.add(rule.binding.destination);
    }
  }
}

function matches(rule: Rule, headers: Fields): boolean {
  for (const [name, value] of rule.wanted) {
    const has = headers.has(name) && (value === null || sameField(value, headers.get(name)));
    if (has === rule.any) return rule.any;
  }
  return !rule.any;
}
