/**
 * Subscriptions: what one connection consumes: SUBSCRIBE and UNSUBSCRIBE, and which delivery an ACK
 * or NACK means [STOMP 1.2]. A subscription that has ended is remembered as long as the client
 * holds messages of it: it may still acknowledge them.
 */
import { decided } from '../../src/auth/undecided.ts';
import type { Delivery } from '../../src/broker/delivery.ts';
import type { Session } from '../../src/broker/session.ts';
import type { AckMode, ConsumerHost } from './consumer.ts';
import { StompConsumer } from './consumer.ts';
import type { Destination } from './destinations.ts';
import type { Endpoints } from './endpoints.ts';
import { invalidHeader, StompError } from './errors.ts';
import type { FrameHead } from './frame-head.ts';
import { consumerArguments, durableHeader } from './queue-headers.ts';
import { destinationOf } from './sending.ts';

/** What subscriptions need of their connection. */
export interface SubscriptionsHost extends ConsumerHost {
  readonly session: Session;
  readonly endpoints: Endpoints;
  /** Where `/topic/…` leads. */
  readonly topicExchange: string;
  /** The session's name in message ids: `session-…`. */
  readonly sessionName: string;
  readonly version: '1.0' | '1.1' | '1.2';
  /** The connection is gone: nobody would take what a subscription brings. */
  readonly ended: boolean;
}

const TEMP_QUEUE = '/temp-queue/';
const SEPARATOR = '@@';

/** Prefetch counts are AMQP's: 16 bits. */
const MAX_PREFETCH = 65_535;

/** How a frame names a subscription. */
interface Naming {
  readonly tag: string;
  readonly description: string;
  /** The client's own id, if it gave one. */
  readonly id: string | null;
}

export class Subscriptions {
  private readonly host: SubscriptionsHost;
  private readonly byTag = new Map<string, StompConsumer>();
  /** Ended, with messages that the client still holds. */
  private readonly leaving = new Set<StompConsumer>();
  /** Queues for replies, by the name after `/temp-queue/`. */
  private readonly replyQueues = new Map<string, string>();

  constructor(host: SubscriptionsHost) {
    this.host = host;
  }

  /**
   * Subscribes; nothing is delivered before the consumer is started.
   * @throws StompError, BrokerError
   */
  async subscribe(head: FrameHead): Promise<StompConsumer> {
    checkDurable(head);
    const destination = destinationOf(head, this.host.topicExchange);
    const naming = namingOf(head);
    if (this.byTag.has(naming.tag)) {
      const detail = `A subscription identified by '${naming.tag}' already exists.`;
      throw new StompError('Duplicated subscription identifier', detail);
    }
    const ackMode = ackModeOf(head);
    const prefetch = head.integer('prefetch-count', MAX_PREFETCH) ?? 0;
    const args = consumerArguments(head);
    const queue = await this.host.endpoints.source(destination, head);
    const consumer = this.makeConsumer(naming, ackMode, destination);
    await decided(() => this.attach(consumer, queue, { prefetch, arguments: args }));
    return consumer;
  }

  /** @throws StompError, BrokerError */
  async unsubscribe(head: FrameHead): Promise<void> {
    checkDurable(head);
    const { tag, description } = namingOf(head);
    const consumer = this.byTag.get(tag);
    if (consumer === undefined) {
      const detail = `Subscription to "${description}" not found.\n`;
      const text = `UNSUBSCRIBE must refer to an existing subscription.\n${detail}`;
      throw new StompError('No subscription found', text);
    }
    this.forget(consumer);
    const { subscription, options } = consumer;
    subscription?.cancel();
    if (!options.ownsQueue || durableHeader(head) !== true || subscription === null) return;
    await this.host.session.topology.deleteQueue(subscription.queue.name, false, false);
  }

  /** The engine ended it. @returns false if that is no news */
  cancelled(consumer: StompConsumer): boolean {
    if (this.byTag.get(consumer.tag) !== consumer) return false;
    this.forget(consumer);
    return true;
  }

