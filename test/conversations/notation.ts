/**
 * Notation: one line of a conversation as text, taken apart. See conversation.ts for what the
 * lines mean; here is only how they are spelled.
 */
import { isDeepStrictEqual } from 'node:util';

export interface Step {
  readonly side: 'C' | 'S';
  readonly connection: number;
  readonly channel: number;
  readonly verb: string;
  /** Words without a name. */
  readonly bare: readonly string[];
  /** Words with a name, unparsed: their `$names` are not known yet. */
  readonly fields: ReadonlyMap<string, string>;
}

export type Value = string | number | boolean | null | RegExp | Buffer | object;

/** Stands for whatever is there. */
const ANYTHING = '*';

const LINE = /^([CS])(\d+)?(?:\.(\d+))?: *(\S+) *(.*)$/;

/** Verbs that speak for the connection: channel 0 unless said otherwise. */
const ON_CHANNEL_0 = /^connection\.|^heartbeat$/;

/** @throws if the line is not a line of a conversation. */
export function parseLine(text: string): Step {
  const found = LINE.exec(text);
  if (found === null) throw new Error(`not a line of a conversation: ${text}`);
  const [, side, connection, channel, verb, rest] = found;
  const bare: string[] = [];
  const fields = new Map<string, string>();
  for (const word of split(rest!)) {
    const named = /^([a-z][a-z-]*)=(.*)$/s.exec(word);
    if (named === null) bare.push(word);
    else fields.set(named[1]!, named[2]!);
  }
  return {
    side: side as 'C' | 'S',
    connection: Number(connection ?? 1),
    channel: Number(channel ?? (ON_CHANNEL_0.test(verb!) ? 0 : 1)),
    verb: verb!,
    bare,
    fields,
  };
}

/** At spaces, but not at those within "…", /…/, {…} or […]. */
function split(text: string): string[] {
  const words: string[] = [];
  let word = '';
  let depth = 0;
  let quote = '';
  for (let index = 0; index < text.length; index++) {
    const character = text[index]!;
    if (quote !== '') {
      if (character === '\\') word += text[index++];
      else if (character === quote) quote = '';
    } else if (character === '"' || (character === '/' && /(?:^|=)$/.test(word))) quote = character;
    else if ('{['.includes(character)) depth++;
    else if ('}]'.includes(character)) depth--;
    if (character === ' ' && quote === '' && depth === 0) {
      if (word !== '') words.push(word);
      word = '';
    } else word += text[index];
  }
  return word === '' ? words : [...words, word];
}

/**
 * What a word means: JSON if it begins like it, /…/ an expression, `x:00ff` bytes in hex,
 * `'c'*1000` a character many times; true, false and numbers themselves; else the word.
 */
export function words(word: string): Value {
  if (/^["{[]/.test(word)) return JSON.parse(word) as Value;
  if (/^\/.+\/$/.test(word)) return new RegExp(word.slice(1, -1));
  const hex = /^x:([0-9a-f]*)$/.exec(word);
  if (hex !== null) return Buffer.from(hex[1]!, 'hex');
  const repeated = /^'(.)'\*(\d+)$/.exec(word);
  if (repeated !== null) return repeated[1]!.repeat(Number(repeated[2]));
  if (word === 'true' || word === 'false') return word === 'true';
  return /^-?\d+$/.test(word) ? Number(word) : word;
}

/** Does what the server sent fit what the line says? Strings and byte strings are the same. */
export function matches(expected: Value, found: unknown): boolean {
  if (expected === ANYTHING) return found !== undefined;
  const plain = Buffer.isBuffer(found) ? found.toString() : found;
  if (expected instanceof RegExp) return expected.test(String(plain));
  if (typeof expected === 'string') return expected === plain;
  if (Array.isArray(expected)) {
    return (
      Array.isArray(plain) &&
      plain.length === expected.length &&
      expected.every((item: Value, index) => matches(item, plain[index]))
    );
  }
  if (isTable(expected) && isTable(plain)) {
    const names = Object.keys(expected);
    return (
      names.length === Object.keys(plain).length &&
      names.every((name) => matches(expected[name] as Value, plain[name]))
    );
  }
  return isDeepStrictEqual(expected, plain);
}

function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Buffer.isBuffer(value);
}
