/**
 * Publishing: PUBLISH packets of one client on their way to the engine [MQTT 3.3], and PUBREL.
 * Publishers repeat themselves: a topic or a block of properties with the bytes of the one before
 * is not decoded again. The payload is copied once, so that it does not pin the read buffer.
 * Acknowledging is publish-acks.ts. Hot path.
 */
import { Undecided, whenDecided } from '../../src/auth/undecided.ts';
import { BrokerError } from '../../src/broker/errors.ts';
import { Message } from '../../src/broker/message.ts';
import type { Properties } from '../../src/broker/properties.ts';
import type { Queue } from '../../src/broker/queue/queue.ts';
import type { Receipt } from '../../src/broker/receipt.ts';
import type { Session } from '../../src/broker/session.ts';
import { MAX_ALIASED_TOPICS_BYTES } from '../../src/limits.ts';
import type { PublisherGate } from '../../src/server/publisher-gate.ts';
import type { ClientSession, QueueKind } from './client-session.ts';
import { identified, PLAIN, propertiesOf } from './message-form.ts';
import type { MqttOptions } from './options.ts';
import type { Version } from './packets.ts';
import { PROPERTY, scan } from './property-rules.ts';
import type { PublishAcks } from './publish-acks.ts';
import type { Qos2Journal } from './qos2-journal.ts';
import { MqttError, malformed, protocolError, REASON, REASON_OF_KIND } from './reason-codes.ts';
import type { Sessions } from './sessions.ts';
import { isTopicName, keyOf } from './topics.ts';
import { copyOf, readU16, sameBytes, stringAt } from './wire.ts';

/** What publishing needs of its connection. */
export interface Publisher {
  readonly version: Version;
  readonly gate: PublisherGate;
  readonly session: Session;
  readonly client: ClientSession;
  readonly sessions: Sessions;
  readonly options: MqttOptions;
  readonly acks: PublishAcks;
  readonly journal: Qos2Journal;
  /** Lets the packets behind wait for something. */
  wait(work: () => Promise<void>): void;
}

const NOTHING = Buffer.alloc(0);
const NO_PROPERTIES = Buffer.from([0]);

export class Publishing {
  private readonly publisher: Publisher;
  private readonly exchange: string;
  /** The topic of the last packet, as it came and as the engine knows it. */
  private topic: Buffer = NOTHING;
  private routingKey = '';
  /** The properties of the last packet, as they came, with what the first byte says. */
  private block: Buffer = NO_PROPERTIES;
  private blockFlags = 0;
  private properties: Properties = PLAIN[0] as Properties;
  private alias = -1;
  /** Routing keys by topic alias [MQTT 3.3.2.3.4]. */
  private aliases: Map<number, string> | null = null;
  private aliasedBytes = 0;

  constructor(publisher: Publisher) {
    this.publisher = publisher;
    this.exchange = publisher.options.exchange;
  }

  /** Takes a PUBLISH. @throws MqttError */
  packet(first: number, buf: Buffer, start: number, end: number): void {
    const qos = (first >> 1) & 3;
    const { gate } = this.publisher;
    if (gate.watching) gate.published();
    // [MQTT-3.3.1-4], [MQTT-3.3.1-2]
    if (qos === 3) throw malformed('PUBLISH with QoS 3');
    if (qos === 0 && (first & 8) !== 0) throw malformed('PUBLISH with QoS 0 and DUP');
    const topicAt = start + 2;
    const topicEnd = topicAt + readU16(buf, start, end);
    if (topicEnd > end) throw malformed('the topic is cut short');
    let at = topicEnd;
    let id = 0;
    if (qos > 0) {
      id = readU16(buf, at, end);
      if (id === 0) throw protocolError('PUBLISH with packet identifier 0');
      at += 2;
    }
    const flags = first & 7;
    if (this.publisher.version === 5) at = this.takeProperties(flags, buf, at, end);
    else if ((flags & 1) === 0) this.properties = PLAIN[qos] as Properties;
    else this.properties = propertiesOf(qos, true, buf, []);
    const routingKey = this.takeTopic(buf, topicAt, topicEnd);
    const body = copyOf(buf, at, end);
    const properties = qos === 2 ? identified(this.properties) : this.properties;
    const message = new Message(this.exchange, routingKey, properties, body);
    const retain = (flags & 1) !== 0;
    if (qos > 0) {
      this.publishConfirmed(message, id, qos, retain);
      return;
    }
    try {
      this.publishUnconfirmed(message, retain);
    } catch (error) {
      this.publishLater(error, message, retain);
    }
  }

