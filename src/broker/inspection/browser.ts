/**
 * Browser: looks into one queue without touching it: nothing is taken, marked or counted. What is
 * on disk is read for the answer only and does not stay in memory. One request does a bounded
 * amount of work, in slices between which messages get their turn, and says where to go on.
 */
import { LIST_SLICE_MS } from '../../limits.ts';
import {
  PEEK_BATCH,
  PEEK_BATCH_BYTES,
  PEEK_BYTES_MAX,
  PEEK_MESSAGES_MAX,
  PEEK_TIME_MS,
} from '../../limits-inspection.ts';
import { type Loaded, NO_REF, type Ref } from '../../storage/message-store.ts';
import { releasedMessage } from '../exchange/delayed.ts';
import type { Message } from '../message.ts';
import { messageOf } from '../queue/paging.ts';
import type { Queue } from '../queue/queue.ts';
import type { VHost } from '../vhost.ts';
import { eachHeld } from './held.ts';
import type { MessageFilter } from './message-filter.ts';
import { namedPlace, type Place, type Sighting, type SightState } from './sighting.ts';
import {
  delayedSighting,
  heldSighting,
  placeAt,
  rankOf,
  readyAt,
  type Walk,
  walkOf,
} from './walks.ts';

/** A message with its content; null if that cannot be read. */
export interface Seen extends Sighting {
  readonly content: Message | null;
}

/** What is asked for. */
export interface PageRequest {
  /** One after the other. */
  readonly states: readonly SightState[];
  readonly filter: MessageFilter;
  readonly limit: number;
  /** Where an earlier page ended; else so many are skipped, from the end if negative. */
  readonly from: Place | null;
  readonly skip: number;
  /** Takes one that matches. Returns the bytes that it will take in the answer. */
  readonly show: (seen: Seen) => number;
}

/** How far a request came. */
export interface Progress {
  /** Where to go on; null at the end. */
  readonly next: Place | null;
  readonly scanned: number;
  readonly scannedBytes: number;
  /** How many ready messages were before the first; null if nobody knows. */
  readonly offset: number | null;
}

/** Work of one request so far. */
class Effort {
  scanned = 0;
  bytes = 0;
  shown = 0;
  /** How long it has kept others waiting, and since when it does so again. */
  private workedMs = 0;
  private sliceMs = performance.now();

  get spent(): boolean {
    if (this.scanned >= PEEK_MESSAGES_MAX || this.bytes >= PEEK_BYTES_MAX) return true;
    return this.workedMs >= PEEK_TIME_MS;
  }

  /** A batch is there: what was waited for it does not count. */
  begin(): void {
    this.sliceMs = performance.now();
  }

  /** Lets others have their turn if it is time. */
  async pause(): Promise<void> {
    const ms = performance.now() - this.sliceMs;
    if (ms < LIST_SLICE_MS) return;
    this.workedMs += ms;
    await new Promise((resolve) => setImmediate(resolve));
    this.begin();
  }
}

export class Browser {
  readonly queue: Queue;
  readonly vhost: VHost;

  constructor(queue: Queue, vhost: VHost) {
    this.queue = queue;
    this.vhost = vhost;
  }

  /** Shows a page of messages. */
  async page(request: PageRequest): Promise<Progress> {
    const { states } = request;
    const effort = new Effort();
    const first = this.start(request);
    const known = first?.state ?? states[0];
    const offset = states.length === 1 && request.filter.empty ? this.offsetOf(first) : null;
    let from = first;
    for (const state of states.slice(states.indexOf(known as SightState))) {
      const walk = walkOf(state, this.queue, this.vhost, from);
      from = null;
      const next = await this.walk(walk, request, effort);
      if (next === null && effort.shown < request.limit && !effort.spent) continue;
      const following = states[states.indexOf(state) + 1];
      const on = next ?? (following === undefined ? null : this.startOf(following));
      return { next: on, scanned: effort.scanned, scannedBytes: effort.bytes, offset };
    }
    return { next: null, scanned: effort.scanned, scannedBytes: effort.bytes, offset };
  }

  /** The message of a name; null if it is not there any more. */
  find(id: string): Sighting | null {
    const place = namedPlace(id, this.queue.epoch);
    if (place === null) return null;
    const { level, position, state } = place;
    if (state === 'delayed') {
      for (const row of this.queue.delayedReturns()) {
        if (row.serial === position) return delayedSighting(row);
      }
      return null;
    }
    const ready = readyAt(this.queue, place);
    if (ready !== null) return ready;
    let held: Sighting | null = null;
    eachHeld(this.queue, this.vhost, (delivery) => {
      if (delivery.level === level && delivery.position === position) held = heldSighting(delivery);
    });
    return held;
  }

