/**
 * Opened: a connection whose client has logged in: what becomes of every packet that it may send,
 * and how it leaves. Hot path: packet.
 */
import type { ISubscribePacket, Packet } from 'mqtt-packet';
import type { Fields } from '../../src/broker/field.ts';
import type { Session } from '../../src/broker/session.ts';
import type { Outbox } from '../../src/server/outbox.ts';
import type { PublisherGate } from '../../src/server/publisher-gate.ts';
import { ack, readAck, writeAck } from './acks.ts';
import type { ClientSession } from './client-session.ts';
import { expiryOf, type Terms } from './connack.ts';
import { Deliveries } from './deliveries.ts';
import type { MqttOptions } from './options.ts';
import { PACKET, readDisconnect, readSubscribe, readUnsubscribe, type Version } from './packets.ts';
import { PublishAcks } from './publish-acks.ts';
import { PublishWriter } from './publish-writer.ts';
import { Publishing } from './publishing.ts';
import { Qos2Journal } from './qos2-journal.ts';
import { MqttError, malformed, protocolError, REASON, type ReasonCode } from './reason-codes.ts';
import type { Claim, Sessions } from './sessions.ts';
import type { Shared } from './shared.ts';
import type { SharedGroups } from './shared-groups.ts';
import { Subscribing } from './subscribing.ts';
import type { Will } from './will.ts';
import { copyOf } from './wire.ts';

/** What it needs of the connection. */
export interface OpenedHost {
  readonly shared: Shared;
  readonly version: Version;
  readonly outbox: Outbox;
  readonly gate: PublisherGate;
  will: Will | null;
  send(packet: Packet): boolean;
  wait(work: () => Promise<void>): void;
  left(): void;
  fail(error: unknown): void;
  disconnect(code: ReasonCode, why: string): void;
}

/** What the login has brought. */
export interface Opening {
  readonly session: Session;
  readonly claim: Claim;
  readonly terms: Terms;
  /** The client wants reasons in words. */
  readonly verbose: boolean;
}

const PUBCOMP = 0x70;
const PINGRESP = Buffer.from([0xd0, 0]);

export class Opened {
  readonly version: Version;
  readonly outbox: Outbox;
  readonly gate: PublisherGate;
  readonly session: Session;
  readonly client: ClientSession;
  readonly unreleased: Set<number>;
  readonly options: MqttOptions;
  readonly sessions: Sessions;
  readonly groups: SharedGroups;
  readonly writer: PublishWriter;
  readonly window: number;
  readonly verbose: boolean;
  readonly keepAliveSeconds: number;
  readonly acks: PublishAcks;
  readonly deliveries: Deliveries;
  readonly journal: Qos2Journal;
  /** Identifiers that wait for their PUBCOMP until it is safe that PUBREL has come. */
  private completing: number[] = [];
  /** The client goes on with what it did before. */
  private readonly resumed: boolean;
  private flushing = false;
  private readonly host: OpenedHost;
  private readonly publishing: Publishing;
  private readonly subscribing: Subscribing;

  constructor(host: OpenedHost, { session, claim, terms, verbose }: Opening) {
    const { options, sessions } = host.shared;
    this.host = host;
    this.version = host.version;
    this.gate = host.gate;
    this.outbox = host.outbox;
    this.session = session;
    this.client = claim.session;
    this.unreleased = claim.session.unreleased;
    this.options = options;
    this.sessions = sessions;
    this.groups = sessions.groups;
    this.verbose = verbose;
    this.keepAliveSeconds = terms.keepAlive;
    this.resumed = !terms.clean;
    this.window = Math.min(terms.receiveMaximum, options.prefetch);
    this.writer = new PublishWriter(host.outbox, host.version, terms.topicAliasMaximum);
    this.writer.maxBytes = terms.maxPacketBytes;
    this.acks = new PublishAcks(this);
    this.journal = new Qos2Journal(this);
    this.deliveries = new Deliveries(this);
    this.publishing = new Publishing(this);
    this.subscribing = new Subscribing(this);
  }

  /** Takes up what the client had before, and writes down that it is here. */
  async restore(): Promise<void> {
    if (this.journal.exists) await this.journal.open();
    await this.subscribing.restore();
    await this.subscribing.updateExpiry();
    await this.sessions.store.keep(this.client);
  }

  /** The client has its CONNACK: what was in flight goes on. */
  start(): void {
    this.deliveries.releaseAgain();
    this.subscribing.start();
  }

  wait(work: () => Promise<void>): void {
    this.host.wait(work);
  }

  /** Takes a packet. @throws MqttError */
  packet(first: number, buf: Buffer, start: number, end: number): void {
    const { version } = this;
    switch (first >> 4) {
      case PACKET.PUBLISH:
        if ((first & 6) === 4 && !this.journal.ready) this.publishLater(first, buf, start, end);
        else this.publishing.packet(first, buf, start, end);
        break;
      case PACKET.PUBACK:
        readAck(version, first, 0, buf, start, end);
        this.deliveries.acked(ack.id, ack.reason);
        break;
      case PACKET.PUBREC:
        readAck(version, first, 0, buf, start, end);
        this.deliveries.received(ack.id, ack.reason);
        break;
      case PACKET.PUBREL:
        readAck(version, first, 2, buf, start, end);
        this.release(ack.id);
        break;
      case PACKET.PUBCOMP:
        readAck(version, first, 0, buf, start, end);
        this.deliveries.completed(ack.id);
        break;
      default:
        this.otherPacket(first, buf, start, end);
    }
  }

