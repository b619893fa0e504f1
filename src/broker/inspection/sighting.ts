/**
 * Sighting: one message of a queue as somebody sees it who only looks: where it is, what the queue
 * knows of it, and who holds it. Looking changes nothing. How they are found is walks.ts.
 */
import type { Ref } from '../../storage/message-store.ts';
import type { Delivery } from '../delivery.ts';
import type { Message } from '../message.ts';

/** Waits for a consumer; is out with one; or came back and waits for its delay. */
export type SightState = 'ready' | 'unacked' | 'delayed';

/** A message at the moment when it was looked at. */
export interface Sighting {
  readonly state: SightState;
  /** Priority level and place within it, or 0 and the serial of a delayed one. */
  readonly level: number;
  readonly position: number;
  readonly ref: Ref;
  /** null while only the store has it. */
  readonly message: Message | null;
  readonly bodyBytes: number;
  readonly expiresAtMs: number;
  readonly deliveryCount: number;
  readonly redelivered: boolean;
  /** Of one that is out. */
  readonly delivery: Delivery | null;
  /** When a delayed one is ready again; 0 for others. */
  readonly dueAtMs: number;
}

/** A place among the messages of a queue; what is there may have left. */
export interface Place {
  readonly state: SightState;
  readonly level: number;
  readonly position: number;
}

const LETTERS = { ready: 'r', unacked: 'u', delayed: 'd' } as const;
const STATES = { r: 'ready', u: 'unacked', d: 'delayed' } as const;

/** Where to go on, as text for whoever asks again. */
export function cursorOf(epoch: string, { state, level, position }: Place): string {
  return `${LETTERS[state]}.${epoch}.${level}.${position}`;
}

/** The place that {@link cursorOf} wrote; null if it is not of this queue, or not a cursor. */
export function placeOf(cursor: string, epoch: string): Place | null {
  const match = /^([rud])\.([a-z0-9]+)\.(\d{1,3})\.(\d{1,15})$/.exec(cursor);
  if (match === null || match[2] !== epoch) return null;
  const state = STATES[match[1] as keyof typeof STATES];
  return { state, level: Number(match[3]), position: Number(match[4]) };
}

/** The name of a message within its queue, good while it is there and is not redelivered. */
export function messageId(epoch: string, { state, level, position }: Place): string {
  return `${epoch}-${state === 'delayed' ? 'd' : level}-${position}`;
}

/** What {@link messageId} named; null if that is not of this queue. */
export function namedPlace(id: string, epoch: string): Place | null {
  const match = /^([a-z0-9]+)-(d|\d{1,3})-(\d{1,15})$/.exec(id);
  if (match === null || match[1] !== epoch) return null;
  const position = Number(match[3]);
  if (match[2] === 'd') return { state: 'delayed', level: 0, position };
  return { state: 'ready', level: Number(match[2]), position };
}
