/**
 * StompConnection: one STOMP connection, from CONNECT to DISCONNECT [STOMP 1.0, 1.1, 1.2]. Here are
 * the frames in their order, the waiting, the end, and the answer to every mistake: an ERROR for
 * the client, and nobody else notices. What a frame does is commands.ts. Hot path: receive, frame.
 */
import type { Broker } from '../../src/broker/broker.ts';
import { BrokerError } from '../../src/broker/errors.ts';
import type { Fields } from '../../src/broker/field.ts';
import { generatedName } from '../../src/broker/queue-declaration.ts';
import type { Timer } from '../../src/clock.ts';
import { STOMP_HEAD_MAX_BYTES } from '../../src/limits.ts';
import type { Outbox } from '../../src/server/outbox.ts';
import type {
  Client,
  Connection,
  ConnectionState,
  Description,
} from '../../src/server/protocol.ts';
import { Reading } from '../../src/server/reading.ts';
import { type CommandHost, Commands } from './commands.ts';
import type { StompConsumer } from './consumer.ts';
import { StompError, TITLE_OF_KIND } from './errors.ts';
import { FrameHead, NO_CONTENT_LENGTH } from './frame-head.ts';
import { FrameReader, type FrameSink } from './frames.ts';
import { Heartbeat } from './heartbeat.ts';
import {
  type LoggedIn,
  type LoginHost,
  type LoginOptions,
  LoginRefusal,
  login,
  type Version,
} from './login.ts';
import { connectedFrame, errorFrame, receiptFrame } from './replies.ts';

export interface StompOptions extends LoginOptions {
  /** Where `/topic/…` leads. */
  readonly topicExchange: string;
  /** What a NACK without a `requeue` header does. */
  readonly nackRequeues: boolean;
  /** May a client leave CONNECT out, to be logged in as the default user? */
  readonly implicitConnect: boolean;
  /** Does CONNECTED leave out who we are? */
  readonly hideServer: boolean;
  /** Bytes of the largest frame body, and of the largest frame before login. */
  readonly maxFrameBytes: number;
  readonly maxFrameBytesBeforeLogin: number;
  /** How long a client may take to log in; Infinity for ever. */
  readonly loginTimeoutMs: number;
}

/** STOMP clients do not say what they are: RabbitMQ's words for it. */
const CLIENT_PROPERTIES: Fields = new Map([['product', 'STOMP client']]);

/** The frame that a client may leave out. */
const IMPLICIT_CONNECT = new FrameHead('CONNECT', [], [], NO_CONTENT_LENGTH);

export class StompConnection implements Connection, FrameSink, CommandHost, LoginHost {
  readonly broker: Broker;
  readonly client: Client;
  readonly outbox: Outbox;
  private readonly options: StompOptions;
  private readonly reader: FrameReader;
  private readonly reading: Reading;
  /** The state: what takes the next frame. Changed by become() only. */
  private step: (head: FrameHead, body: Buffer) => void = this.awaitConnect;
  private commands: Commands | null = null;
  private version: Version = '1.0';
  private deadline: Timer | null = null;
  /** What came while a command had to wait. */
  private backlog: Buffer[] = [];
  private waits = 0;
  /** The frame that is being handled. */
  private current: FrameHead | null = null;

  constructor(client: Client, broker: Broker, options: StompOptions) {
    this.client = client;
    this.broker = broker;
    this.options = options;
    this.outbox = client.outbox;
    this.reading = new Reading(client, broker);
    const bytes = options.maxFrameBytesBeforeLogin;
    this.reader = new FrameReader(this, { headBytes: bytes, bodyBytes: bytes });
    this.setDeadline(options.loginTimeoutMs, () => {
      this.fail(new StompError('Login timeout', 'CONNECT did not come in time'));
    });
  }

  // -- Connection: what the listener calls --

  receive(buffer: Buffer, start: number, end: number): void {
    this.reading.pulse?.hear();
    if (this.step === this.gone) return;
    if (this.reader.paused) {
      this.backlog.push(Buffer.from(buffer.subarray(start, end)));
      this.reading.hold('waiting');
      return;
    }
    this.feed(buffer, start, end);
    if (this.outbox.stalled) this.reading.hold('outbox');
  }

  drained(): void {
    this.reading.release('outbox');
    this.commands?.resume();
  }

  storeBusy(busy: boolean): void {
    this.reading.gate.storeBusy(busy);
  }

  alarmed(reason: string | null): void {
    this.reading.gate.alarmed(reason);
  }

