/**
 * MqttConnection: one MQTT connection of any version, from CONNECT to its end. Packets come one
 * after the other: while the engine is asked for something that takes a while, the next ones wait.
 * What a logged-in client says is opened.ts; here are the states, the errors, and the end. Hot
 * path: receive, frame.
 */
import type { Packet } from 'mqtt-packet';
import { BrokerError } from '../../src/broker/errors.ts';
import type { Session, SessionHolder } from '../../src/broker/session.ts';
import type { Timer } from '../../src/clock.ts';
import type { Outbox } from '../../src/server/outbox.ts';
import {
  type Client,
  type Connection,
  type Description,
  SHUTDOWN,
} from '../../src/server/protocol.ts';
import type { PublisherGate } from '../../src/server/publisher-gate.ts';
import { Reading } from '../../src/server/reading.ts';
import { sniff } from '../../src/server/sniff.ts';
import type { SessionUser } from './client-session.ts';
import { accepted, refused, type Terms, termsOf } from './connack.ts';
import { FrameReader, type FrameSink } from './frames.ts';
import { KeepAlive } from './keep-alive.ts';
import { certifiedId, logIn } from './login.ts';
import { Opened, type OpenedHost } from './opened.ts';
import { bytesOf, type Connect, PACKET, readConnect, type Version } from './packets.ts';
import {
  MqttError,
  protocolError,
  REASON,
  REASON_OF_KIND,
  type ReasonCode,
} from './reason-codes.ts';
import type { Shared } from './shared.ts';
import { type Will, willOf } from './will.ts';

