/**
 * Deliveries: messages on their way from the engine to one client, and the client's answers to
 * them: PUBACK, PUBREC, PUBCOMP [MQTT 4.3]. Never more unanswered than the client's receive maximum
 * [MQTT-3.3.4-9] and the operator's prefetch allow. Hot path: canTake, send, acked.
 */
import type { Delivery } from '../../src/broker/delivery.ts';
import type { Session } from '../../src/broker/session.ts';
import type { Subscription } from '../../src/broker/subscription.ts';
import type { Outbox } from '../../src/server/outbox.ts';
import { writeAck } from './acks.ts';
import type { ClientSession } from './client-session.ts';
import { formOf, type MessageForm } from './message-form.ts';
import type { Version } from './packets.ts';
import type { PublishWriter } from './publish-writer.ts';
import type { Qos2Journal } from './qos2-journal.ts';
import { REASON } from './reason-codes.ts';
import type { Match } from './subscription-set.ts';

const PUBREL = 0x62;

/** What the deliveries need of their connection. */
export interface DeliveryHost {
  readonly version: Version;
  readonly outbox: Outbox;
  readonly session: Session;
  readonly client: ClientSession;
  fail(error: unknown): void;
  readonly writer: PublishWriter;
  readonly journal: Qos2Journal;
  /** Most messages out at a time. */
  readonly window: number;
}

export class Deliveries {
  /** Subscriptions of the engine that deliver through this. */
  readonly subscriptions = new Set<Subscription>();
  private readonly host: DeliveryHost;

  constructor(host: DeliveryHost) {
    this.host = host;
  }

  canTake(noAck: boolean): boolean {
    const { host } = this;
    return host.outbox.open && (noAck || host.client.inflight.size < host.window);
  }

  /** Sends one. @param match null if it is not for the client after all */
  send(delivery: Delivery, match: Match | null, noAck: boolean): void {
    const { host } = this;
    const { message } = delivery;
    if (match === null) {
      if (!noAck) host.session.settle(delivery, 'ack');
      return;
    }
    const form = formOf(message.properties);
    if (host.client.transferred.size > 0 && this.isTransferred(delivery, form)) {
      if (!noAck) host.session.settle(delivery, 'ack');
      return;
    }
    if (!host.writer.fits(message, form)) {
      // As if it had been sent [MQTT-3.1.2-25], but a dead-letter exchange may have it.
      if (!noAck) host.session.settle(delivery, 'reject');
      return;
    }
    const granted = noAck ? 0 : match.qos;
    const qos = form.qos < granted ? form.qos : granted;
    const retain = form.retained === 2 || (form.retained === 1 && match.retainAsPublished);
    const id = qos === 0 ? 0 : host.client.inflight.add(delivery, qos);
    const expiry = message.properties.ttlMs < 0 ? -1 : this.remainingSeconds(delivery);
    host.writer.write(delivery, form, qos, retain, id, expiry, match.identifiers);
    if (qos === 0 && !noAck) host.session.settle(delivery, 'ack');
  }

  /**
   * PUBACK. One for what is not out is of a time before and means nothing; a client that would not
   * have the message [MQTT 3.4.2.1] leaves it to the dead-letter exchange.
   */
  acked(id: number, reason: number): void {
    const { client, session } = this.host;
    const wasFull = this.isFull();
    const delivery = client.inflight.takeAcked(id);
    if (delivery === undefined) return;
    session.settle(delivery, reason < 0x80 ? 'ack' : 'reject');
    if (wasFull) this.resume();
  }

  /** PUBREC: the client has the message; what is left is to agree on that [MQTT-4.3.3-4]. */
  received(id: number, reason: number): void {
    const { client, session, outbox, version } = this.host;
    const { inflight } = client;
    const wasFull = this.isFull();
    const delivery = inflight.takeReceived(id);
    if (delivery === undefined) {
      // Known already, or from a time before: the client is to forget it in any case.
      const known = inflight.released.has(id);
      if (reason >= 0x80 || inflight.isHeld(id)) return;
      writeAck(outbox, version, PUBREL, id, known ? 0 : REASON.PACKET_ID_NOT_FOUND);
    } else if (reason >= 0x80) {
      session.settle(delivery, 'reject');
      if (wasFull) this.resume();
    } else if (this.host.journal.active) {
      this.releaseSafely(id, delivery);
    } else {
      inflight.release(id);
      writeAck(outbox, version, PUBREL, id, REASON.SUCCESS);
      session.settle(delivery, 'ack');
    }
  }

  /** PUBCOMP: the identifier is free again. */
  completed(id: number): void {
    const wasFull = this.isFull();
    this.host.journal.dropReleased(id);
    if (this.host.client.inflight.complete(id) && wasFull) this.resume();
  }

  /** After a reconnect: what PUBREC has acknowledged is released again [MQTT-4.4.0-1]. */
  releaseAgain(): void {
    const { client, outbox, version } = this.host;
    for (const id of client.inflight.released) {
      writeAck(outbox, version, PUBREL, id, REASON.SUCCESS);
    }
  }

  /** There may be room again. */
  resume(): void {
    for (const subscription of this.subscriptions) subscription.resume();
  }

  /**
   * A broker that starts again must not send the message again as new: that it has been sent is
   * written down before PUBREL, and before the queue lets go of it.
   */
  private releaseSafely(id: number, delivery: Delivery): void {
    const { client, session, outbox, version, journal } = this.host;
    const { inflight } = client;
    inflight.hold(id);
    const messageId = delivery.message.properties.messageId ?? '';
    const written = (): void => {
      // The connection may have gone meanwhile: then the marker speaks for it.
      if (delivery.holder === null) return;
      inflight.release(id);
      writeAck(outbox, version, PUBREL, id, REASON.SUCCESS);
      session.settle(delivery, 'ack');
    };
    journal.putReleased(id, messageId).then(written, (error) => this.host.fail(error));
  }

  /** Did the client say PUBREC to it before the broker was started again? */
  private isTransferred({ message }: Delivery, form: MessageForm): boolean {
    const { messageId } = message.properties;
    const { transferred } = this.host.client;
    return form.retained !== 2 && messageId !== undefined && transferred.delete(messageId);
  }

  private isFull(): boolean {
    return this.host.client.inflight.size >= this.host.window;
  }

  /** What is left of a message's time to live, rounded up [MQTT-3.3.2-6]. */
  private remainingSeconds({ message }: Delivery): number {
    const { clock } = this.host.session.vhost;
    const remainingMs = message.expiresAtMs - clock.now();
    return Math.max(0, Math.ceil(remainingMs / 1000));
  }
}
