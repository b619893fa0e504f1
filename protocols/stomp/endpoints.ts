/**
 * Endpoints: the queues that destinations stand for. `/queue/…` is a durable queue, declared by
 * whoever sends or subscribes first; `/topic/…` and `/exchange/…` give each subscription a queue
 * of its own, bound to the exchange; `/amq/queue/…` and `/reply-queue/…` have to be there.
 */
import { createHash } from 'node:crypto';
import { type Fields, NO_FIELDS } from '../../src/broker/field.ts';
import { generatedName } from '../../src/broker/queue-declaration.ts';
import type { Session } from '../../src/broker/session.ts';
import type { Destination } from './destinations.ts';
import { StompError } from './errors.ts';
import type { FrameHead } from './frame-head.ts';
import { durableHeader, queueArguments } from './queue-headers.ts';

export class Endpoints {
  private readonly session: Session;
  /** Queues that this connection has declared as `/queue/…`. */
  private readonly declared = new Set<string>();

  constructor(session: Session) {
    this.session = session;
  }

  /** May messages be published there now, or has a queue to be declared first? */
  isThere(destination: Destination): boolean {
    if (destination.kind !== 'queue') return true;
    const { routingKey } = destination;
    return this.declared.has(routingKey) && this.session.vhost.topology.queues.has(routingKey);
  }

  /** Declares the queue of a `/queue/…` destination. @throws BrokerError, StompError */
  async declare(destination: Destination, head: FrameHead): Promise<void> {
    // On SEND, `persistent: false` is about the message: what it would make of the queue is never
    // what was meant.
    const asked = head.command === 'SEND' ? head.boolean('durable') : durableHeader(head);
    const durable = asked ?? true;
    const autoDelete = !durable || (head.boolean('auto-delete') ?? false);
    const exclusive = !durable || (head.boolean('exclusive') ?? false);
    const name = destination.routingKey;
    const args = queueArguments(head);
    await this.declareQueue(name, durable, exclusive, autoDelete, args);
    this.declared.add(name);
  }

  /** The queue that a subscription takes messages from. @throws BrokerError, StompError */
  async source(destination: Destination, head: FrameHead): Promise<string> {
    const { kind, routingKey } = destination;
    if (kind === 'queue') {
      await this.declare(destination, head);
      return routingKey;
    }
    if (kind === 'amqqueue' || kind === 'reply_queue') return routingKey;
    if (kind === 'temp_queue') throw notFor(head);
    return this.subscriptionQueue(destination, head);
  }

  /** A queue for replies, which goes with the connection. @throws BrokerError */
  async replyQueue(): Promise<string> {
    const name = generatedName('stomp.gen');
    await this.declareQueue(name, false, true, true, NO_FIELDS);
    return name;
  }

  private async subscriptionQueue(destination: Destination, head: FrameHead): Promise<string> {
    const { kind, exchange, routingKey } = destination;
    const durable = durableHeader(head) ?? false;
    // RabbitMQ's defaults. What is not durable is the connection's own and goes with it.
    const autoDelete = !durable || (head.boolean('auto-delete') ?? true);
    const exclusive = !durable || (head.boolean('exclusive') ?? kind === 'exchange');
    const name = head.get('x-queue-name') ?? subscriptionQueueName(routingKey, head, durable);
    const { topology } = this.session;
    // Before there is a queue that nobody would ever consume from.
    this.session.vhost.exchange(exchange);
    await this.declareQueue(name, durable, exclusive, autoDelete, queueArguments(head));
    const to = { destination: name, destinationKind: 'queue' } as const;
    await topology.bind({ source: exchange, ...to, routingKey, arguments: NO_FIELDS });
    return name;
  }

  private async declareQueue(
    name: string,
    durable: boolean,
    exclusive: boolean,
    autoDelete: boolean,
    args: Fields,
  ): Promise<void> {
    const { topology } = this.session;
    await topology.declareQueue({ name, durable, exclusive, autoDelete, arguments: args });
  }
}

/** The error for a destination that the command cannot have. */
export function notFor(head: FrameHead): StompError {
  const detail = `'${head.get('destination')}' is not a valid destination for '${head.command}'\n`;
  return new StompError('Invalid destination', detail);
}

/**
 * The name that RabbitMQ gives the queue of the same subscription, so that a client finds its
 * messages after a move: the MD5 of an Erlang term made of routing key and subscription id.
 */
function subscriptionQueueName(routingKey: string, head: FrameHead, durable: boolean): string {
  const id = head.get('id');
  if (!durable || id === undefined) return generatedName('stomp-subscription');
  const term = Buffer.concat([TUPLE_OF_TWO, erlangString(routingKey), erlangString(id)]);
  return `stomp-subscription-${createHash('md5').update(term).digest('base64url')}`;
}

/** Version 131, SMALL_TUPLE_EXT, arity 2 [Erlang External Term Format]. */
const TUPLE_OF_TWO = Buffer.from([131, 104, 2]);

/** STRING_EXT, or NIL_EXT if it is empty [Erlang External Term Format]. */
function erlangString(text: string): Buffer {
  const bytes = Buffer.from(text);
  if (bytes.length === 0) return Buffer.from([106]);
  return Buffer.concat([Buffer.from([107, bytes.length >> 8, bytes.length & 0xff]), bytes]);
}
