/**
 * Inflight: the packet identifiers of what was sent to one client with QoS 1 or 2 and is not
 * acknowledged [MQTT 4.3, 4.6]. Belongs to the client's session: after a reconnect a message has
 * the identifier it had before [MQTT-4.4.0-1], one of QoS 2 also after the end of this process.
 * What is out with QoS 1 is in a ring with room for twice as much, where an identifier says its
 * slot. Hot path: add, takeAcked, no hashing and no allocation.
 */
import type { Delivery } from '../../src/broker/delivery.ts';
import { identityOf } from './message-form.ts';

const MAX_ID = 65_535;

/** Of the ring when it is first used; a power of two, as all its lengths. */
const FIRST_SLOTS = 16;

/** What a client of QoS 2 has under way. */
class Exchanges {
  /** Waiting for PUBREC. */
  readonly sent = new Map<number, Delivery>();
  /** PUBREC has come, and that is being written down. */
  readonly releasing = new Set<number>();
  /** PUBREL was sent, PUBCOMP is missing. */
  readonly released = new Set<number>();

  get size(): number {
    return this.sent.size + this.releasing.size + this.released.size;
  }

  uses(id: number): boolean {
    return this.sent.has(id) || this.releasing.has(id) || this.released.has(id);
  }
}

/** Identifiers of before. */
interface Former {
  readonly byPlace: Map<string, number>;
  readonly ids: Set<number>;
}

const NOTHING: ReadonlySet<number> = new Set();

export class Inflight {
  /** QoS 1, the ring: identifiers, 0 for a free slot, and what they stand for. */
  private ids: number[] = [];
  private deliveries: (Delivery | null)[] = [];
  private out = 0;
  /** QoS 2; most clients do without. */
  private exchanges: Exchanges | null = null;
  /** What was out when the connection was lost and has not been sent again. */
  private former: Former | null = null;
  private lastId = 0;

  /** Messages that count against the client's receive maximum. */
  get size(): number {
    return this.exchanges === null ? this.out : this.out + this.exchanges.size;
  }

  /** QoS 2, acknowledged by PUBREC: PUBREL was sent, PUBCOMP is missing. */
  get released(): ReadonlySet<number> {
    return this.exchanges?.released ?? NOTHING;
  }

  /** Gives a delivery its packet identifier. */
  add(delivery: Delivery, qos: number): number {
    if (2 * this.out >= this.ids.length) this.grow();
    const { former } = this;
    const id = former === null ? this.newId(delivery, qos) : this.formerId(former, delivery, qos);
    if (qos === 2) {
      this.qos2().sent.set(id, delivery);
      return id;
    }
    const slot = id & (this.ids.length - 1);
    this.ids[slot] = id;
    this.deliveries[slot] = delivery;
    this.out++;
    return id;
  }

  /** PUBACK: the delivery, undefined if there is none of QoS 1. */
  takeAcked(id: number): Delivery | undefined {
    const slot = id & (this.ids.length - 1);
    if (this.ids[slot] !== id) return undefined;
    const delivery = this.deliveries[slot] as Delivery;
    this.ids[slot] = 0;
    this.deliveries[slot] = null;
    this.out--;
    return delivery;
  }

  /** PUBREC: the delivery, undefined if there is none of QoS 2. */
  takeReceived(id: number): Delivery | undefined {
    const delivery = this.exchanges?.sent.get(id);
    this.exchanges?.sent.delete(id);
    return delivery;
  }

  /** PUBREC has come and is being written down: until release() PUBREL has to wait. */
  hold(id: number): void {
    this.qos2().releasing.add(id);
  }

  isHeld(id: number): boolean {
    return this.exchanges?.releasing.has(id) === true;
  }

  /** From now on only PUBREL is sent for this identifier. */
  release(id: number): void {
    const { releasing, released } = this.qos2();
    releasing.delete(id);
    released.add(id);
  }

  /** PUBCOMP: the identifier is free. Returns false if it was not waited for. */
  complete(id: number): boolean {
    return this.exchanges?.released.delete(id) === true;
  }

  /** The next identifier is any. */
  startAnywhere(): void {
    this.lastId = Math.floor(Math.random() * MAX_ID);
  }

  /** The connection is lost: what is out goes back to its queues, the identifiers are kept. */
  suspend(): void {
    const byPlace = new Map<string, number>();
    for (const [slot, delivery] of this.deliveries.entries()) {
      if (delivery !== null) byPlace.set(placeOf(delivery), this.ids[slot] as number);
    }
    for (const [id, delivery] of this.exchanges?.sent ?? []) byPlace.set(placeOf(delivery), id);
    this.former = byPlace.size === 0 ? null : { byPlace, ids: new Set(byPlace.values()) };
    this.exchanges?.sent.clear();
    this.exchanges?.releasing.clear();
    this.ids = [];
    this.deliveries = [];
    this.out = 0;
  }

  private qos2(): Exchanges {
    this.exchanges ??= new Exchanges();
    return this.exchanges;
  }

  /** Twice as many slots. Whatever was in one of them has one of its own again. */
  private grow(): void {
    const { ids, deliveries } = this;
    const length = Math.max(FIRST_SLOTS, 2 * ids.length);
    this.ids = new Array<number>(length).fill(0);
    this.deliveries = new Array<Delivery | null>(length).fill(null);
    for (let slot = 0; slot < ids.length; slot++) {
      const moved = (ids[slot] as number) & (length - 1);
      if (ids[slot] === 0) continue;
      this.ids[moved] = ids[slot] as number;
      this.deliveries[moved] = deliveries[slot] as Delivery;
    }
  }

  /** The one that the message had before, if it had any. */
  private formerId({ byPlace, ids }: Former, delivery: Delivery, qos: number): number {
    const place = placeOf(delivery);
    const id = delivery.redelivered ? byPlace.get(place) : undefined;
    if (id === undefined) return this.newId(delivery, qos);
    byPlace.delete(place);
    ids.delete(id);
    if (ids.size === 0) this.former = null;
    while (qos === 1 && !this.hasSlot(id)) this.grow();
    return id;
  }

  /**
   * One that is not in use [MQTT-2.2.1-3]. There always is: half of the slots are free. With QoS 2
   * it follows from the message, so that a client that has got it, and not the end of the
   * exchange, knows it again when it comes from another process.
   */
  private newId(delivery: Delivery, qos: number): number {
    // Messages that were out may have expired since: their identifiers are not kept for ever.
    if (this.former !== null && this.former.ids.size + this.size >= MAX_ID) this.former = null;
    const identity = qos === 1 ? null : identityOf(delivery.message.properties);
    let id = identity === null ? next(this.lastId) : next(identity % MAX_ID);
    while (this.isUsed(id) || (qos === 1 && !this.hasSlot(id))) id = next(id);
    if (identity === null) this.lastId = id;
    return id;
  }

  private hasSlot(id: number): boolean {
    return this.ids[id & (this.ids.length - 1)] === 0;
  }

  private isUsed(id: number): boolean {
    if (this.ids[id & (this.ids.length - 1)] === id) return true;
    if (this.exchanges?.uses(id)) return true;
    return this.former?.ids.has(id) === true;
  }
}

function next(id: number): number {
  return id === MAX_ID ? 1 : id + 1;
}

function placeOf({ queue, level, position }: Delivery): string {
  return `${queue.name}\0${level}\0${position}`;
}
