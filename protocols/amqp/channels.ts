/**
 * Channels: the channels of one connection by number: opening, closing, and which frames reach
 * them [AMQP 2.2.2.1]. A channel that we closed because of an error ignores everything until the
 * client's close-ok; then its number may be used again. Hot path: method, header, body.
 */
import type { Session } from '../../src/broker/session.ts';
import { Channel } from './channel.ts';
import type { AmqpConnection } from './connection.ts';
import { AmqpError } from './errors.ts';
import { BASIC_CLASS } from './spec.ts';
import { shortAt } from './wire.ts';

const CLASS_CHANNEL = 20;
const OPEN = 10;
const CLOSE = 40;
const CLOSE_OK = 41;
/** What a client that closes a channel may still have on its way: publish, ack, reject, nack. */
const LEFTOVERS: readonly number[] = [40, 80, 90, 120];

export class Channels {
  private readonly connection: AmqpConnection;
  private readonly byNumber = new Map<number, Channel>();
  /** The channel of the last frame: most frames are for the same one again. */
  private last: Channel | null = null;
  /** The channel that the client closed last; −1 if it is open again. */
  private justClosed = -1;

  constructor(connection: AmqpConnection) {
    this.connection = connection;
  }

  /** The channel of that number, null if it is not open. */
  get(number: number): Channel | null {
    const { last } = this;
    if (last !== null && last.number === number) return last;
    const channel = this.byNumber.get(number) ?? null;
    this.last = channel;
    return channel;
  }

  get size(): number {
    return this.byNumber.size;
  }

  /** Every channel that is open or waits for close-ok. */
  all(): Iterable<Channel> {
    return this.byNumber.values();
  }

  /** One whose method waits for the catalog or the store; null if all are idle. */
  busy(): Channel | null {
    for (const channel of this.byNumber.values()) if (channel.busy) return channel;
    return null;
  }

  /**
   * Takes a method of an open channel.
   * @throws AmqpError, BrokerError
   */
  method(channel: Channel, buf: Buffer, start: number, end: number): void {
    const classId = shortAt(buf, start);
    if (classId !== CLASS_CHANNEL) {
      if (!channel.closing) channel.method(buf, start, end);
      return;
    }
    const methodId = shortAt(buf, start + 2);
    if (methodId === OPEN) throw new AmqpError('CHANNEL_ERROR', "second 'channel.open' seen");
    if (methodId === CLOSE) this.close(channel);
    else if (methodId === CLOSE_OK) this.closed(channel);
    else if (!channel.closing) channel.method(buf, start, end);
  }

  /**
   * Takes a method of a channel that is not open: channel.open. A client whose threads share a
   * connection may publish or settle on a channel that it has just closed; that does no harm.
   * @param limit how many may be open, whatever their numbers (RabbitMQ); 0 for any number
   * @throws AmqpError CHANNEL_ERROR for any other method, NOT_ALLOWED beyond the limit
   */
  open(number: number, buf: Buffer, start: number, session: Session, limit: number): void {
    const classId = shortAt(buf, start);
    const methodId = shortAt(buf, start + 2);
    if (classId !== CLASS_CHANNEL || methodId !== OPEN) {
      const leftover = classId === BASIC_CLASS && LEFTOVERS.includes(methodId);
      if (number === this.justClosed && leftover) return;
      throw new AmqpError('CHANNEL_ERROR', "expected 'channel.open'");
    }
    const { size } = this.byNumber;
    if (limit !== 0 && size >= limit) {
      const reached = `has reached the negotiated channel_max (${limit})`;
      const text = `number of channels opened (${size}) ${reached}`;
      throw new AmqpError('NOT_ALLOWED', text, { classId: 0, methodId: 0 });
    }
    const channel = new Channel(number, this.connection, session);
    this.byNumber.set(number, channel);
    session.totals.churn.channelCreated++;
    if (number === this.justClosed) this.justClosed = -1;
    channel.send('channel.open-ok', {});
  }

  /**
   * The channel that a header or body frame is for; null if the frame is to be ignored.
   * @throws AmqpError UNEXPECTED_FRAME on channel 0, CHANNEL_ERROR on one that is not open
   */
  ofContent(number: number): Channel | null {
    const channel = this.get(number);
    if (channel !== null) return channel.closing ? null : channel;
    if (number === 0) {
      const nothing = { classId: 0, methodId: 0 };
      throw new AmqpError('UNEXPECTED_FRAME', 'content frame on channel 0', nothing);
    }
    if (number === this.justClosed) return null;
    throw new AmqpError('CHANNEL_ERROR', "expected 'channel.open'");
  }

  /** Ends every channel and gives back what they hold. */
  end(): void {
    for (const channel of this.byNumber.values()) channel.close();
    this.byNumber.clear();
    this.last = null;
  }

  /** The client closes a channel: what it sent on it before is done first. */
  private close(channel: Channel): void {
    if (channel.busy) {
      channel.whenIdle(() => this.close(channel));
      return;
    }
    channel.confirms?.flush();
    channel.close();
    channel.send('channel.close-ok', {});
    // Both sides closed at once: our close still waits for its own answer.
    if (channel.closing) return;
    this.justClosed = channel.number;
    this.remove(channel);
  }

  private closed(channel: Channel): void {
    if (channel.closing) this.remove(channel);
  }

  private remove(channel: Channel): void {
    this.byNumber.delete(channel.number);
    this.last = null;
  }
}
