/**
 * Firehose: copies every message that is published and delivered in a vhost to the exchange
 * `amq.rabbitmq.trace`, with what happened to it in the headers, as RabbitMQ does. There is one
 * only while the vhost's setting says so. Copies are published in a later turn, because a delivery
 * happens inside a publish.
 */
import type { Delivery } from '../delivery.ts';
import type { Exchange } from '../exchange/exchange.ts';
import type { Field, Fields } from '../field.ts';
import { Message } from '../message.ts';
import { Properties } from '../properties.ts';
import type { Queue } from '../queue/queue.ts';
import type { Traffic } from '../traffic.ts';
import type { Tracer } from './tracer.ts';

/** Where the copies go; what is published there is not traced. */
export const TRACE_EXCHANGE = 'amq.rabbitmq.trace';

/** What a firehose needs of its vhost. */
export interface CopiedVhost {
  readonly name: string;
  exchange(name: string): Exchange;
  publish(exchange: Exchange, message: Message, extraKeys: null, receipt: null): number;
}

/** The properties, by their names in AMQP, in the order of RabbitMQ's table. */
const PROPERTIES = [
  ['content_type', 'contentType'],
  ['content_encoding', 'contentEncoding'],
  ['headers', 'headers'],
  ['delivery_mode', 'deliveryMode'],
  ['priority', 'priority'],
  ['correlation_id', 'correlationId'],
  ['reply_to', 'replyTo'],
  ['expiration', 'expiration'],
  ['message_id', 'messageId'],
  ['timestamp', 'timestamp'],
  ['type', 'type'],
  ['user_id', 'userId'],
  ['app_id', 'appId'],
  ['cluster_id', 'clusterId'],
] as const;

export class Firehose implements Tracer {
  private readonly vhost: CopiedVhost;
  private readonly node: string;
  private copies: Message[] = [];
  private scheduled = false;
  /** Of the publish in progress: where it goes, and the place of its copy. */
  private reached: readonly Queue[] = [];
  private place = 0;

  /** @param node how this broker is called among others */
  constructor(vhost: CopiedVhost, node: string) {
    this.vhost = vhost;
    this.node = node;
  }

  routed(_message: Message, queues: readonly Queue[]): void {
    this.reached = queues;
    this.place = this.copies.length;
  }

  published(message: Message, copyKeys: readonly string[] | null, traffic: Traffic): void {
    const queues = this.reached.map(({ name }) => name);
    const keys = [message.routingKey, ...(copyKeys ?? [])];
    const headers = this.headersOf(message, keys, traffic).set('routed_queues', queues);
    // Before those of the deliveries that it led to at once.
    this.copy(message, `publish.${message.exchange}`, headers, this.place);
  }

  delivered({ message, queue, redelivered }: Delivery, traffic: Traffic): void {
    const keys = [message.routingKey, ...(message.copyKeys('CC') ?? [])];
    const headers = this.headersOf(message, keys, traffic).set('redelivered', redelivered ? 1 : 0);
    this.copy(message, `deliver.${queue.name}`, headers, this.copies.length);
  }

  private headersOf(
    message: Message,
    keys: readonly string[],
    { session, channel }: Traffic,
  ): Map<string, Field> {
    return new Map<string, Field>([
      ['exchange_name', message.exchange],
      ['routing_keys', keys],
      ['properties', tableOf(message.properties)],
      ['node', this.node],
      ['vhost', this.vhost.name],
      ['connection', session?.connectionName ?? ''],
      ['channel', channel?.number ?? 0],
      ['user', session?.user.name ?? ''],
    ]);
  }

  private copy({ exchange, body }: Message, key: string, headers: Fields, place: number): void {
    if (exchange === TRACE_EXCHANGE) return;
    const copy = new Message(TRACE_EXCHANGE, key, new Properties({ headers }), body);
    this.copies.splice(place, 0, copy);
    if (this.scheduled) return;
    this.scheduled = true;
    setImmediate(() => this.send());
  }

  // RabbitMQ copies no more than that.
  returned(): void {}
  kept(): void {}
  settled(): void {}
  refused(): void {}
  died(): void {}
  forwarded(): void {}

  /** Nothing is copied any more, not even what waits. */
  stop(): void {
    this.copies = [];
  }

  private send(): void {
    const { copies } = this;
    this.copies = [];
    this.scheduled = false;
    const exchange = this.vhost.exchange(TRACE_EXCHANGE);
    for (const copy of copies) this.vhost.publish(exchange, copy, null, null);
  }
}

function tableOf(properties: Properties): Fields {
  const table = new Map<string, Field>();
  for (const [name, key] of PROPERTIES) {
    const value = properties[key];
    if (value !== undefined) table.set(name, value);
  }
  return table;
}
