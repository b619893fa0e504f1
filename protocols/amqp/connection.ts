/**
 * AmqpConnection: one AMQP 0-9-1 connection, from the protocol header to close-ok [AMQP 2.2.4].
 * Opening it is handshake.ts, its channels are channels.ts; here are the frames, the end, and the
 * answer to every mistake: the right close for the client, and nobody else notices. Hot path:
 * receive, method, header, body.
 */
import type { Broker } from '../../src/broker/broker.ts';
import type { Session } from '../../src/broker/session.ts';
import type { Timer } from '../../src/clock.ts';
import {
  CLOSE_OK_TIMEOUT_MS,
  FRAME_BACKLOG_BYTES,
  SILENT_CLOSE_DELAY_MS,
} from '../../src/limits.ts';
import type { Outbox } from '../../src/server/outbox.ts';
import type { Client, Connection, Description } from '../../src/server/protocol.ts';
import { type AlarmTeller, Reading } from '../../src/server/reading.ts';
import type { Channel } from './channel.ts';
import { Channels } from './channels.ts';
import { methodFrame } from './compile.ts';
import { type ConnectionMethod, connectionMethod, unexpectedMethod } from './connection-method.ts';
import { describe, loginText } from './description.ts';
import {
  AmqpError,
  type Answer,
  answerTo,
  forcedText,
  type MethodIds,
  REPLIES,
  type Reply,
  replyText,
} from './errors.ts';
import { FrameReader, type FrameSink } from './frames.ts';
import { can, Handshake, type HandshakeHost, type HandshakeOptions } from './handshake.ts';
import { Heartbeat } from './heartbeat.ts';
import type { Tuning } from './negotiation.ts';
import type { MethodArguments, ServerMethod } from './spec.ts';
import { updateSecret } from './update-secret.ts';
import { shortAt } from './wire.ts';

/** No method is at fault. */
const NONE: MethodIds = { classId: 0, methodId: 0 };

const CLASS_BASIC = 60;
const PUBLISH = 40;
/** What may still come on a channel while the broker says goodbye: ack, reject, nack. */
const SETTLING: readonly number[] = [80, 90, 120];

export class AmqpConnection implements Connection, FrameSink, HandshakeHost, AlarmTeller {
  readonly broker: Broker;
  readonly client: Client;
  readonly outbox: Outbox;
  /** As negotiated. */
  tuning: Tuning;
  private readonly frames: FrameReader;
  private readonly handshake: Handshake;
  private readonly channels = new Channels(this);
  private readonly reading: Reading;
  /** Bytes that channels hold back. */
  private backlogBytes = 0;
  /** The state: what takes the next method of channel 0. Changed by become() only. */
  private step: (method: ConnectionMethod) => void = this.opening;
  private session: Session | null = null;
  private deadline: Timer | null = null;
  /** Channels whose confirms wait for the end of this read. */
  private confirming: Channel[] = [];
  private receiving = false;
  /** Goodbye has been said, or the socket is gone: only its answer matters, acks if `draining`. */
  closing = false;
  private draining = false;
  /** The client has said goodbye and has its answer, or its socket is gone. */
  private left = false;

  constructor(client: Client, broker: Broker, options: HandshakeOptions) {
    this.client = client;
    this.broker = broker;
    this.outbox = client.outbox;
    this.reading = new Reading(client, broker, this);
    this.tuning = { ...options.tuning, frameMax: options.initialFrameMax };
    this.frames = new FrameReader(this, options.initialFrameMax);
    this.handshake = new Handshake(this, options);
    this.setDeadline(options.handshakeTimeoutMs, () => this.abort('handshake timed out'));
  }

  /** `127.0.0.1:40001 -> 127.0.0.1:5672`, as RabbitMQ names connections. */
  get name(): string {
    return this.client.name;
  }

  // -- Connection: what the listener calls --

  receive(buffer: Buffer, start: number, end: number): void {
    this.receiving = true;
    this.reading.pulse?.hear();
    try {
      const { handshake } = this;
      const at = handshake.awaitsHeader ? handshake.takeHeader(buffer, start, end) : start;
      if (!handshake.awaitsHeader) this.frames.read(buffer, at, end);
    } catch (error) {
      this.trouble(error, null, 0, 0);
    }
    this.receiving = false;
    this.flushConfirms();
    if (this.outbox.stalled) this.reading.hold('outbox');
  }

  drained(): void {
    this.reading.release('outbox');
    for (const channel of this.channels.all()) channel.resume();
  }