  /**
   * Takes out the deliveries that an ACK or NACK settles, oldest first.
   * @param done settled already by the same transaction: naming one again is no mistake
   * @throws StompError if the client does not hold that message
   */
  settledBy(head: FrameHead, done: Set<number> | null): Delivery[] {
    const name = this.host.version === '1.2' ? 'id' : 'message-id';
    const id = head.get(name);
    if (id === undefined) {
      const detail = `"${head.command}" must include the "${name}" header\n`;
      throw new StompError('Missing header', detail);
    }
    const numberAt = id.lastIndexOf(SEPARATOR);
    const sessionAt = id.lastIndexOf(SEPARATOR, numberAt - 1);
    const number = id.slice(numberAt + SEPARATOR.length);
    if (sessionAt < 0 || !/^\d{1,15}$/.test(number)) {
      const detail = `"${head.command}" must include a valid "${name}" header\n`;
      throw new StompError('Invalid header', detail);
    }
    const session = id.slice(sessionAt + SEPARATOR.length, numberAt);
    if (session === this.host.sessionName) {
      const deliveries = this.take(id.slice(0, sessionAt), Number(number), done);
      if (deliveries.length > 0 || done?.has(Number(number))) return deliveries;
    }
    throw new StompError('Message not found', `unknown delivery tag ${number}\n`);
  }

  replyQueue(name: string): string {
    return this.replyQueues.get(name) ?? '';
  }

  /** Makes the queue behind `/temp-queue/<name>` and subscribes to it. @throws BrokerError */
  async openReplyQueue(name: string): Promise<string> {
    const queue = await this.host.endpoints.replyQueue();
    const id = TEMP_QUEUE + name;
    const naming = { tag: `T_${id}`, description: `id='${id}'`, id };
    const consumer = this.makeConsumer(naming, 'auto', null);
    await decided(() => this.attach(consumer, queue, { prefetch: 0 }));
    this.replyQueues.set(name, queue);
    consumer.subscription?.resume();
    return queue;
  }

  /** The outbox has room again. */
  resume(): void {
    for (const { subscription } of this.byTag.values()) subscription?.resume();
  }

  private take(tag: string, number: number, done: Set<number> | null): Delivery[] {
    const current = this.byTag.get(tag);
    const deliveries = current?.settledBy(number, done) ?? [];
    if (deliveries.length > 0) return deliveries;
    for (const consumer of this.leaving) {
      if (consumer.tag !== tag) continue;
      const found = consumer.settledBy(number, done);
      if (consumer.unacked.size === 0) this.leaving.delete(consumer);
      if (found.length > 0) return found;
    }
    return deliveries;
  }

  private makeConsumer(
    naming: Naming,
    ackMode: AckMode,
    destination: Destination | null,
  ): StompConsumer {
    const { sessionName, version } = this.host;
    const style = {
      subscription: naming.id,
      idPrefix: naming.tag + SEPARATOR + sessionName + SEPARATOR,
      acked: ackMode !== 'auto' && version === '1.2',
      escapes: version !== '1.0',
    };
    const ownsQueue = destination?.kind === 'topic';
    return new StompConsumer(this.host, { ...naming, style, ackMode, ownsQueue });
  }

  private attach(
    consumer: StompConsumer,
    queue: string,
    options: { prefetch: number; arguments?: ReturnType<typeof consumerArguments> },
  ): void {
    // It may have gone while its queue was being made.
    if (this.host.ended) throw new StompError('Connection closed', 'nobody is there any more\n');
    const noAck = consumer.options.ackMode === 'auto';
    const all = { tag: consumer.tag, noAck, ...options };
    consumer.subscription = this.host.session.subscribe(queue, consumer, all);
    this.byTag.set(consumer.tag, consumer);
  }

  private forget(consumer: StompConsumer): void {
    this.byTag.delete(consumer.tag);
    if (consumer.unacked.size > 0) this.leaving.add(consumer);
  }
}

function checkDurable(head: FrameHead): void {
  if (head.get('id') !== undefined) return;
  if (head.boolean('durable') !== true && head.boolean('persistent') !== true) return;
  const detail = "Header 'id' is required for durable subscriptions";
  throw new StompError('Missing Header', detail);
}

/** RabbitMQ's consumer tags. An id is required since STOMP 1.1, but RabbitMQ does without. */
function namingOf(head: FrameHead): Naming {
  const id = head.get('id');
  if (id !== undefined) {
    if (!id.startsWith(TEMP_QUEUE)) return { tag: `T_${id}`, description: `id='${id}'`, id };
    const detail = `${head.command} 'id' may not start with ${TEMP_QUEUE}\n`;
    throw new StompError('Invalid id', detail);
  }
  const destination = head.get('destination');
  if (destination !== undefined) {
    return { tag: `Q_${destination}`, description: `destination='${destination}'`, id: null };
  }
  const detail = `${head.command} must include a 'destination' or 'id' header`;
  throw new StompError('Missing destination or id', detail);
}

function ackModeOf(head: FrameHead): AckMode {
  const mode = head.get('ack') ?? 'auto';
  if (mode === 'auto' || mode === 'client' || mode === 'client-individual') return mode;
  throw invalidHeader('ack', mode, "'auto', 'client' or 'client-individual'");
}
