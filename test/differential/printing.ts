/**
 * Printing: a broker's frame as one line of a script, with everything in it that is a fact and
 * nothing that is new on every run: made-up names, times and addresses are written as stars.
 */
import type { Frame } from '../conversations/wire.ts';

/** What depends on a broker's name, version and configuration. */
const UNPRINTED = new Set(['server-properties', 'mechanisms', 'known-hosts']);

const MADE_UP: readonly (readonly [RegExp, string])[] = [
  [/amq\.(gen|ctag)-[\w-]{22}/g, 'amq.$1-*'],
  [/="(amq\.rabbitmq\.reply-to\.)[^"]+"/g, '=$1*'],
  [/(amq\.rabbitmq\.reply-to\.)[^"'\s\\]+/g, '$1*'],
  [/\{"!":"timestamp","value":1[5-9]\d{8}\}/g, '{"!":"timestamp"}'],
  [/rabbit@[\w.-]+/g, 'rabbit@*'],
];

/** `S2.3` for channel 3 of connection 2; the first of each is not named. */
export function addressOf(connection: number, channel: number, name: string): string {
  const usual = name.startsWith('connection.') ? 0 : 1;
  return `S${connection === 1 ? '' : connection}${channel === usual ? '' : `.${channel}`}`;
}

/** @param names what the script calls things, by what they are called in this run */
export function printFrame(frame: Frame, names: ReadonlyMap<string, string>): string {
  const words = frame.kind === 'method' ? [frame.name] : ['content', bodyOf(frame)];
  for (const [name, value] of Object.entries(frame.fields)) {
    if (value === undefined || UNPRINTED.has(name)) continue;
    words.push(`${name}=${printValue(value)}`);
  }
  let line = words.filter((word) => word !== '').join(' ');
  for (const [name, actual] of names) {
    if (!name.startsWith('given_')) line = line.replaceAll(actual, `$${name}`);
  }
  for (const [pattern, instead] of MADE_UP) line = line.replace(pattern, instead);
  return line;
}

function bodyOf({ payload }: Frame): string {
  if (payload.length <= 100) return JSON.stringify(payload.toString('latin1'));
  return JSON.stringify(`${payload.length} bytes`);
}

function printValue(value: unknown): string {
  const plain = Buffer.isBuffer(value) ? value.toString('latin1') : value;
  if (typeof plain === 'string') return /^[\w.*$-]+$/.test(plain) ? plain : JSON.stringify(plain);
  return JSON.stringify(plain);
}
