/**
 * AmqpConnection: one AMQP 0-9-1 connection, from the protocol header to close-ok [AMQP 2.2.4].
 * Its state is the function that takes the next method of channel 0; channels have a class of
 * their own. A client's mistake is answered here with the right close, and nobody else notices.
 * Hot path: receive, method, header, body.
 */

import type { User } from '../../src/auth/users.ts';
import type { Broker } from '../../src/broker/broker.ts';
import { BrokerError } from '../../src/broker/errors.ts';
import { type Fields, NO_FIELDS, stringOf } from '../../src/broker/field.ts';
import type { Session } from '../../src/broker/session.ts';
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
const BASIC_PUBLISH = 40;
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
  /** What has come of the protocol header; null once it is complete. */
  private greeting: Buffer | null = Buffer.alloc(0);
  private tuning: Tuning;
  private clientProperties: Fields = NO_FIELDS;
  private user: User | null = null;
  private session: Session | null = null;
  private pulse: Heartbeat | null = null;
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
    if (this.pulse !== null) this.pulse.heard = true;
    try {
      const at = this.greeting === null ? start : this.takeHeader(buffer, start, end);
      if (this.greeting === null) this.frames.read(buffer, at, end);
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

  header(number: number, buf: Buffer, start: number, end: number): void {
    const channel = this.contentChannel(number);
    if (channel === null) return;
    try {
      channel.header(buf, start, end);
    } catch (error) {
      this.trouble(error, channel, CLASS_BASIC, BASIC_PUBLISH);
    }
  }

  body(number: number, buf: Buffer, start: number, end: number): void {
    const channel = this.contentChannel(number);
    if (channel === null) return;
    try {
      channel.body(buf, start, end);
    } catch (error) {
      this.trouble(error, channel, CLASS_BASIC, BASIC_PUBLISH);
    }
  }

  heartbeat(number: number): void {
    if (number === 0) return;
    const text = `heartbeat on channel ${number}: heartbeats belong on channel 0`;
    this.trouble(new AmqpError('UNEXPECTED_FRAME', text), null, 0, 0);
  }

  // -- what channels call --------------------------------------------------------------

  /** Did the client say that it understands this extension? */
  clientCan(capability: string): boolean {
    const capabilities = this.clientProperties.get('capabilities');
    return capabilities instanceof Map && capabilities.get(capability) === true;
  }

  /** Flushes a channel's confirms at the end of this read, or of this callback. */
  flushConfirmsOf(channel: Channel): void {
    if (this.confirming.length === 0 && !this.receiving) {
      process.nextTick(() => this.flushConfirms());
    }
    this.confirming.push(channel);
  }

  flushConfirms(): void {
    if (this.confirming.length === 0) return;
    const channels = this.confirming;
    this.confirming = [];
    for (const channel of channels) if (!channel.closing) channel.confirms?.flush();
  }

  /** Stops reading for a reason; release() takes it back. */
  hold(reason: Hold): void {
    if (this.holds.size === 0) this.client.pause();
    this.holds.add(reason);
  }

  release(reason: Hold): void {
    if (this.holds.delete(reason) && this.holds.size === 0) this.client.resume();
  }

  /** Answers an error: closes the channel or the connection, as its kind demands. */
  trouble(error: unknown, channel: Channel | null, classId: number, methodId: number): void {
    if (this.closing) {
      if (!(error instanceof AmqpError)) this.client.destroy();
      return;
    }
    const { kind, reply, text } = this.replyTo(error);
    if (reply.scope === 'channel' && channel !== null) {
      this.broker.log.info(`${this.name} channel ${channel.number}: ${kind} - ${text}`);
      this.failChannel(channel, reply, replyText(kind, text), classId, methodId);
      return;
    }
    this.broker.log.info(`${this.name}: ${kind} - ${text}`);
    this.sendClose(reply, replyText(kind, text), classId, methodId);
  }

  // -- states: what may come on channel 0 -------------------------------------------------

  private awaitStartOk(method: ConnectionMethod): void {
    const args = this.expect(method, 'connection.start-ok');
    this.clientProperties = args.clientProperties;
    const { mechanisms } = this.options;
    const credentials = credentialsOf(args.mechanism, args.response, mechanisms);
    const user = this.broker.authenticate({ ...credentials, loopback: this.client.loopback });
    if (typeof user === 'string') {
      this.refuseLogin(args.mechanism, credentials.username, user);
      return;
    }
    this.user = user;
    this.send('connection.tune', this.options.tuning);
    this.become(this.awaitTuneOk);
  }

  private awaitTuneOk(method: ConnectionMethod): void {
    const chosen = this.expect(method, 'connection.tune-ok');
    this.tuning = checkTuneOk(this.options.tuning, chosen);
    this.frames.frameMax = this.tuning.frameMax;
    this.become(this.awaitOpen);
  }

  private awaitOpen(method: ConnectionMethod): void {
    const { virtualHost } = this.expect(method, 'connection.open');
    const user = this.user as User;
    this.session = this.broker.openSession(user, virtualHost);
    this.send('connection.open-ok', {});
    this.setDeadline(Number.POSITIVE_INFINITY, () => {});
    this.startHeartbeat();
    const given = stringOf(this.clientProperties.get('connection_name'));
    const shown = given === null ? this.name : `${this.name} - ${given}`;
    const granted = `user '${user.name}' authenticated and granted access to vhost '${virtualHost}'`;
    this.broker.log.info(`AMQP connection ${shown}: ${granted}`);
    this.become(this.running);
    if (this.broker.store.busy) this.hold('store');
  }

  private running(method: ConnectionMethod): void {
    if (method.name === 'connection.close') {
      this.frames.stop();
      this.leave();
      return;
    }
    if (method.name === 'connection.update-secret') {
      throw new AmqpError(
        'NOT_IMPLEMENTED',
        'update-secret needs an authentication backend for it',
      );
    }
    throw unexpectedMethod(method.name, 'running');
  }

  /** The client leaves: what it sent before is done first. */
  private leave(): void {
    for (const channel of this.channels.values()) {
      if (!channel.busy) continue;
      channel.whenIdle(() => this.leave());
      return;
    }
    this.flushConfirms();
    this.end();
    this.send('connection.close-ok', {});
    this.closing = true;
    this.client.end();
  }

  private awaitCloseOk(method: ConnectionMethod): void {
    if (method.name === 'connection.close') this.send('connection.close-ok', {});
    else if (method.name !== 'connection.close-ok') return;
    this.end();
    this.frames.stop();
    this.client.end();
  }

  private become(next: (method: ConnectionMethod) => void): void {
    this.step = next;
    this.broker.log.debug(`${this.name}: ${next.name}`);
  }

  // -- inside ----------------------------------------------------------------------------------

  /** Takes what is missing of the protocol header. Returns where the frames begin. */
  private takeHeader(buffer: Buffer, start: number, end: number): number {
    const before = this.greeting as Buffer;
    const at = Math.min(end, start + PROTOCOL_HEADER_BYTES - before.length);
    const greeting = Buffer.concat([before, buffer.subarray(start, at)]);
    this.greeting = greeting;
    if (greeting.length < PROTOCOL_HEADER_BYTES) return at;
    this.greeting = null;
    if (isProtocolHeader(greeting)) {
      this.send('connection.start', {
        versionMajor: 0,
        versionMinor: 9,
        serverProperties: serverProperties(this.options.identity),
        mechanisms: Buffer.from(this.options.mechanisms.join(' ')),
        locales: Buffer.from('en_US'),
      });
      return at;
    }
    this.outbox.write(PROTOCOL_HEADER);
    this.abort(`bad protocol header ${greeting.toString('latin1').replace(/[^ -~]/g, '?')}`);
    return end;
  }

  private decode(buf: Buffer, start: number, end: number): ConnectionMethod {
    const classId = shortAt(buf, start);
    const methodId = shortAt(buf, start + 2);
    const method = methodById(classId, methodId);
    if (method === undefined || !method.name.startsWith('connection.')) {
      throw new AmqpError('COMMAND_INVALID', `method ${classId}.${methodId} on channel 0`);
    }
    return { name: method.name, args: method.decode(buf, start + 4, end) };
  }

  /** The arguments of the one method that the state takes. @throws AmqpError CHANNEL_ERROR */
  private expect<N extends MethodName>(method: ConnectionMethod, name: N): MethodArguments<N> {
    if (method.name === name) return method.args as MethodArguments<N>;
    throw unexpectedMethod(method.name, this.step.name);
  }

  private channelMethod(channel: Channel, buf: Buffer, start: number, end: number): void {
    const classId = shortAt(buf, start);
    if (classId === CLASS_CHANNEL || channel.closing) {
      this.controlChannel(channel, buf, start, end, classId, shortAt(buf, start + 2));
    } else {
      channel.method(buf, start, end);
    }
  }

  /** Class channel, and everything on a channel that waits for close-ok. */
  private controlChannel(
    channel: Channel,
    buf: Buffer,
    start: number,
    end: number,
    classId: number,
    methodId: number,
  ): void {
    if (classId === CLASS_CHANNEL && methodId === CHANNEL_OPEN) {
      throw new AmqpError('CHANNEL_ERROR', "second 'channel.open' seen");
    }
    if (classId === CLASS_CHANNEL && methodId === CHANNEL_CLOSE_OK) {
      if (channel.closing) this.channels.delete(channel.number);
    } else if (classId === CLASS_CHANNEL && methodId === CHANNEL_CLOSE) {
      this.closeChannel(channel);
    } else if (!channel.closing) {
      channel.method(buf, start, end);
    }
  }

  private closeChannel(channel: Channel): void {
    if (channel.busy) {
      channel.whenIdle(() => this.closeChannel(channel));
      return;
    }
    channel.confirms?.flush();
    channel.close();
    channel.send('channel.close-ok', {});
    if (!channel.closing) this.channels.delete(channel.number);
  }

  private openChannel(number: number, buf: Buffer, start: number): void {
    const { session } = this;
    const isOpen =
      shortAt(buf, start) === CLASS_CHANNEL && shortAt(buf, start + 2) === CHANNEL_OPEN;
    if (session === null || !isOpen) {
      throw new AmqpError('CHANNEL_ERROR', "expected 'channel.open'");
    }
    const { channelMax, frameMax } = this.tuning;
    if (channelMax !== 0 && number > channelMax) {
      const text = `number of channels opened (${this.channels.size}) has reached the negotiated channel_max (${channelMax})`;
      throw new AmqpError('NOT_ALLOWED', text);
    }
    const channel = new Channel(number, this, session, frameMax);
    this.channels.set(number, channel);
    channel.send('channel.open-ok', {});
  }

  /** The channel of a header or body frame; null if the frame is to be ignored. */
  private contentChannel(number: number): Channel | null {
    if (this.closing) return null;
    const channel = this.channels.get(number);
    if (channel !== undefined) return channel.closing ? null : channel;
    const text =
      number === 0 ? 'content frame on channel 0' : "expected 'channel.open', got a content frame";
    const kind = number === 0 ? 'UNEXPECTED_FRAME' : 'CHANNEL_ERROR';
    this.trouble(new AmqpError(kind, text), null, 0, 0);
    return null;
  }

  /** After our connection.close only its answer counts, and acks of what is still out. */
  private acceptedWhileClosing(number: number, buf: Buffer, start: number): boolean {
    if (number === 0) return true;
    if (!this.draining || !this.channels.has(number)) return false;
    const methodId = shortAt(buf, start + 2);
    const settles = methodId === BASIC_ACK || methodId === BASIC_REJECT || methodId === BASIC_NACK;
    return shortAt(buf, start) === CLASS_BASIC && settles;
  }

  private failChannel(
    channel: Channel,
    reply: Reply,
    text: string,
    classId: number,
    methodId: number,
  ): void {
    channel.confirms?.flush();
    channel.closing = true;
    channel.close();
    const args = { replyCode: reply.code, replyText: text, classId, methodId };
    channel.send('channel.close', args);
  }

  private sendClose(reply: Reply, text: string, classId: number, methodId: number): void {
    this.flushConfirms();
    this.closing = true;
    if (!this.draining) this.closeChannels();
    this.send('connection.close', { replyCode: reply.code, replyText: text, classId, methodId });
    this.outbox.flush();
    this.setDeadline(CLOSE_OK_TIMEOUT_MS, () => this.client.destroy());
    this.become(this.awaitCloseOk);
    if (reply === REPLIES.FRAME_ERROR) this.client.end();
  }

  private replyTo(error: unknown): { kind: keyof typeof REPLIES; reply: Reply; text: string } {
    if (error instanceof AmqpError) {
      return { kind: error.kind, reply: REPLIES[error.kind], text: error.message };
    }
    if (error instanceof BrokerError) {
      return { kind: error.kind, reply: REPLY_OF_KIND[error.kind], text: error.message };
    }
    const stack = error instanceof Error ? error.stack : String(error);
    this.broker.log.error(`${this.name}: internal error: ${stack}`);
    return { kind: 'INTERNAL_ERROR', reply: REPLIES.INTERNAL_ERROR, text: 'internal error' };
  }

  private refuseLogin(mechanism: string, username: string, why: string): void {
    const { log } = this.broker;
    log.warning(`AMQP connection ${this.name}: login of '${username}' refused: ${why}`);
    if (!this.clientCan('authentication_failure_close')) {
      this.closing = true;
      this.setDeadline(SILENT_CLOSE_DELAY_MS, () => this.client.destroy());
      return;
    }
    const text = `Login was refused using authentication mechanism ${mechanism}. For details see the broker logfile.`;
    this.sendClose(REPLIES.ACCESS_REFUSED, replyText('ACCESS_REFUSED', text), 0, 0);
  }

  private startHeartbeat(): void {
    const seconds = this.tuning.heartbeat;
    if (seconds === 0) return;
    this.pulse = new Heartbeat(this.broker.clock, this.outbox, seconds * 1000, () => {
      this.broker.log.warning(`AMQP connection ${this.name}: no heartbeat in time, closing`);
      this.client.destroy();
    });
  }

  private setDeadline(ms: number, run: () => void): void {
    this.deadline?.cancel();
    this.deadline = this.broker.clock.schedule(ms, run);
  }

  private abort(why: string): void {
    this.broker.log.warning(`AMQP connection ${this.name}: ${why}`);
    this.closing = true;
    this.frames.stop();
    this.client.end();
  }

  private closeChannels(): void {
    for (const channel of this.channels.values()) channel.close();
  }

  /** Gives everything back. May be called more than once. */
  private end(): void {
    this.deadline?.cancel();
    this.pulse?.stop();
    this.pulse = null;
    this.closeChannels();
    this.channels.clear();
    const { session } = this;
    this.session = null;
    session?.close().catch((error: Error) => {
      this.broker.log.error(`${this.name}: closing its session failed: ${error.message}`);
    });
  }

  private send<N extends ServerMethod>(name: N, args: MethodArguments<N>): void {
    this.outbox.write(methodFrame(name, 0, args));
  }
}

function unexpectedMethod(name: MethodName, state: string): AmqpError {
  return new AmqpError('CHANNEL_ERROR', `unexpected method ${name} in connection state ${state}`);
}