  private publishUnconfirmed(message: Message, retain: boolean): void {
    try {
      this.publish(message, retain, null);
    } catch (error) {
      if (!(error instanceof BrokerError)) throw error;
      this.refused(error);
    }
  }

  private publishConfirmed(message: Message, id: number, qos: number, retain: boolean): void {
    const { acks, client, options } = this.publisher;
    if (qos === 2) {
      const { unreleased } = client;
      if (unreleased.has(id)) {
        // It came before: only its PUBREC was lost [MQTT-4.3.3-10].
        acks.repeat(id);
        return;
      }
      if (unreleased.size >= options.receiveMaximum && this.publisher.version === 5) {
        const text = `more than ${options.receiveMaximum} messages that are not released`;
        throw new MqttError(REASON.RECEIVE_MAXIMUM_EXCEEDED, text);
      }
      unreleased.add(id);
    }
    const receipt = acks.next(id, qos);
    try {
      this.publishWith(receipt, message, id, qos, retain);
    } catch (error) {
      this.confirmLater(error, receipt, message, id, qos, retain);
    }
  }

  private publishWith(
    receipt: Receipt,
    message: Message,
    id: number,
    qos: number,
    retain: boolean,
  ): void {
    const { acks, journal } = this.publisher;
    let reason: number;
    if (qos === 2 && journal.active) {
      this.checkDecided(message);
      reason = this.publishJournaled(message, id, retain, receipt);
    } else reason = this.attempt(message, retain, receipt);
    acks.published(receipt, reason);
  }

  // These two make the closures, so that those who call them make none when all goes well.

  private publishLater(error: unknown, message: Message, retain: boolean): void {
    this.later(error, () => this.publishUnconfirmed(message, retain));
  }

  private confirmLater(
    error: unknown,
    receipt: Receipt,
    message: Message,
    id: number,
    qos: number,
    retain: boolean,
  ): void {
    this.later(error, () => this.publishWith(receipt, message, id, qos, retain));
  }

  /** If it is not known yet whether it may be done: again when it is. @throws any other error */
  private later(error: unknown, again: () => void): void {
    const asked = whenDecided(error, again);
    this.publisher.wait(() => asked);
  }

  /** Within a transaction nobody can be asked any more. @throws Undecided */
  private checkDecided(message: Message): void {
    try {
      this.publisher.session.check(message);
    } catch (error) {
      if (error instanceof Undecided) throw error;
    }
  }

  /** The message and the note that it came are written together, or not at all. */
  private publishJournaled(message: Message, id: number, retain: boolean, receipt: Receipt) {
    const { session, journal } = this.publisher;
    let reason: number = REASON.SUCCESS;
    let failure: unknown = null;
    receipt.hold();
    const done = session.transaction(() => {
      try {
        reason = this.attempt(message, retain, receipt);
        if (reason < 0x80) journal.putReceived(id);
      } catch (error) {
        failure = error;
      }
    });
    if (failure !== null) throw failure;
    done.then(
      () => receipt.settled(null),
      (error) => receipt.settled(error),
    );
    return reason;
  }

  /** Publishes a message. Returns the reason code of its acknowledgement. */
  private attempt(message: Message, retain: boolean, receipt: Receipt): number {
    try {
      const reached = this.publish(message, retain, receipt);
      return reached === 0 ? REASON.NO_MATCHING_SUBSCRIBERS : REASON.SUCCESS;
    } catch (error) {
      if (!(error instanceof BrokerError)) throw error;
      if (this.publisher.version < 5) this.refused(error);
      return REASON_OF_KIND[error.kind];
    }
  }

