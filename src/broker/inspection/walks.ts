/**
 * Walks: going through the messages of a queue one by one without taking any: those that are
 * ready, out, or delayed, in the order in which the queue delivers. A walk has no lock: it knows
 * its place, and the queue may move between two steps.
 */
import { PEEK_HELD_MAX } from '../../limits-inspection.ts';
import type { Delivery } from '../delivery.ts';
import { failedOf } from '../queue/counts.ts';
import type { Queue } from '../queue/queue.ts';
import type { ReadyList } from '../queue/ready-list.ts';
import type { DelayedReturn } from '../queue/returns.ts';
import { heldFrom, heldPlace, orderOf, type Traffics } from './held.ts';
import type { Place, Sighting, SightState } from './sighting.ts';

/** A way through the messages of one state. */
export interface Walk {
  /** Where it goes on. */
  readonly place: Place;
  /** The next message; null at the end. */
  next(): Sighting | null;
}

/** The walk through one state from a place on; from the first message if there is none. */
export function walkOf(state: SightState, queue: Queue, vhost: Traffics, from: Place | null): Walk {
  if (state === 'ready') return new ReadyWalk(queue, from);
  if (state === 'unacked') return new HeldWalk(queue, vhost, from);
  return new DelayedWalk(queue, from);
}

/** The place of the message of a state that has `skip` before it. */
export function placeAt(state: SightState, queue: Queue, vhost: Traffics, skip: number): Place {
  if (state === 'delayed') {
    const serials = [...queue.delayedReturns()].map(({ serial }) => serial).sort((a, b) => a - b);
    return { state, level: 0, position: serials[skip] ?? Number.MAX_SAFE_INTEGER };
  }
  if (state === 'unacked') {
    const order = heldPlace(queue, vhost, skip);
    const found = heldFrom(queue, vhost, order, 1)[0];
    return { state, level: found?.level ?? 0, position: found?.position ?? 2 ** 43 };
  }
  const { levels } = queue.backlog;
  let left = skip;
  for (let level = levels.returns; level >= 0; level--) {
    const list = levels.known(level);
    if (list === null || list.size === 0) continue;
    if (left < list.size) return { state, level, position: list.nth(left) };
    left -= list.size;
  }
  return { state, level: 0, position: Number.MAX_SAFE_INTEGER };
}

/** How many ready messages are before a place. */
export function rankOf(queue: Queue, place: Place): number {
  const { levels } = queue.backlog;
  let count = 0;
  for (let level = levels.returns; level > place.level; level--) {
    count += levels.known(level)?.size ?? 0;
  }
  return count + (levels.known(place.level)?.rank(place.position) ?? 0);
}

/** The ready message at a place; null if there is none. */
export function readyAt(queue: Queue, { level, position }: Place): Sighting | null {
  const { levels } = queue.backlog;
  if (level > levels.returns) return null;
  const list = levels.known(level);
  return list?.has(position) ? sightingOf(queue, list, level, position) : null;
}

/** A message that somebody holds. */
export function heldSighting(delivery: Delivery): Sighting {
  const { level, position, ref, kept, expiresAtMs, deliveryCount, redelivered } = delivery;
  const row = { level, position, ref, expiresAtMs, deliveryCount, redelivered, delivery };
  kept.keep();
  return { ...row, state: 'unacked', message: kept, bodyBytes: kept.bodyBytes, dueAtMs: 0 };
}

/** A message that waits for its delay. */
export function delayedSighting({ returned, dueMs, serial }: DelayedReturn): Sighting {
  const { ref, message, bodyBytes, expiresAtMs, counts } = returned;
  const place = { state: 'delayed', level: 0, position: serial } as const;
  const row = { ref, message, bodyBytes, expiresAtMs, deliveryCount: failedOf(counts) };
  message?.keep();
  return { ...place, ...row, redelivered: true, delivery: null, dueAtMs: dueMs };
}

function sightingOf(queue: Queue, list: ReadyList, level: number, position: number): Sighting {
  const count = list.deliveryCountAt(position);
  const message = list.messageAt(position);
  message?.keep();
  return {
    state: 'ready',
    level,
    position,
    ref: list.refAt(position),
    message,
    bodyBytes: list.bodyBytesAt(position),
    expiresAtMs: list.expiresAtMsAt(position),
    deliveryCount: queue.rules.counts ? failedOf(count) : count,
    redelivered: list.redeliveredAt(position),
    delivery: null,
    dueAtMs: 0,
  };
}

class ReadyWalk implements Walk {
  private readonly queue: Queue;
  private level: number;
  private position: number;

  constructor(queue: Queue, from: Place | null) {
    this.queue = queue;
    const { returns } = queue.backlog.levels;
    this.level = Math.min(from?.level ?? returns, returns);
    this.position = from?.position ?? 0;
  }

  get place(): Place {
    return { state: 'ready', level: this.level, position: this.position };
  }

  next(): Sighting | null {
    const { levels } = this.queue.backlog;
    for (; this.level >= 0; this.level--, this.position = 0) {
      const list = levels.known(this.level);
      const position = list?.next(this.position) ?? -1;
      if (list === null || position < 0) continue;
      this.position = position + 1;
      return sightingOf(this.queue, list, this.level, position);
    }
    this.level = 0;
    this.position = Number.MAX_SAFE_INTEGER;
    return null;
  }
}

class HeldWalk implements Walk {
  private readonly queue: Queue;
  private readonly vhost: Traffics;
  private level: number;
  private position: number;
  /** The next ones in order, and whether there may be more. */
  private found: Delivery[] = [];
  private index = 0;
  private more = true;

  constructor(queue: Queue, vhost: Traffics, from: Place | null) {
    this.queue = queue;
    this.vhost = vhost;
    this.level = from?.level ?? queue.backlog.levels.returns;
    this.position = from?.position ?? 0;
  }

  get place(): Place {
    return { state: 'unacked', level: this.level, position: this.position };
  }

  next(): Sighting | null {
    for (;;) {
      if (this.index === this.found.length && !this.look()) return null;
      const delivery = this.found[this.index++] as Delivery;
      this.level = delivery.level;
      this.position = delivery.position + 1;
      // Settled since then.
      if (delivery.holder === null) continue;
      return heldSighting(delivery);
    }
  }

  private look(): boolean {
    if (!this.more) return false;
    this.found = heldFrom(this.queue, this.vhost, orderOf(this.place), PEEK_HELD_MAX);
    this.index = 0;
    this.more = this.found.length === PEEK_HELD_MAX;
    return this.found.length > 0;
  }
}

class DelayedWalk implements Walk {
  private readonly rows: DelayedReturn[];
  private index = 0;
  private position: number;

  constructor(queue: Queue, from: Place | null) {
    this.position = from?.position ?? 0;
    const rows = [...queue.delayedReturns()].filter(({ serial }) => serial >= this.position);
    this.rows = rows.sort((a, b) => a.serial - b.serial);
  }

  get place(): Place {
    return { state: 'delayed', level: 0, position: this.position };
  }

  next(): Sighting | null {
    const row = this.rows[this.index++];
    if (row === undefined) return null;
    this.position = row.serial + 1;
    return delayedSighting(row);
  }
}
