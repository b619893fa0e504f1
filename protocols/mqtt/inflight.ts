/**
 * Inflight: the packet identifiers of what was sent to one client with QoS 1 or 2 and is not
 * acknowledged [MQTT 4.3, 4.6]. Belongs to the client's session: after a reconnect a message has
 * the identifier it had before [MQTT-4.4.0-1]. Hot path: add, take.
 */
import type { Delivery } from '../../src/broker/delivery.ts';

const MAX_ID = 65_535;

export class Inflight {
  /** QoS 2, acknowledged by PUBREC: PUBREL was sent, PUBCOMP is missing. */
  readonly released = new Set<number>();
  /** The same, but that has still to be written down. */
  private readonly releasing = new Set<number>();
  private readonly awaitingAck = new Map<number, Delivery>();
  private readonly awaitingReceipt = new Map<number, Delivery>();
  /** Identifiers of what was out when the connection was lost, by place in the queue. */
  private former = new Map<string, number>();
  private formerIds = new Set<number>();
  private lastId = 0;

  /** Messages that count against the client's receive maximum. */
  get size(): number {
    const released = this.released.size + this.releasing.size;
    return this.awaitingAck.size + this.awaitingReceipt.size + released;
  }

  /** Gives a delivery its packet identifier. */
  add(delivery: Delivery, qos: number): number {
    const id = this.former.size > 0 ? this.formerId(delivery) : this.nextId();
    (qos === 1 ? this.awaitingAck : this.awaitingReceipt).set(id, delivery);
    return id;
  }

  /** PUBACK: the delivery, undefined if there is none of QoS 1. */
  takeAcked(id: number): Delivery | undefined {
    const delivery = this.awaitingAck.get(id);
    if (delivery !== undefined) this.awaitingAck.delete(id);
    return delivery;
  }

  /** PUBREC: the delivery, undefined if there is none of QoS 2. */
  takeReceived(id: number): Delivery | undefined {
    const delivery = this.awaitingReceipt.get(id);
    if (delivery !== undefined) this.awaitingReceipt.delete(id);
    return delivery;
  }

  /** PUBREC has come and is being written down: until release() PUBREL has to wait. */
  hold(id: number): void {
    this.releasing.add(id);
  }

  isHeld(id: number): boolean {
    return this.releasing.size > 0 && this.releasing.has(id);
  }

  /** From now on only PUBREL is sent for this identifier. */
  release(id: number): void {
    this.releasing.delete(id);
    this.released.add(id);
  }

  /** The next identifier is any. */
  startAnywhere(): void {
    this.lastId = Math.floor(Math.random() * MAX_ID);
  }

  /** The connection is lost: what is out goes back to its queues, the identifiers are kept. */
  suspend(): void {
    this.former = new Map();
    this.formerIds = new Set();
    this.releasing.clear();
    for (const out of [this.awaitingAck, this.awaitingReceipt]) {
      for (const [id, delivery] of out) {
        this.former.set(placeOf(delivery), id);
        this.formerIds.add(id);
      }
      out.clear();
    }
  }

  private formerId(delivery: Delivery): number {
    const place = placeOf(delivery);
    const id = delivery.redelivered ? this.former.get(place) : undefined;
    if (id === undefined) return this.nextId();
    this.former.delete(place);
    this.formerIds.delete(id);
    return id;
  }

  /** One that is not in use [MQTT-2.2.1-3]. There always is: the window is smaller. */
  private nextId(): number {
    let id = this.lastId;
    do {
      id = id === MAX_ID ? 1 : id + 1;
    } while (this.isUsed(id));
    this.lastId = id;
    return id;
  }

  private isUsed(id: number): boolean {
    if (this.awaitingAck.has(id)) return true;
    if (this.awaitingReceipt.size > 0 && this.awaitingReceipt.has(id)) return true;
    if (this.released.size > 0 && this.released.has(id)) return true;
    return this.isHeld(id) || (this.formerIds.size > 0 && this.formerIds.has(id));
  }
}

function placeOf({ queue, level, position }: Delivery): string {
  return `${queue.name}\0${level}\0${position}`;
}
