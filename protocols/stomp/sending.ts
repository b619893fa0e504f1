/**
 * Sending: from a SEND frame to a published message. Senders repeat themselves: as long as only
 * receipt, transaction and length differ from the frame before, destination and properties are
 * those of the frame before. Hot path: send, when the destination is known.
 */
import { whenDecided } from '../../src/auth/undecided.ts';
import { Message } from '../../src/broker/message.ts';
import { NO_PROPERTIES, type Properties } from '../../src/broker/properties.ts';
import type { Receipt } from '../../src/broker/receipt.ts';
import type { Session } from '../../src/broker/session.ts';
import { type Destination, findDestination, parseDestination } from './destinations.ts';
import { type Endpoints, notFor } from './endpoints.ts';
import { StompError } from './errors.ts';
import type { FrameHead } from './frame-head.ts';
import { propertiesOf } from './properties.ts';
import type { Receipts } from './receipts.ts';

/** What sending needs of its connection. */
export interface SendingHost {
  readonly session: Session;
  readonly endpoints: Endpoints;
  readonly receipts: Receipts;
  /** Where `/topic/…` leads. */
  readonly topicExchange: string;
  /** The queue behind `/temp-queue/<name>`, with a subscription to it; '' until it is there. */
  replyQueue(name: string): string;
  openReplyQueue(name: string): Promise<string>;
}

/** Where a SEND goes and what it says about its message. */
interface Target {
  /** The headers that decided it. */
  readonly names: readonly string[];
  readonly values: readonly string[];
  readonly destination: Destination;
  readonly properties: Properties;
  /** The temporary queue that replies are to go to, if any. */
  readonly replyTo: string | null;
}

/** A SEND that is ready: its queue is there. */
export interface Outgoing {
  readonly message: Message;
  readonly receipt: string | undefined;
}

export class Sending {
  private readonly host: SendingHost;
  private last: Target | null = null;

  constructor(host: SendingHost) {
    this.host = host;
  }

  /** Publishes, at once if it can. @throws StompError, BrokerError */
  send(head: FrameHead, body: Buffer): void | Promise<void> {
    const target = this.targetOf(head);
    if (target.replyTo === null && this.host.endpoints.isThere(target.destination)) {
      const { exchange, routingKey } = target.destination;
      const message = new Message(exchange, routingKey, target.properties, body);
      return this.publish({ message, receipt: head.get('receipt') });
    }
    return this.prepare(head, body).then((outgoing) => this.publish(outgoing));
  }

  /** Makes a message of it, and its queue if there is none. @throws StompError, BrokerError */
  async prepare(head: FrameHead, body: Buffer): Promise<Outgoing> {
    const { destination, properties, replyTo } = this.targetOf(head);
    const { endpoints } = this.host;
    if (!endpoints.isThere(destination)) await endpoints.declare(destination, head);
    const { exchange, routingKey } = destination;
    const replies = replyTo === null ? properties : await this.withReplyQueue(properties, replyTo);
    const message = new Message(exchange, routingKey, replies, body);
    return { message, receipt: head.get('receipt') };
  }

  /** Publishes, at once unless somebody has to be asked whether it may. @throws BrokerError */
  publish({ message, receipt }: Outgoing): void | Promise<void> {
    const held = receipt === undefined ? null : this.host.receipts.next(receipt);
    try {
      this.publishWith(held, message);
    } catch (error) {
      return this.publishLater(error, held, message);
    }
  }

  /** Makes the closure, so that publish() makes none when all goes well. */
  private publishLater(error: unknown, held: Receipt | null, message: Message): Promise<void> {
    return whenDecided(error, () => this.publishWith(held, message));
  }

  private publishWith(receipt: Receipt | null, message: Message): void {
    this.host.session.publish(message, receipt);
    receipt?.release();
  }

  private async withReplyQueue(properties: Properties, name: string): Promise<Properties> {
    const { host } = this;
    const replyTo = host.replyQueue(name) || (await host.openReplyQueue(name));
    return properties.with({ replyTo });
  }

  private targetOf(head: FrameHead): Target {
    const { last } = this;
    if (last !== null && sameTarget(head, last)) return last;
    const target = this.findTarget(head);
    this.last = target;
    return target;
  }

  private findTarget(head: FrameHead): Target {
    if (head.get('message-id') !== undefined) {
      const detail = "'message-id' is not allowed on 'SEND'.\n";
      throw new StompError('Invalid header', detail);
    }
    const destination = destinationOf(head, this.host.topicExchange);
    if (destination.kind === 'temp_queue') throw notFor(head);
    const names: string[] = [];
    const values: string[] = [];
    for (const [index, name] of head.names.entries()) {
      if (differs(name)) continue;
      names.push(name);
      values.push(head.values[index]!);
    }
    const properties = names.length === 1 ? NO_PROPERTIES : propertiesOf(names, values);
    const replyTo = temporaryQueue(properties.replyTo, this.host.topicExchange);
    return { names, values, destination, properties, replyTo };
  }
}

/** The frame's destination. @throws StompError if it has none, or a bad one */
export function destinationOf(head: FrameHead, topicExchange: string): Destination {
  const text = head.get('destination');
  if (text !== undefined) return parseDestination(text, topicExchange);
  const detail = `"${head.command}" must include a 'destination' header\n`;
  throw new StompError('Missing destination', detail);
}

function temporaryQueue(replyTo: string | undefined, topicExchange: string): string | null {
  if (replyTo === undefined || !replyTo.startsWith('/temp-queue/')) return null;
  return findDestination(replyTo, topicExchange)?.routingKey ?? null;
}

/** Headers that change from frame to frame and decide nothing. */
function differs(name: string): boolean {
  return name === 'content-length' || name === 'receipt' || name === 'transaction';
}

function sameTarget(head: FrameHead, target: Target): boolean {
  const { names, values } = head;
  let at = 0;
  for (let i = 0; i < names.length; i++) {
    const name = names[i]!;
    if (differs(name)) continue;
    if (target.names[at] !== name || target.values[at] !== values[i]) return false;
    at++;
  }
  return at === target.names.length;
}