export class MqttConnection
  implements Connection, FrameSink, SessionHolder, SessionUser, OpenedHost
{
  readonly client: Client;
  readonly shared: Shared;
  readonly outbox: Outbox;
  readonly ended: Promise<void>;
  /** What topic permissions may name. */
  variables: ReadonlyMap<string, string> = new Map();
  version: Version = 4;
  /** Published when the connection ends without a goodbye. */
  will: Will | null = null;
  private readonly frames: FrameReader;
  private readonly reading: Reading;
  /** The state: what takes the next packet. Changed by become() only. */
  private step: (first: number, buf: Buffer, start: number, end: number) => void =
    this.awaitConnect;
  private opened: Opened | null = null;
  private deadline: Timer | null = null;
  private maxPacketBytes = Number.POSITIVE_INFINITY;
  /** What the engine has been asked for last. */
  private work: Promise<void> = Promise.resolve();
  private closing = false;
  /** Nothing has come yet. */
  private silent = true;
  private hasEnded: () => void = () => {};

  constructor(client: Client, shared: Shared) {
    this.client = client;
    this.shared = shared;
    this.outbox = client.outbox;
    this.reading = new Reading(client, shared.broker);
    this.frames = new FrameReader(this, shared.options.maxPacketBytesUnauthenticated);
    this.ended = new Promise((resolve) => {
      this.hasEnded = resolve;
    });
    const { clock } = shared.broker;
    this.deadline = clock.schedule(shared.options.loginTimeoutMs, () => {
      this.fail(new MqttError(REASON.KEEP_ALIVE_TIMEOUT, 'no CONNECT came in time'));
    });
  }

  /** As RabbitMQ names connections. */
  get name(): string {
    return this.client.name;
  }

  // -- Connection: what the listener calls --

  receive(buffer: Buffer, start: number, end: number): void {
    if (this.closing) return;
    this.reading.pulse?.hear();
    try {
      if (this.silent) this.greet(buffer, start, end);
      this.frames.read(buffer, start, end);
    } catch (error) {
      this.fail(error);
    }
    if (this.outbox.stalled) this.reading.hold('outbox');
  }

  drained(): void {
    this.reading.release('outbox');
    this.opened?.deliveries.resume();
  }

  storeBusy(busy: boolean): void {
    this.reading.gate.storeBusy(busy);
  }

  alarmed(reason: string | null): void {
    this.reading.gate.alarmed(reason);
  }

  closed(): void {
    if (this.opened !== null && !this.closing) this.log('info', 'lost');
    this.end();
  }

  stop(reason: string): void {
    if (reason === SHUTDOWN) this.disconnect(REASON.SERVER_SHUTTING_DOWN, 'the broker stops');
    else this.disconnect(REASON.ADMINISTRATIVE_ACTION, reason);
  }

  describe(): Description {
    const { opened } = this;
    const protocol = `MQTT ${VERSION_NAMES[this.version]}`;
    if (opened === null) return { protocol, state: 'starting', user: null, vhost: null };
    return {
      protocol,
      state: this.closing ? 'closing' : this.reading.gate.state,
      user: opened.session.user.name,
      vhost: opened.session.vhost.name,
      session: opened.session,
      clientId: opened.client.clientId,
      heartbeat: opened.keepAliveSeconds,
    };
  }

  // -- SessionHolder --

  expelled(reason: string): void {
    this.log('info', reason);
    this.disconnect(REASON.ADMINISTRATIVE_ACTION, reason);
  }

  // -- SessionUser --

  takenOver(): void {
    this.log('info', 'taken over by another connection of the same client');
    // While it is still being opened there is nothing to say, and nothing to wait for.
    this.disconnect(REASON.SESSION_TAKEN_OVER, 'another connection has this client identifier');
  }

  // -- FrameSink --

  frame(first: number, buf: Buffer, start: number, end: number): void {
    this.step(first, buf, start, end);
  }

  // -- OpenedHost --

  get gate(): PublisherGate {
    return this.reading.gate;
  }

  /** Sends a packet, unless it is larger than the client takes [MQTT-3.1.2-24]. */
  send(packet: Packet): boolean {
    const bytes = bytesOf(packet, this.version);
    if (bytes.length > this.maxPacketBytes) return false;
    this.outbox.write(bytes);
    return true;
  }

  /** Lets packets wait until the engine has done something. */
  wait(work: () => Promise<void>): void {
    this.frames.hold();
    this.reading.hold('waiting');
    this.work = work().then(
      () => this.goOn(),
      (error) => this.fail(error),
    );
  }

  /** The client has said goodbye. */
  left(): void {
    this.log('info', 'closed by the client');
    this.close();
  }

  /** Ends the connection because of an error. */
  fail(error: unknown): void {
    if (this.closing) return;
    const { code, message } = this.errorOf(error);
    this.log('info', message);
    if (this.opened !== null) this.disconnect(code, message);
    else this.close();
  }

  /** Ends the connection; a client of MQTT 5 is told why [MQTT 3.14]. */
  disconnect(code: ReasonCode, why: string): void {
    if (this.closing) return;
    if (this.version === 5 && this.opened !== null) {
      const text = { properties: { reasonString: why } };
      const verbose = this.opened.verbose && why.length < 1000;
      this.send({ cmd: 'disconnect', reasonCode: code, ...(verbose && text) });
    }
    this.close();
  }

  // -- states: what may come --

  /** Whoever begins with anything but CONNECT is no client of ours [MQTT-3.1.0-1]. */
  private greet(buffer: Buffer, start: number, end: number): void {
    this.silent = false;
    if ((buffer[start] as number) >> 4 === PACKET.CONNECT) return;
    const spoken = sniff(buffer.subarray(start, end));
    const hint = spoken === null ? '' : `: the client speaks ${spoken}`;
    throw protocolError(`the first packet is not CONNECT${hint}`);
  }

  private awaitConnect(first: number, buf: Buffer, start: number, end: number): void {
    // [MQTT-3.1.0-1]
    if (first >> 4 !== PACKET.CONNECT) throw protocolError('the first packet is not CONNECT');
    let connect: Connect;
    try {
      connect = readConnect(first, buf, start, end);
    } catch (error) {
      if (error instanceof MqttError && error.code === REASON.UNSUPPORTED_VERSION) {
        this.refuse(error);
        return;
      }
      throw error;
    }
    this.version = ((connect.packet.protocolVersion as number) & 0x7f) as Version;
    this.maxPacketBytes = connect.packet.properties?.maximumPacketSize ?? Number.POSITIVE_INFINITY;
    this.become(this.running);
    this.wait(() => this.connect(connect));
  }

  private running(first: number, buf: Buffer, start: number, end: number): void {
    (this.opened as Opened).packet(first, buf, start, end);
  }

  private become(next: typeof this.step): void {
    this.step = next;
    this.log('debug', next.name);
  }

  // -- inside --

  private async connect(connect: Connect): Promise<void> {
    const { broker, options, sessions } = this.shared;
    const { packet } = connect;
    let terms: Terms;
    let session: Session;
    try {
      const demanded = certifiedId(packet.clientId, this.client, options);
      terms = termsOf(connect, demanded, options);
      // [MQTT-3.1.3-8] of 3.1.1: without an identifier there is nothing to keep a session by.
      if (terms.assigned && (this.version === 3 || (this.version === 4 && !terms.clean))) {
        throw new MqttError(REASON.CLIENT_ID_NOT_VALID, 'a session needs a client identifier');
      }
      if (packet.properties?.authenticationMethod !== undefined) {
        const text = 'there is no enhanced authentication';
        throw new MqttError(REASON.BAD_AUTHENTICATION_METHOD, text);
      }
      this.variables = new Map([['client_id', terms.clientId]]);
      session = await logIn(connect, this.client, broker, options, this);
    } catch (error) {
      this.refuse(error);
      return;
    }
    const vhost = session.vhost.name;
    const claim = await sessions.claim(vhost, terms.clientId, terms.clean, this);
    claim.session.expirySeconds = terms.expirySeconds;
    const opened = new Opened(this, { session, claim, terms, verbose: verboseOf(connect) });
    this.opened = opened;
    await opened.restore();
    // The client may have gone meanwhile.
    if (this.closing) return;
    this.will = willOf(connect, options.exchange, session.user, vhost);
    this.accept(connect, opened, terms, claim.present);
  }

  private accept(connect: Connect, opened: Opened, terms: Terms, present: boolean): void {
    const { broker, options } = this.shared;
    this.deadline?.cancel();
    if (!this.send(accepted(connect, terms, present, options))) {
      this.close();
      return;
    }
    this.frames.maxBytes = options.maxPacketBytes;
    if (terms.keepAlive > 0) {
      this.reading.pulse = new KeepAlive(broker.clock, this.outbox, terms.keepAlive, () => {
        this.fail(new MqttError(REASON.KEEP_ALIVE_TIMEOUT, 'the keep-alive has run out'));
      });
    }
    const who = `user '${opened.session.user.name}', vhost '${opened.session.vhost.name}'`;
    this.log('info', `client '${terms.clientId}' connected: ${who}`);
    opened.start();
  }

  /** Answers a CONNECT that is not accepted, and closes [MQTT-3.1.4-6]. */
  private refuse(error: unknown): void {
    const { code, message } = this.errorOf(error);
    this.log('warning', message);
    this.send(refused(error instanceof MqttError ? error : new MqttError(code, ''), this.version));
    this.close();
  }

  private goOn(): void {
    if (this.closing) return;
    this.reading.release('waiting');
    try {
      this.frames.release();
    } catch (error) {
      this.fail(error);
    }
  }

  /** Sends what is to be sent and gives everything back. */
  private close(): void {
    if (this.closing) return;
    this.end();
    // What still comes is thrown away, so that the client can read the answer.
    this.client.resume();
    this.client.end();
  }

  /** Gives everything back. May be called more than once. */
  private end(): void {
    if (this.closing) return;
    this.closing = true;
    this.frames.stop();
    this.deadline?.cancel();
    this.reading.stopPulse();
    // Not before what is under way has ended: it would use the session after its end.
    this.work = this.work.then(() => this.giveBack());
  }

  private async giveBack(): Promise<void> {
    const { opened, will } = this;
    this.opened = null;
    this.will = null;
    try {
      await opened?.close(will);
    } catch (error) {
      this.shared.broker.log.error(`${this.name}: closing its session failed: ${error}`);
    }
    this.hasEnded();
  }

  private errorOf(error: unknown): { readonly code: ReasonCode; readonly message: string } {
    if (error instanceof MqttError) return error;
    if (error instanceof BrokerError) {
      return { code: REASON_OF_KIND[error.kind], message: error.message };
    }
    const stack = error instanceof Error ? error.stack : String(error);
    this.shared.broker.log.error(`MQTT connection ${this.name}: internal error: ${stack}`);
    return { code: REASON.UNSPECIFIED_ERROR, message: 'internal error' };
  }

  private log(level: 'debug' | 'info' | 'warning', text: string): void {
    this.shared.broker.log[level](`MQTT connection ${this.name}: ${text}`);
  }
}

const VERSION_NAMES: Readonly<Record<Version, string>> = { 3: '3.1', 4: '3.1.1', 5: '5.0' };

/** Does the client want reasons in words? [MQTT 3.1.2.11.7] */
function verboseOf({ packet }: Connect): boolean {
  return packet.properties?.requestProblemInformation !== false;
}