  closed(): void {
    if (this.commands !== null) this.broker.log.info(`STOMP connection ${this.client.name}: lost`);
    this.step = this.gone;
    this.backlog = [];
    void this.end();
  }

  stop(reason: string): void {
    if (this.step === this.gone) return;
    const text = `broker forced connection closure with reason '${reason}'`;
    this.fail(new BrokerError('CONNECTION_FORCED', text));
  }

  /** The engine takes the session away. */
  get name(): string {
    return this.client.name;
  }

  expelled(reason: string): void {
    this.fail(new BrokerError('CONNECTION_FORCED', reason));
  }

  describe(): Description {
    const session = this.commands?.session;
    return {
      protocol: session === undefined ? 'STOMP' : `STOMP ${this.version}`,
      state: this.stateName(),
      user: session?.user.name ?? null,
      vhost: session?.vhost.name ?? null,
      session: session ?? null,
      clientProperties: CLIENT_PROPERTIES,
      channels: session === undefined ? 0 : 1,
    };
  }

  // -- FrameSink: what the frame reader calls --

  frame(head: FrameHead, body: Buffer): void {
    this.current = head;
    this.step(head, body);
  }

  // -- CommandHost: what commands call --

  writeReceipt(receipt: string): void {
    this.outbox.write(receiptFrame(receipt, this.escapes));
  }

  writeRejected(receipt: string): void {
    const detail = 'A queue or the store refused the message; it is not kept there.\n';
    const extra = [['receipt-id', receipt]] as const;
    this.outbox.write(errorFrame('Message rejected', detail, extra, this.escapes));
  }

  writeCancelled({ options }: StompConsumer): void {
    const detail =
      'The server has canceled a subscription.\n' +
      `No more messages will be delivered for "${options.description}".\n`;
    const id = options.style.subscription ?? options.tag.slice(2);
    const extra = [['subscription', id]] as const;
    this.outbox.write(errorFrame('Server cancelled subscription', detail, extra, this.escapes));
  }

  // -- states: what takes a frame --

  private awaitConnect(head: FrameHead, body: Buffer): void {
    if (head.command === 'CONNECT' || head.command === 'STOMP') {
      this.connect(head);
      return;
    }
    if (!this.options.implicitConnect) {
      throw new StompError('Illegal command', 'You must log in using CONNECT first');
    }
    this.logIn(IMPLICIT_CONNECT, () => this.step(head, body));
  }

  private running(head: FrameHead, body: Buffer): void {
    const { command } = head;
    const { gate } = this.reading;
    if (gate.watching && command === 'SEND') gate.published();
    if (command === 'DISCONNECT') {
      this.wait(this.disconnect(head));
      return;
    }
    if (command === 'CONNECT' || command === 'STOMP') {
      throw new StompError('Illegal command', 'You are logged in already');
    }
    const pending = this.commands!.run(head, body);
    if (pending === undefined) this.answer(head);
    else this.wait(pending.then((after) => this.finish(head, after)));
  }

  /** The connection is over: nothing matters any more. */
  private gone(): void {}

  private become(next: (head: FrameHead, body: Buffer) => void): void {
    this.step = next;
    this.broker.log.debug(`STOMP connection ${this.client.name}: ${next.name}`);
  }

  // -- inside --

  private get escapes(): boolean {
    return this.version !== '1.0';
  }

  private connect(head: FrameHead): void {
    this.logIn(head, (session, heartBeat) => {
      const { hideServer } = this.options;
      const { version } = this;
      this.outbox.write(connectedFrame({ session, version, heartBeat, hideServer }));
    });
  }

  /** @param then what follows, with the session's name and the heart-beats agreed */
  private logIn(head: FrameHead, then: (session: string, heartBeat: string) => void): void {
    const opened = (loggedIn: LoggedIn): void => {
      if (this.step === this.gone) {
        void loggedIn.session.close();
        return;
      }
      const { sendMs, receiveMs } = loggedIn.heartbeat;
      then(this.open(loggedIn), `${sendMs},${receiveMs}`);
    };
    const result = login(head, this, this.options);
    if (result instanceof Promise) this.wait(result.then(opened));
    else opened(result);
  }

