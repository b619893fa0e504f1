/**
 * Held: the messages of a queue that are out, found by asking every session of its vhost: a queue
 * keeps no list of them, because handing over must stay cheap. In the order of their places.
 */
import type { Delivery } from '../delivery.ts';
import type { Queue } from '../queue/queue.ts';
import type { Session } from '../session.ts';
import type { Traffic } from '../traffic.ts';

/** Where sessions are found: a vhost. */
export interface Traffics {
  readonly traffics: Iterable<Traffic>;
}

/** Positions are below 2⁴⁴, and levels so few that both fit into one number below 2⁵³. */
const POSITIONS = 2 ** 44;
const LEVELS = 257;

/** Where a delivery is in the order in which its queue delivers, as one number. */
export function orderOf({ level, position }: { level: number; position: number }): number {
  return (LEVELS - level) * POSITIONS + position;
}

/** Every message of a queue that somebody holds, in no order; there may be a million. */
export function eachHeld(queue: Queue, vhost: Traffics, take: (delivery: Delivery) => void): void {
  for (const session of sessionsOf(vhost)) {
    for (const holder of session.holders()) {
      const { subscription } = holder;
      if (subscription !== null && subscription.queue !== queue) continue;
      for (let at = holder.first(); at !== null; at = at.next) if (at.queue === queue) take(at);
    }
  }
}

/** The first of them from a place on, in order, at most `count`. */
export function heldFrom(queue: Queue, vhost: Traffics, from: number, count: number): Delivery[] {
  const found: Delivery[] = [];
  let limit = Number.POSITIVE_INFINITY;
  eachHeld(queue, vhost, (delivery) => {
    const order = orderOf(delivery);
    if (order < from || order > limit) return;
    found.push(delivery);
    if (found.length === 2 * count) limit = cut(found, count);
  });
  cut(found, count);
  return found;
}

/** The order of the one that has `skip` before it; Infinity if there are not so many. */
export function heldPlace(queue: Queue, vhost: Traffics, skip: number): number {
  if (skip >= queue.unsettled) return Number.POSITIVE_INFINITY;
  const orders = new Float64Array(queue.unsettled);
  let count = 0;
  eachHeld(queue, vhost, (delivery) => {
    orders[count++] = orderOf(delivery);
  });
  return orders.subarray(0, count).sort()[skip] ?? Number.POSITIVE_INFINITY;
}

/** Who holds it, if that is a subscription or a session that fetched. */
export function holderOf(delivery: Delivery, vhost: Traffics): Traffic | null {
  const { holder } = delivery;
  if (holder === null) return null;
  if (holder.subscription !== null) return holder.subscription.traffic;
  for (const traffic of vhost.traffics) {
    let found = false;
    traffic.eachType((counts) => {
      found ||= counts === holder.counts;
    });
    if (found) return traffic;
  }
  return null;
}

/** A session has one traffic of its own, and others for its channels. */
function* sessionsOf({ traffics }: Traffics): Generator<Session> {
  for (const traffic of traffics) {
    if (traffic.session?.traffic === traffic) yield traffic.session;
  }
}

/** Keeps the first `count` of them in order. Returns the order of the last. */
function cut(found: Delivery[], count: number): number {
  found.sort((a, b) => orderOf(a) - orderOf(b));
  if (found.length > count) found.length = count;
  const last = found.at(-1);
  return last === undefined ? Number.POSITIVE_INFINITY : orderOf(last);
}