  storeBusy(busy: boolean): void {
    this.reading.gate.storeBusy(busy);
  }

  alarmed(reason: string | null): void {
    this.reading.gate.alarmed(reason);
  }

  closed(): void {
    this.closing = true;
    this.left = true;
    if (this.session !== null) this.broker.log.info(`AMQP connection ${this.name}: lost`);
    this.end();
  }

  stop(reason: string): void {
    for (const channel of this.channels.all()) channel.drain();
    if (this.left) this.client.end();
    if (this.closing) return;
    if (this.session === null) {
      this.client.destroy();
      return;
    }
    this.draining = true;
    this.refuse(REPLIES.CONNECTION_FORCED, forcedText(reason));
  }

  describe(): Description {
    const state = this.closing ? 'closing' : this.reading.gate.state;
    return describe(this.handshake, this.session, this.tuning, state, this.channels.size);
  }

  // -- FrameSink: what the frame reader calls --

  method(number: number, buf: Buffer, start: number, end: number): void {
    const channel = this.channels.get(number);
    try {
      if (end - start < 4)
        throw new AmqpError('FRAME_ERROR', 'method frame without a method', NONE);
      if (this.closing && !this.countsWhileClosing(number, buf, start)) return;
      if (channel !== null) this.channels.method(channel, buf, start, end);
      else if (number === 0) this.step(connectionMethod(buf, start, end));
      else this.openChannel(number, buf, start);
    } catch (error) {
      this.trouble(error, channel, shortAt(buf, start), shortAt(buf, start + 2));
    }
  }

  header(number: number, buf: Buffer, start: number, end: number): void {
    if (this.closing) return;
    if (this.reading.gate.watching) this.reading.gate.published();
    let channel: Channel | null = null;
    try {
      channel = this.channels.ofContent(number);
      channel?.header(buf, start, end);
    } catch (error) {
      this.trouble(error, channel, CLASS_BASIC, PUBLISH);
    }
  }

  body(number: number, buf: Buffer, start: number, end: number): void {
    if (this.closing) return;
    let channel: Channel | null = null;
    try {
      channel = this.channels.ofContent(number);
      channel?.body(buf, start, end);
    } catch (error) {
      this.trouble(error, channel, CLASS_BASIC, PUBLISH);
    }
  }

  heartbeat(number: number): void {
    if (number === 0) return;
    const text = `heartbeat on channel ${number}: they belong on channel 0`;
    this.trouble(new AmqpError('UNEXPECTED_FRAME', text), null, 0, 0);
  }

  // -- HandshakeHost: what the handshake calls --

  send<N extends ServerMethod>(name: N, args: MethodArguments<N>): void {
    this.outbox.write(methodFrame(name, 0, args));
  }

  tuned(tuning: Tuning): void {
    this.tuning = tuning;
    this.frames.frameMax = tuning.frameMax;
  }

  opened(session: Session): void {
    this.session = session;
    this.setDeadline(Number.POSITIVE_INFINITY, () => {});
    this.startHeartbeat();
    this.broker.log.info(loginText(this.name, this.handshake, session));
    this.become(this.running);
  }

  expelled(reason: string): void {
    if (this.closing) return;
    this.refuse(REPLIES.CONNECTION_FORCED, forcedText(reason));
  }

  refuse(reply: Reply, text: string): void {
    this.sendClose(reply, text, 0, 0);
  }

  ignore(): void {
    this.closing = true;
    this.frames.stop();
    this.setDeadline(SILENT_CLOSE_DELAY_MS, () => this.client.destroy());
  }

  abort(why: string): void {
    this.broker.log.warning(`AMQP connection ${this.name}: ${why}`);
    this.closing = true;
    this.frames.stop();
    this.client.end();
  }

  // -- what channels call --

  /** Did the client say that it understands this extension? */
  clientCan(capability: string): boolean {
    return can(this.handshake.clientProperties, capability);
  }

  // -- AlarmTeller: publishers are held back, or no longer --

  blocked(reason: string): void {
    if (this.hearsAlarms) this.send('connection.blocked', { reason });
  }

  unblocked(): void {
    if (this.hearsAlarms) this.send('connection.unblocked', {});
  }

