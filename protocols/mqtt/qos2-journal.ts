/**
 * Qos2Journal: what a session has to remember of QoS 2 over a restart: identifiers between PUBLISH
 * and PUBREL, and between PUBREC and PUBCOMP [MQTT 4.3.3]. They are markers in a queue of the
 * session's own, so that the store writes them together with the messages that they are about, or
 * not at all. Only for sessions that outlive their connection; made when QoS 2 is first used.
 */
import { decided } from '../../src/auth/undecided.ts';
import type { Delivery } from '../../src/broker/delivery.ts';
import type { Fields } from '../../src/broker/field.ts';
import { Message } from '../../src/broker/message.ts';
import type { Session } from '../../src/broker/session.ts';
import type { Consumer, Subscription } from '../../src/broker/subscription.ts';
import type { ClientSession } from './client-session.ts';
import { PLAIN } from './message-form.ts';

const NOTHING = Buffer.alloc(0);

/** `in.<id>`: PUBLISH came. `out.<id>.<message id>`: the client has that message. */
const IN = 'in';
const OUT = 'out';

/** Tells the identifiers of both directions apart. */
const OUTWARD = 0x1_0000;

/** What the journal needs of its connection. */
export interface JournalHost {
  readonly session: Session;
  readonly client: ClientSession;
  /** The arguments of queues that live as long as the session. */
  queueArguments(): Fields;
}

export class Qos2Journal implements Consumer {
  private readonly host: JournalHost;
  /** What is written down, by identifier, and direction; most clients have none. */
  private markers: Map<number, Delivery> | null = null;
  private subscription: Subscription | null = null;
  private taken = 0;
  private awaited = 0;
  private complete: () => void = () => {};

  constructor(host: JournalHost) {
    this.host = host;
  }

  /** Is there something to write to, or no need to write? */
  get ready(): boolean {
    return this.active || this.host.client.expirySeconds === 0;
  }

  /** Do identifiers have to be written down? */
  get active(): boolean {
    return this.subscription !== null;
  }

  /** Is there anything from before? */
  get exists(): boolean {
    const { session, client } = this.host;
    return session.vhost.topology.queues.has(client.journalName);
  }

  /** Makes the queue if it is not there, and reads what is in it. @throws BrokerError */
  async open(): Promise<void> {
    const { session, client } = this.host;
    if (this.ready) return;
    const name = client.journalName;
    if (!this.exists) {
      const kind = { durable: true, exclusive: false, autoDelete: false };
      const args = this.host.queueArguments();
      await session.topology.declareQueue({ name, ...kind, arguments: args });
    }
    const subscription = await decided(() => {
      return session.subscribe(name, this, { tag: client.clientId });
    });
    this.subscription = subscription;
    this.awaited = subscription.queue.size;
    const read = new Promise<void>((resolve) => {
      this.complete = resolve;
    });
    if (this.awaited === 0) this.complete();
    subscription.resume();
    await read;
  }

  /** Writes down that a PUBLISH came; within the transaction that publishes it. */
  putReceived(id: number): void {
    this.put(`${IN}.${id}`);
  }

  /** PUBREL came. */
  dropReceived(id: number): void {
    this.drop(id);
  }

  /** Writes down that the client has a message. */
  putReleased(id: number, messageId: string): Promise<void> {
    return this.host.session.transaction(() => this.put(`${OUT}.${id}.${messageId}`));
  }

  /** PUBCOMP came. */
  dropReleased(id: number): void {
    this.drop(id | OUTWARD);
  }

  canTake(): boolean {
    return true;
  }

  /** A marker: one of before, or one that was just written. */
  take(delivery: Delivery): void {
    const { client } = this.host;
    const [direction, number, messageId] = delivery.message.routingKey.split('.', 3);
    const id = Number(number);
    this.markers ??= new Map();
    if (direction === IN) {
      this.markers.set(id, delivery);
      client.unreleased.add(id);
    } else if (direction === OUT) {
      this.markers.set(id | OUTWARD, delivery);
      const old = this.taken < this.awaited;
      if (old) client.inflight.release(id);
      if (old && messageId) client.transferred.add(messageId);
    }
    if (++this.taken === this.awaited) this.complete();
  }

  cancelled(): void {
    this.subscription = null;
    this.complete();
  }

  private put(key: string): void {
    const marker = new Message('', key, PLAIN[1] as (typeof PLAIN)[number], NOTHING);
    this.host.session.publishTo(this.host.client.journalName, marker);
  }

  private drop(key: number): void {
    const delivery = this.markers?.get(key);
    if (delivery === undefined) return;
    this.markers?.delete(key);
    if (delivery.holder !== null) this.host.session.settle(delivery, 'ack');
  }
}
