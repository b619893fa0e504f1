/**
 * Reason: why a binding takes a message or does not, in a sentence for people, by the type of its
 * exchange. Decides nothing: what is so has been found out by explanation.ts.
 */
import { type Field, type Fields, NO_FIELDS, sameField } from '../field.ts';
import type { Message } from '../message.ts';
import type { Binding } from './binding.ts';
import type { Exchange } from './exchange.ts';
import { SUBSCRIPTION_ARGUMENT } from './topic.ts';

/** What has happened to a message at a binding. */
export interface Case {
  /** That the exchange routes by: of a delayed one the inner type. */
  readonly type: string;
  readonly exchange: Exchange;
  readonly binding: Binding;
  /** The routing key that counts, of several. */
  readonly key: string;
  readonly message: Message;
  readonly reach: 'yes' | 'perhaps' | 'no';
}

/** Why it is so. */
export function reasonFor(one: Case): string {
  const taken = one.reach !== 'no';
  switch (one.type) {
    case 'direct':
      return taken
        ? `the binding key equals the routing key '${one.key}'`
        : `the binding key is '${one.binding.routingKey}', the routing key '${one.key}'`;
    case 'topic':
      return taken ? topicMatch(one) : topicMiss(one);
    case 'headers':
      return headersReason(one);
    case 'fanout':
    case 'x-recent-history':
      return 'everything that is bound gets it, whatever the key';
    case 'x-consistent-hash':
    case 'x-modulus-hash':
      return hashReason(one, taken);
    case 'x-random':
    case 'x-local-random':
      return one.reach === 'yes'
        ? 'it is the only one that is bound'
        : `one of ${one.exchange.bindings.size} bindings is chosen by chance`;
    default:
      return taken ? 'the exchange chose it' : 'the exchange did not choose it';
  }
}

/** Why a message that no binding takes goes where it goes. */
export function reasonOfAlternate(
  { alternate, bindings }: Exchange,
  found: Exchange | null,
): string {
  const why = bindings.size === 0 ? 'nothing is bound to it' : 'no binding takes it';
  if (alternate === null) return `${why}, and there is no alternate exchange: a dead end`;
  if (found !== null) return `${why}: it goes to the alternate exchange`;
  return `${why}, and the alternate exchange '${alternate}' does not exist: a dead end`;
}

function topicMatch({ binding: { routingKey: pattern }, key }: Case): string {
  if (!/[*#]/.test(pattern)) return `the binding key equals the routing key '${key}'`;
  return `the pattern '${pattern}' fits the routing key '${key}'`;
}

function topicMiss({ binding, key }: Case): string {
  const pattern = binding.routingKey;
  if (
    key.startsWith('$') &&
    /^[*#]/.test(pattern) &&
    binding.arguments.has(SUBSCRIPTION_ARGUMENT)
  ) {
    return "it is an MQTT subscription whose wildcard does not take the server's own topics ($…)";
  }
  const wanted = wordsOf(pattern);
  const given = wordsOf(key);
  if (!wanted.includes('#') && wanted.length !== given.length) {
    const [has, needs] = [given.length, wanted.length].map((count) => {
      return `${count} word${count === 1 ? '' : 's'}`;
    });
    return `the pattern '${pattern}' has ${needs}, the routing key ${has}`;
  }
  const differs = (word: string, index: number): boolean => word !== '*' && word !== given[index];
  const at = wanted.findIndex((word, index) => word === '#' || differs(word, index));
  if (at < 0 || wanted[at] === '#') return `the pattern '${pattern}' does not fit '${key}'`;
  const there = given[at] === undefined ? 'is missing' : `is '${given[at]}'`;
  return `word ${at + 1} ${there}, and '${pattern}' wants '${wanted[at]}'`;
}

function wordsOf(key: string): string[] {
  return key === '' ? [] : key.split('.');
}

function headersReason({ binding, message }: Case): string {
  const mode = String(binding.arguments.get('x-match') ?? 'all');
  const withX = mode.endsWith('-with-x');
  const headers = message.properties.headers ?? NO_FIELDS;
  const wanted = [...binding.arguments].filter(
    ([name]) => name !== 'x-match' && (withX || !name.startsWith('x-')),
  );
  if (wanted.length === 0) {
    const nothing = 'the binding asks for no header, and so ';
    return nothing + (mode.startsWith('any') ? 'takes nothing' : 'takes everything');
  }
  const told = wanted.map(([name, value]) => headerReason(name, value, headers));
  return `x-match is ${mode}: ${told.join('; ')}`;
}

function headerReason(name: string, wanted: Field, headers: Fields): string {
  const given = headers.get(name);
  if (given === undefined) return `${name} is missing`;
  if (wanted === null) return `${name} is there`;
  if (sameField(given, wanted)) return `${name} is ${shown(wanted)}`;
  return `${name} is ${shown(given)}, wanted ${shown(wanted)}`;
}

function shown(value: Field): string {
  if (typeof value === 'string') return `'${value}'`;
  if (value === null || typeof value !== 'object') return String(value);
  return 'value' in value ? String(value.value) : 'a table or list';
}

function hashReason({ binding, type }: Case, taken: boolean): string {
  const what = type === 'x-modulus-hash' ? 'remainder' : `share (weight ${binding.routingKey})`;
  return taken ? `the hash falls into its ${what}` : "the hash falls into another one's share";
}