  /** @returns the session's name in message ids */
  private open({ version, session, heartbeat }: LoggedIn): string {
    const { options, broker, reader } = this;
    const sessionName = generatedName('session');
    this.version = version;
    const { topicExchange, nackRequeues } = options;
    this.commands = new Commands(this, session, {
      topicExchange,
      nackRequeues,
      sessionName,
      version,
    });
    reader.speak({ escapes: this.escapes, trims: version === '1.0' });
    const bodyBytes = Math.min(options.maxFrameBytes, session.maxMessageBytes);
    reader.limits = { headBytes: STOMP_HEAD_MAX_BYTES, bodyBytes };
    this.setDeadline(Number.POSITIVE_INFINITY, () => {});
    this.reading.pulse = new Heartbeat(broker.clock, this.outbox, heartbeat, () => this.missed());
    this.become(this.running);
    const { user, vhost } = session;
    const granted = `user '${user.name}' authenticated and granted access to vhost '${vhost.name}'`;
    broker.log.info(`STOMP connection ${this.client.name}: ${granted}`);
    return sessionName;
  }

  private stateName(): ConnectionState {
    if (this.step === this.gone) return 'closing';
    if (this.commands === null) return 'starting';
    return this.reading.gate.state;
  }

  private missed(): void {
    this.broker.log.warning(`STOMP connection ${this.client.name}: missed heart-beats, closing`);
    this.client.destroy();
  }

  /** Everything that the client sent is safe, and its queues are gone, when it hears of it. */
  private async disconnect(head: FrameHead): Promise<void> {
    const { commands } = this;
    await commands?.receipts.settled();
    await this.end();
    this.broker.log.info(`STOMP connection ${this.client.name}: closed by the client`);
    this.answer(head);
    this.become(this.gone);
    this.client.end();
  }

  private answer(head: FrameHead): void {
    if (head.command === 'SEND') return;
    const receipt = head.get('receipt');
    if (receipt !== undefined) this.writeReceipt(receipt);
  }

  private finish(head: FrameHead, after: (() => void) | null): void {
    if (this.step === this.gone) return;
    this.answer(head);
    after?.();
  }

  /** Reads no further until a command is done. */
  private wait(pending: Promise<void>): void {
    this.waits++;
    this.reader.paused = true;
    pending.then(
      () => this.goOn(),
      (error: unknown) => this.fail(error),
    );
  }

  private goOn(): void {
    if (--this.waits > 0) return;
    this.reader.paused = false;
    while (!this.reader.paused && this.step !== this.gone) {
      const bytes = this.backlog.shift();
      if (bytes === undefined) {
        this.reading.release('waiting');
        return;
      }
      this.feed(bytes, 0, bytes.length);
    }
  }

  private feed(buffer: Buffer, start: number, end: number): void {
    try {
      const at = this.reader.read(buffer, start, end);
      if (at < end && this.step !== this.gone) {
        this.backlog.unshift(Buffer.from(buffer.subarray(at, end)));
      }
    } catch (error) {
      this.fail(error);
    }
  }

  /** Answers a mistake and ends the connection [STOMP 1.2, ERROR]. */
  private fail(error: unknown): void {
    if (this.step === this.gone) return;
    const { title, detail, log } = this.answerTo(error);
    this.broker.log.info(`STOMP connection ${this.client.name}: ${log}`);
    const receipt = this.current?.get('receipt');
    const extra = receipt === undefined ? [] : ([['receipt-id', receipt]] as const);
    this.outbox.write(errorFrame(title, detail, extra, this.escapes));
    this.become(this.gone);
    this.backlog = [];
    this.reading.release('waiting');
    void this.end();
    this.client.end();
  }

  private answerTo(error: unknown): { title: string; detail: string; log: string } {
    if (error instanceof LoginRefusal) {
      return { title: error.message, detail: error.detail, log: error.reason };
    }
    if (error instanceof StompError) {
      const { message: title, detail } = error;
      return { title, detail, log: `${title}: ${detail.trim()}` };
    }
    if (error instanceof BrokerError) {
      const detail = `${error.kind} - ${error.message}`;
      return { title: TITLE_OF_KIND[error.kind], detail, log: detail };
    }
    const stack = error instanceof Error ? error.stack : String(error);
    this.broker.log.error(`STOMP connection ${this.client.name}: internal error: ${stack}`);
    return { title: 'internal_error', detail: 'INTERNAL_ERROR - internal error', log: 'closing' };
  }

  /** Gives everything back. May be called more than once. */
  private async end(): Promise<void> {
    this.deadline?.cancel();
    this.reading.stopPulse();
    const { commands } = this;
    this.commands = null;
    await commands?.close().catch((error: Error) => {
      const text = `closing its session failed: ${error.message}`;
      this.broker.log.error(`STOMP connection ${this.client.name}: ${text}`);
    });
  }

  private setDeadline(ms: number, run: () => void): void {
    this.deadline?.cancel();
    this.deadline = this.broker.clock.schedule(ms, run);
  }
}