  private get hearsAlarms(): boolean {
    return !this.closing && this.clientCan('connection.blocked');
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

  heldBack(bytes: number): void {
    this.backlogBytes += bytes;
    if (this.backlogBytes > FRAME_BACKLOG_BYTES) this.reading.hold('waiting');
    else this.reading.release('waiting');
  }

  /** Answers an error: closes the channel or the connection, as its kind demands. */
  trouble(error: unknown, channel: Channel | null, handledClass: number, handled: number): void {
    const { kind, reply, text } = answerTo(error) ?? this.mistake(error);
    if (this.closing) return;
    const about = error instanceof AmqpError ? error.method : null;
    const { classId, methodId } = about ?? { classId: handledClass, methodId: handled };
    if (reply.scope === 'channel' && channel !== null) {
      this.broker.log.info(`${this.name} channel ${channel.number}: ${kind} - ${text}`);
      channel.fail(reply, replyText(kind, text), classId, methodId);
      return;
    }
    this.broker.log.info(`${this.name}: ${kind} - ${text}`);
    this.sendClose(reply, replyText(kind, text), classId, methodId);
  }

  // -- states: what may come on channel 0 --

  private opening(method: ConnectionMethod): void {
    this.handshake.take(method);
  }

  private running(method: ConnectionMethod): void {
    if (method.name === 'connection.close') {
      this.frames.stop();
      this.leave();
    } else if (method.name === 'connection.update-secret') {
      updateSecret(this, this.session as Session, method.args);
    } else {
      throw unexpectedMethod('running');
    }
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
    this.broker.log.debug(`AMQP connection ${this.name}: ${next.name}`);
  }

  // -- the end --

  /** The client leaves: what it sent before is done first. */
  private leave(): void {
    const busy = this.channels.busy();
    if (busy !== null) {
      busy.whenIdle(() => this.leave());
      return;
    }
    this.flushConfirms();
    this.broker.log.info(`AMQP connection ${this.name}: closed by the client`);
    this.closing = true;
    // A client that has its close-ok may declare its exclusive queues anew. It ends the socket: an
    // end of ours may overtake its reading of the answer (amqp091-go calls that an error).
    void this.end().then(() => {
      if (this.left) return;
      this.left = true;
      this.send('connection.close-ok', {});
      this.setDeadline(CLOSE_OK_TIMEOUT_MS, () => this.client.end());
    });
  }

  private sendClose(reply: Reply, text: string, classId: number, methodId: number): void {
    this.flushConfirms();
    this.closing = true;
    if (!this.draining) this.channels.end();
    this.send('connection.close', { replyCode: reply.code, replyText: text, classId, methodId });
    this.setDeadline(CLOSE_OK_TIMEOUT_MS, () => this.client.destroy());
    this.become(this.awaitCloseOk);
    this.reading.finish();
    // The borders between frames are lost: the answer could not be read.
    if (reply === REPLIES.FRAME_ERROR) this.client.end();
  }

  /** Gives everything back. May be called more than once. */
  private async end(): Promise<void> {
    this.deadline?.cancel();
    this.reading.stopPulse();
    this.channels.end();
    const { session } = this;
    this.session = null;
    await session?.close().catch((error: Error) => {
      this.broker.log.error(`${this.name}: closing its session failed: ${error.message}`);
    });
  }

  // -- inside --

  private openChannel(number: number, buf: Buffer, start: number): void {
    const { session } = this;
    if (session === null) throw new AmqpError('CHANNEL_ERROR', 'the connection is not open yet');
    this.channels.open(number, buf, start, session, this.tuning.channelMax);
  }

  private countsWhileClosing(number: number, buf: Buffer, start: number): boolean {
    if (number === 0) return true;
    if (!this.draining || shortAt(buf, start) !== CLASS_BASIC) return false;
    return this.channels.get(number) !== null && SETTLING.includes(shortAt(buf, start + 2));
  }

  private mistake(error: unknown): Answer {
    const stack = error instanceof Error ? error.stack : String(error);
    this.broker.log.error(`${this.name}: internal error: ${stack}`);
    return { kind: 'INTERNAL_ERROR', reply: REPLIES.INTERNAL_ERROR, text: 'internal error' };
  }

  private startHeartbeat(): void {
    const seconds = this.tuning.heartbeat;
    if (seconds === 0) return;
    this.reading.pulse = new Heartbeat(this.broker.clock, this.outbox, seconds * 1000, () => {
      this.broker.log.warning(`AMQP connection ${this.name}: missed heartbeats, closing`);
      this.client.destroy();
    });
  }

  private setDeadline(ms: number, run: () => void): void {
    this.deadline?.cancel();
    this.deadline = this.broker.clock.schedule(ms, run);
  }
}