  /** Would it be there after a restart? */
  isKept({ ref }: Sighting, content: Message | null): boolean {
    const { durable, keepsAll } = this.queue;
    return durable && ref !== NO_REF && (keepsAll || content?.properties.persistent === true);
  }

  /** The contents of messages, read back where they have to be; null for each that cannot be. */
  async contents(sightings: readonly Sighting[]): Promise<(Message | null)[]> {
    const absent = sightings.filter(({ message }) => message === null);
    const read = absent.length === 0 ? [] : await this.read(absent);
    const all = sightings.map(({ message }) => message ?? (read.shift() as Message | null));
    if (!this.queue.rules.holds) return all;
    return all.map((held) => (held === null ? null : shownHeld(held)));
  }

  private start({ from, skip, states }: PageRequest): Place | null {
    const [state] = states;
    if (from !== null || skip === 0 || state === undefined) return from;
    const { size, unsettled, delayed } = this.queue;
    const count = { ready: size, unacked: unsettled, delayed }[state];
    return placeAt(state, this.queue, this.vhost, skip < 0 ? Math.max(0, count + skip) : skip);
  }

  private startOf(state: SightState): Place {
    return walkOf(state, this.queue, this.vhost, null).place;
  }

  private offsetOf(first: Place | null): number | null {
    if (first === null) return 0;
    return first.state === 'ready' ? rankOf(this.queue, first) : null;
  }

  /** Goes on until there is enough. Returns where; null at the end of the state. */
  private async walk(walk: Walk, request: PageRequest, effort: Effort): Promise<Place | null> {
    const { filter, limit, show } = request;
    while (!this.queue.deleted) {
      if (effort.shown >= limit || effort.spent) return walk.place;
      const room = filter.empty ? limit - effort.shown : PEEK_BATCH;
      const { rows, last } = nextBatch(walk, Math.min(room, PEEK_BATCH));
      const contents = await this.contents(rows.map(([sighting]) => sighting));
      effort.begin();
      for (const [index, [sighting, after]] of rows.entries()) {
        const content = contents[index] as Message | null;
        effort.scanned++;
        effort.bytes += sighting.message === null ? sighting.bodyBytes : 0;
        if (filter.empty || (content !== null && filter.matches(content, this.now()))) {
          effort.shown++;
          effort.bytes += show({ ...sighting, content });
        }
        if (effort.shown >= limit || effort.bytes >= PEEK_BYTES_MAX) return after;
        await effort.pause();
      }
      if (last) return null;
    }
    return null;
  }

  private now(): number {
    return this.queue.clock.now();
  }

  private async read(sightings: readonly Sighting[]): Promise<(Message | null)[]> {
    const refs = sightings.map(({ ref }) => ref);
    try {
      return (await this.load(refs)).map(messageOf);
    } catch {
      const messages: (Message | null)[] = [];
      for (const sighting of sightings) messages.push(await this.readOne(sighting));
      return messages;
    }
  }

  /** What has left meanwhile must not be read: its ref may be another message's by now. */
  private async readOne(sighting: Sighting): Promise<Message | null> {
    if (!this.isThere(sighting)) return null;
    try {
      const [loaded] = await this.load([sighting.ref]);
      return messageOf(loaded as Loaded);
    } catch {
      return null;
    }
  }

  private load(refs: readonly Ref[]): Loaded[] | Promise<Loaded[]> {
    const { store } = this.queue;
    if (store === null || this.queue.deleted) throw new Error(`${this.queue} has no store`);
    return store.load(refs);
  }

  private isThere({ state, level, position, ref }: Sighting): boolean {
    if (state === 'ready') return readyAt(this.queue, { state, level, position })?.ref === ref;
    for (const { serial } of this.queue.delayedReturns()) if (serial === position) return true;
    return false;
  }
}

/** Sightings, each with the place behind it; and whether there are no more. */
function nextBatch(walk: Walk, count: number): { rows: [Sighting, Place][]; last: boolean } {
  const rows: [Sighting, Place][] = [];
  let bytes = 0;
  while (rows.length < count && bytes < PEEK_BATCH_BYTES) {
    const sighting = walk.next();
    if (sighting === null) return { rows, last: true };
    if (sighting.message === null) bytes += sighting.bodyBytes;
    rows.push([sighting, walk.place]);
  }
  return { rows, last: false };
}

/** A delayed message as it was published: what the exchange has added is nobody's business. */
function shownHeld(held: Message): Message {
  return releasedMessage(held, false).message;
}
