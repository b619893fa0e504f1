/**
 * Origin: where a dead letter came from: the queue in which it died first, and the exchange and
 * routing keys by which it had come there. Read from the headers that dead-lettering writes
 * (queue/dead-letter.ts), which a publisher may have forged: only names come from here, no rights.
 */
import { type Field, type Fields, stringOf } from '../field.ts';
import type { Message } from '../message.ts';
import { deathsOf } from '../queue/dead-letter.ts';

/** See the head of this file. */
export interface Origin {
  readonly queue: string;
  readonly exchange: string;
  /** At least one; those after the first came from CC. */
  readonly routingKeys: readonly string[];
  readonly reason: string;
}

/** Headers that dead-lettering has added. */
const DEATH_HEADERS = [
  'x-death',
  ...['first', 'last'].flatMap((which) =>
    ['exchange', 'queue', 'reason'].map((what) => `x-${which}-death-${what}`),
  ),
];

/** null if the message never died, or does not say where. */
export function originOf({ properties }: Message): Origin | null {
  if (!properties.hasHeaders) return null;
  const headers = properties.headers as Fields;
  const first = firstDeath(headers);
  if (first === undefined) return null;
  const queue = stringOf(headers.get('x-first-death-queue') ?? first.get('queue'));
  const exchange = stringOf(headers.get('x-first-death-exchange') ?? first.get('exchange'));
  const reason = stringOf(headers.get('x-first-death-reason') ?? first.get('reason')) ?? '';
  const keys = keysIn(first.get('routing-keys'));
  if (queue === null || exchange === null || keys.length === 0) return null;
  return { queue, exchange, routingKeys: keys, reason };
}

/** Headers without what dead-lettering has added; undefined if nothing is left. */
export function withoutDeaths(headers: Fields | undefined): Fields | undefined {
  if (headers === undefined) return undefined;
  const rest = new Map(headers);
  for (const name of DEATH_HEADERS) rest.delete(name);
  return rest.size === 0 ? undefined : rest;
}

/** The entry that the first-death headers are about; without them, the oldest. */
function firstDeath(headers: Fields): Fields | undefined {
  const deaths = deathsOf(headers);
  const queue = headers.get('x-first-death-queue');
  const reason = headers.get('x-first-death-reason');
  const named = deaths.find(
    (death) => death.get('queue') === queue && death.get('reason') === reason,
  );
  return named ?? deaths.at(-1);
}

function keysIn(field: Field | undefined): string[] {
  if (!Array.isArray(field)) return [];
  return field.filter((key) => typeof key === 'string');
}