  /** A queue of the client was deleted by somebody else: it has to subscribe again. */
  queueGone(): void {
    this.host.disconnect(REASON.ADMINISTRATIVE_ACTION, 'the queue of a subscription was deleted');
  }

  queueArguments(): Fields {
    return this.subscribing.keptArguments();
  }

  fail(error: unknown): void {
    this.host.fail(error);
  }

  forgetReceived(id: number): void {
    this.unreleased.delete(id);
    this.journal.dropReceived(id);
  }

  refusedUnsaid(reason: number): void {
    const text = 'a message was refused, which MQTT 3 cannot say';
    this.host.fail(new MqttError(reason as ReasonCode, text));
  }

  /** Gives everything back to the engine. @param will to be published */
  async close(will: Will | null): Promise<void> {
    this.acks.end();
    await this.subscribing.updateExpiry().catch((error: Error) => {
      this.host.shared.broker.log.warning(`expiry of MQTT queues: ${error.message}`);
    });
    this.sessions.system.forget(this);
    await this.session.close();
    await this.sessions.leave(this.client, will);
  }

  /** The packets that are not on the hot path. */
  private otherPacket(first: number, buf: Buffer, start: number, end: number): void {
    const { version, host } = this;
    switch (first >> 4) {
      case PACKET.SUBSCRIBE:
        this.subscribe(readSubscribe(version, first, buf, start, end));
        break;
      case PACKET.UNSUBSCRIBE: {
        const { messageId, unsubscriptions } = readUnsubscribe(version, first, buf, start, end);
        host.wait(() => this.unsubscribe(messageId as number, unsubscriptions));
        break;
      }
      case PACKET.PINGREQ:
        if (first !== PACKET.PINGREQ << 4 || start !== end) throw malformed('PINGREQ with more');
        this.outbox.write(PINGRESP);
        break;
      case PACKET.DISCONNECT:
        this.leave(first, buf, start, end);
        break;
      case PACKET.CONNECT:
        // [MQTT-3.1.0-2]
        throw protocolError('a second CONNECT');
      default:
        throw protocolError(`a client does not send packets of type ${first >> 4}`);
    }
  }

  /** PUBREL: the client will not send that message again [MQTT-4.3.3-11]. */
  private release(id: number): void {
    const known = this.unreleased.delete(id);
    if (known && this.journal.active) {
      this.journal.dropReceived(id);
      this.completing.push(id);
      if (!this.flushing) void this.completeAll();
      return;
    }
    // After a reconnect it may be that only our PUBCOMP was lost, which is no error [MQTT 3.7.2.1].
    const found = known || this.resumed;
    writeAck(this.outbox, this.version, PUBCOMP, id, found ? 0 : REASON.PACKET_ID_NOT_FOUND);
  }

  /**
   * The client may use an identifier for another message as soon as it has its PUBCOMP. A broker
   * that starts again must then not take that for the message before.
   */
  private async completeAll(): Promise<void> {
    this.flushing = true;
    try {
      while (this.completing.length > 0) {
        const ids = this.completing;
        this.completing = [];
        await this.session.flush();
        for (const id of ids) writeAck(this.outbox, this.version, PUBCOMP, id, REASON.SUCCESS);
      }
    } catch (error) {
      this.host.fail(error);
    }
    this.flushing = false;
  }

  /** The first message of QoS 2 in a session that lives on. */
  private publishLater(first: number, buf: Buffer, start: number, end: number): void {
    const packet = copyOf(buf, start, end);
    this.host.wait(async () => {
      await this.journal.open();
      this.publishing.packet(first, packet, 0, packet.length);
    });
  }

  private subscribe(packet: ISubscribePacket): void {
    const { subscriptions, properties, messageId } = packet;
    const identifier = properties?.subscriptionIdentifier ?? 0;
    for (const { topic, nl } of subscriptions) {
      // [MQTT-3.8.3-4]
      if (nl && topic.startsWith('$share/'))
        throw protocolError('no-local on a shared subscription');
    }
    const answer = (codes: number[]): void => {
      // MQTT 3 knows one way of refusing.
      const granted = this.version === 5 ? codes : codes.map((code) => Math.min(code, 0x80));
      this.host.send({ cmd: 'suback', messageId: messageId as number, granted });
    };
    const { host, subscribing } = this;
    host.wait(() => subscribing.subscribe(subscriptions, Number(identifier), answer));
  }

  private async unsubscribe(messageId: number, filters: readonly string[]): Promise<void> {
    const granted = await this.subscribing.unsubscribe(filters);
    this.host.send({ cmd: 'unsuback', messageId, granted });
  }

  private leave(first: number, buf: Buffer, start: number, end: number): void {
    const { host, client, options } = this;
    const { reasonCode, sessionExpiry } = readDisconnect(this.version, first, buf, start, end);
    if (sessionExpiry !== null) {
      // [MQTT-3.14.2-2]
      if (client.expirySeconds === 0 && sessionExpiry > 0) {
        throw protocolError('a session without expiry cannot be given one at the end');
      }
      client.expirySeconds = expiryOf(sessionExpiry, options);
    }
    // [MQTT-3.14.4-3]
    if (reasonCode === REASON.SUCCESS) host.will = null;
    host.left();
  }
}
