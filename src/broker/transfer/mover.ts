/**
 * Mover: takes one waiting message out of a queue, from whatever place, and puts a copy where it is
 * to go, in one transaction of the store: the original goes when the copy is safe. Does it at once
 * or not at all: what has left meanwhile, or finds no room, stays as it is.
 */

import type { Sighting } from '../inspection/sighting.ts';
import { readyAt } from '../inspection/walks.ts';
import type { Message } from '../message.ts';
import { isBounded, wouldOverflow } from '../queue/overflow.ts';
import type { Queue } from '../queue/queue.ts';
import type { Traffic } from '../traffic.ts';
import type { VHost } from '../vhost.ts';
import type { Placement } from './placement.ts';

/** How a try went: it is on its way, it had left, or a queue has no room. */
export type Try = 'moved' | 'gone' | 'full';

/** Told when it is safe, or why it is not. */
export type Settled = (error: Error | null) => void;

export class Mover {
  private readonly vhost: VHost;
  private readonly traffic: Traffic;

  /** @param traffic whoever moves, for those who trace */
  constructor(vhost: VHost, traffic: Traffic) {
    this.vhost = vhost;
    this.traffic = traffic;
  }

  /** Moves a ready message. `settled` is called later, and only if it is on its way. */
  move(queue: Queue, sighting: Sighting, original: Message, to: Placement, settled: Settled): Try {
    const there = readyAt(queue, sighting);
    if (there === null || there.ref !== sighting.ref) return 'gone';
    if (to.queues.some((target) => target !== queue && isFull(target, to.message))) return 'full';
    queue.backlog.lift(sighting.level, sighting.position);
    this.vhost.tracer?.forwarded(
      { ...sighting, message: original, queue },
      to.message,
      to.queues,
      'moved',
    );
    this.within(() => {
      this.publish(to);
      queue.discard(sighting.ref);
    }, settled);
    return 'moved';
  }

  /** Puts a copy where it is to go; the original stays. */
  copy(to: Placement, settled: Settled): Try {
    if (to.queues.some((target) => isFull(target, to.message))) return 'full';
    this.within(() => this.publish(to), settled);
    return 'moved';
  }

  private within(body: () => void, settled: Settled): void {
    this.vhost.store.transaction(body, { settled });
  }

  private publish({ message, exchange, extraKeys, queues }: Placement): void {
    this.vhost.publishInto(queues, message, exchange, extraKeys);
    this.vhost.tracer?.published(message, extraKeys, this.traffic);
  }
}

/** What would be dropped to make room is no less worth than what comes. */
function isFull(queue: Queue, { bodyBytes }: Message): boolean {
  const { settings, backlog } = queue;
  return isBounded(settings) && wouldOverflow(queue, backlog.levels, bodyBytes);
}
