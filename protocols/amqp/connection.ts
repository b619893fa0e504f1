/**
 * AmqpConnection: one AMQP 0-9-1 connection, from the protocol header to close-ok [AMQP 2.2.4].
 * Its state is the function that takes the next method of channel 0; channels have a class of
 * their own. A client's mistake is answered here with the right close, and nobody else notices.
 * Hot path: receive, method, header, body.
 */
import type { Broker } from '../../src/broker/broker.ts';
import { BrokerError } from '../../src/broker/errors.ts';
import { type Fields, NO_FIELDS, stringOf } from '../../src/broker/field.ts';
import type { Session } from '../../src/broker/session.ts';
import type { User } from '../../src/auth/users.ts';
import type { Timer } from '../../src/clock.ts';
import { CLOSE_OK_TIMEOUT_MS, SILENT_CLOSE_DELAY_MS } from '../../src/limits.ts';
import type { Outbox } from '../../src/server/outbox.ts';
import type { Client, Connection } from '../../src/server/protocol.ts';
import { Channel } from './channel.ts';
import { methodById, methodFrame } from './compile.ts';
import { AmqpError, REPLIES, REPLY_OF_KIND, type Reply, replyText } from './errors.ts';
import { FrameReader, type FrameSink } from './frames.ts';
import {
  checkTuneOk,
  isProtocolHeader,
  PROTOCOL_HEADER,
  PROTOCOL_HEADER_BYTES,
  type ServerIdentity,
  serverProperties,
  type Tuning,
} from './handshake.ts';
import { Heartbeat } from './heartbeat.ts';
import { credentialsOf } from './sasl.ts';
import type { MethodArguments, MethodName, ServerMethod } from './spec.ts';
import { shortAt } from './wire.ts';

export interface AmqpOptions {
  readonly identity: ServerIdentity;
  /** Proposed to clients. */
  readonly tuning: Tuning;
  /** Bytes of the largest frame before tuning. */
  readonly initialFrameMax: number;
  /** SASL mechanisms offered, in order of preference. */
  readonly mechanisms: readonly string[];
  /** How long a client may take to open its connection; Infinity for ever. */
  readonly handshakeTimeoutMs: number;
}

/** A method of channel 0. */
interface ConnectionMethod {
  readonly name: MethodName;
  readonly args: unknown;
}

/** Why the socket is not read from. */
type Hold = 'outbox' | 'store' | 'backlog';

const CLASS_CHANNEL = 20;
const CHANNEL_OPEN = 10;
const CHANNEL_CLOSE = 40;
const CHANNEL_CLOSE_OK = 41;
const CLASS_BASIC = 60;
const BASIC_ACK = 80;
const BASIC_REJECT = 90;
const BASIC_NACK = 120;

export class AmqpConnection implements Connection, FrameSink {
  readonly outbox: Outbox;
  private readonly client: Client;
  private readonly broker: Broker;
  private readonly options: AmqpOptions;
  private readonly frames: FrameReader;
  private readonly channels = new Map<number, Channel>();
  private readonly holds = new Set<Hold>();
  /** The state: what takes the next method of channel 0. Changed by become() only. */
  private step: (method: ConnectionMethod) => void = this.awaitStartOk;
  private header: Buffer | null = Buffer.alloc(0);
  private tuning: Tuning;
  private clientProperties: Fields = NO_FIELDS;
  private user: User | null = null;
  private session: Session | null = null;
  private heartbeat: Heartbeat | null = null;
  private deadline: Timer | null = null;
  /** Channels whose confirms wait for the end of this read. */
  private confirming: Channel[] = [];
  private receiving = false;
  /** We have said goodbye: nothing but close-ok matters, and acks if `draining`. */
  private closing = false;
  private draining = false;

  constructor(client: Client, broker: Broker, options: AmqpOptions) {
    this.client = client;
    this.broker = broker;
    this.options = options;
    this.outbox = client.outbox;
    this.tuning = { ...options.tuning, frameMax: options.initialFrameMax };
    this.frames = new FrameReader(this, options.initialFrameMax);
    this.setDeadline(options.handshakeTimeoutMs, () => this.abort('handshake timed out'));
  }

  /** `127.0.0.1:40001 -> 127.0.0.1:5672`, as RabbitMQ names connections. */
  get name(): string {
    const { remoteAddress, remotePort, localAddress, localPort } = this.client;
    return `${remoteAddress}:${remotePort} -> ${localAddress}:${localPort}`;
  }

  // -- Connection: what the listener calls ---------------------------------------

  receive(buffer: Buffer, start: number, end: number): void {
    this.receiving = true;
    if (this.heartbeat !== null) this.heartbeat.heard = true;
    try {
      const at = this.header === null ? start : this.takeHeader(buffer, start, end);
      if (this.header === null) this.frames.read(buffer, at, end);
    } catch (error) {
      this.trouble(error, null, 0, 0);
    }
    this.receiving = false;
    this.flushConfirms();
    if (this.outbox.stalled) this.hold('outbox');
  }

  drained(): void {
    this.release('outbox');
    for (const channel of this.channels.values()) channel.resumeConsumers();
  }

  storeBusy(busy: boolean): void {
    if (busy && this.session !== null) this.hold('store');
    else this.release('store');
  }

  closed(): void {
    this.end();
    if (this.user !== null) this.broker.log.info(`closing AMQP connection ${this.name}`);
  }

  stop(reason: string): void {
    for (const channel of this.channels.values()) channel.cancelConsumers();
    if (this.closing) return;
    if (this.session === null) {
      this.client.destroy();
      return;
    }
    const text = `broker forced connection closure with reason '${reason}'`;
    this.draining = true;
    this.sendClose(REPLIES.CONNECTION_FORCED, replyText('CONNECTION_FORCED', text), 0, 0);
  }

  // -- FrameSink: what the reader calls ---------------------------------------------

  method(number: number, buf: Buffer, start: number, end: number): void {
    if (end - start < 4) throw new AmqpError('SYNTAX_ERROR', 'method frame without method');
    const channel = number === 0 ? null : (this.channels.get(number) ?? null);
    try {
      if (this.closing && !this.acceptedWhileClosing(number, buf, start)) return;
      if (channel !== null) this.channelMethod(channel, buf, start, end);
      else if (number === 0) this.step(this.decode(buf, start, end));
      else this.openChannel(number, buf, start);
    } catch (error) {
      this.trouble(error, channel, shortAt(buf, start), shortAt(buf, start + 2));
    }
  }

  // biome-ignore format: one line shows that header and body are treated alike
  header_(number: number, buf: Buffer, start: number, end: number): void { this.content(number, 'header', buf, start, end); }

  body(number: number, buf: Buffer, start: number, end: number): void {
    this.content(number, 'body', buf, start, end);
  }

  heartbeat_(): void {}
}