  private publish(message: Message, retain: boolean, receipt: Receipt | null): number {
    const { session, client } = this.publisher;
    if (message.routingKey.startsWith('$SYS')) {
      throw new BrokerError('ACCESS_REFUSED', '$SYS is for the broker to publish to');
    }
    session.checkSize(message.bodyBytes);
    const except = client.noLocal ? this.ownQueues(message.routingKey) : null;
    const reached = session.publish(message, receipt, session.traffic, except);
    if (retain) {
      // [MQTT-3.3.1-5]
      receipt?.hold();
      this.publisher.sessions.retained.keep(session.vhost.name, message, receipt);
    }
    return reached;
  }

  /** Queues of this very client that do not want what it publishes [MQTT-3.8.3-3]. */
  private ownQueues(routingKey: string): readonly Queue[] | null {
    const { client, session } = this.publisher;
    const kinds: readonly QueueKind[] = [0, 1];
    const queues: Queue[] = [];
    for (const kind of kinds) {
      const match = client.subscriptions[kind].match(routingKey);
      if (match === null || !match.noLocal) continue;
      const queue = session.vhost.topology.queues.get(client.queueName(kind));
      if (queue !== undefined) queues.push(queue);
    }
    return queues.length === 0 ? null : queues;
  }

  /** A message without a place for a reason code, or of a version that has none. */
  private refused(error: BrokerError): void {
    const { options } = this.publisher;
    if (error.kind === 'ACCESS_REFUSED' && !options.disconnectOnUnauthorized) return;
    throw new MqttError(REASON_OF_KIND[error.kind], error.message);
  }

  /** Reads the block of properties. Returns where the payload starts. */
  private takeProperties(flags: number, buf: Buffer, at: number, end: number): number {
    const { block } = this;
    const stop = at + block.length;
    if (flags === this.blockFlags && stop <= end && sameBytes(buf, at, stop, block)) return stop;
    const { properties, end: after } = scan(buf, at, end, 'publish');
    this.block = copyOf(buf, at, after);
    this.blockFlags = flags;
    const alias = properties.find(({ id }) => id === PROPERTY.TOPIC_ALIAS);
    this.alias = alias?.number ?? -1;
    // Views into what is kept, not into the read buffer.
    const kept = scan(this.block, 0, this.block.length, 'publish').properties;
    this.properties = propertiesOf((flags >> 1) & 3, (flags & 1) !== 0, this.block, kept);
    return after;
  }

  private takeTopic(buf: Buffer, start: number, end: number): string {
    const { version } = this.publisher;
    if (version === 5 && this.alias >= 0) return this.takeAliased(buf, start, end);
    if (start === end) {
      if (version === 5) throw protocolError('PUBLISH without topic and without topic alias');
      throw malformed('PUBLISH without topic');
    }
    return this.decodeTopic(buf, start, end);
  }

  private takeAliased(buf: Buffer, start: number, end: number): string {
    const { alias } = this;
    // [MQTT-3.3.2-8], [MQTT-3.3.2-9]
    if (alias === 0 || alias > this.publisher.options.topicAliasMaximum) {
      throw new MqttError(REASON.TOPIC_ALIAS_INVALID, `topic alias ${alias} is not allowed`);
    }
    this.aliases ??= new Map();
    const known = this.aliases.get(alias);
    if (start === end) {
      if (known !== undefined) return known;
      throw protocolError(`topic alias ${alias} stands for no topic`);
    }
    const routingKey = this.decodeTopic(buf, start, end);
    this.aliasedBytes += routingKey.length - (known?.length ?? 0);
    if (this.aliasedBytes > MAX_ALIASED_TOPICS_BYTES) {
      throw new MqttError(REASON.QUOTA_EXCEEDED, 'the topics with aliases are too long');
    }
    this.aliases.set(alias, routingKey);
    return routingKey;
  }

  private decodeTopic(buf: Buffer, start: number, end: number): string {
    if (sameBytes(buf, start, end, this.topic)) return this.routingKey;
    const topic = stringAt(buf, start, end);
    // [MQTT-3.3.2-2]
    if (!isTopicName(topic)) {
      throw new MqttError(REASON.TOPIC_NAME_INVALID, 'that is not a topic to publish to');
    }
    this.topic = copyOf(buf, start, end);
    this.routingKey = keyOf(topic);
    return this.routingKey;
  }
}
