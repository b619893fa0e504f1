/**
 * SocketConnection: one WebSocket under `/v1`: a session of its own, consumers and publishes both
 * ways, as JSON. The first command logs in, unless the handshake has done so. What is not
 * acknowledged when it closes goes back. What may be said is commands.ts and events.ts.
 */
import type { User } from '../../../../src/auth/user.ts';
import type { Broker } from '../../../../src/broker/broker.ts';
import type { Delivery } from '../../../../src/broker/delivery.ts';
import type { Session, SessionHolder } from '../../../../src/broker/session.ts';
import type { CancelReason } from '../../../../src/broker/subscription.ts';
import type { Timer } from '../../../../src/clock.ts';
import {
  HTTP_SOCKET_CONSUMERS_MAX,
  HTTP_SOCKET_LOGIN_MS,
  HTTP_STREAM_BEAT_MS,
  HTTP_STREAM_STALL_MS,
} from '../../../../src/limits.ts';
import type { Client, Connection, Description } from '../../../../src/server/protocol.ts';
import { Reading } from '../../../../src/server/reading.ts';
import type { Logins } from '../../login.ts';
import { KIND_OF_CANCEL } from '../polled-queue.ts';
import { invalid, Problem, problemBody, problemOf } from '../problem.ts';
import { wrongWith } from '../schema-check.ts';
import { COMMANDS, type Command, type CommandId, type CommandName } from './commands.ts';
import { type ConsumerHost, SocketConsumer } from './consumer.ts';
import { Held } from './held.ts';
import { Output } from './output.ts';
import { Publisher } from './publisher.ts';

/** What a socket is opened with. */
export interface SocketOptions {
  readonly broker: Broker;
  readonly logins: Logins;
  readonly vhost: string;
  /** Who has logged in by the handshake, and how; null if a command will. */
  readonly user: User | null;
  readonly mechanism: string;
}

export class SocketConnection implements Connection, ConsumerHost, SessionHolder {
  readonly output: Output;
  private readonly client: Client;
  private readonly options: SocketOptions;
  private readonly reading: Reading;
  private readonly held = new Held();
  private readonly consumers = new Map<string, SocketConsumer>();
  private readonly handlers: { readonly [N in CommandName]: (command: Command<N>) => void } = {
    login: (command) => this.logIn(command),
    consume: (command) => this.consume(command),
    credit: ({ id, consumer, credit }) => {
      this.consumerNamed(consumer).credit = credit;
      if (id !== undefined) this.answer('credited', id, { consumer });
    },
    cancel: ({ id, consumer }) => {
      this.consumerNamed(consumer).cancel();
      this.consumers.delete(consumer);
      this.answer('cancelled', id, { consumer });
    },
    ack: ({ id, tokens }) => this.settle(id, tokens, 'ack'),
    nack: ({ id, tokens, requeue }) => this.settle(id, tokens, requeue ? 'requeue' : 'reject'),
    publish: (command) => {
      const { gate } = this.reading;
      if (gate.watching) gate.published();
      (this.publisher as Publisher).publish(command);
    },
    ping: ({ id }) => this.answer('pong', id, {}),
  };
  private opened: Session | null = null;
  private publisher: Publisher | null = null;
  private mechanism: string;
  /** The state: what takes the next command. */
  private step: (command: Record<string, unknown>) => void = this.awaitLogin;
  /** What came while a login was looked at. */
  private backlog: Buffer[] = [];
  private waiting = false;
  private timer: Timer;
  private stalledMs = 0;
  private lastConsumer = 0;

  constructor(client: Client, options: SocketOptions) {
    this.client = client;
    this.options = options;
    this.mechanism = options.mechanism;
    this.output = new Output(client.outbox);
    this.reading = new Reading(client, options.broker, this);
    const { clock } = options.broker;
    this.timer = clock.schedule(HTTP_SOCKET_LOGIN_MS, () => {
      this.fail(new Problem('NOT_LOGGED_IN', 'nobody has logged in'));
    });
    const { user } = options;
    if (user !== null) setImmediate(() => this.tryTo(() => this.open(user, undefined)));
  }

  // -- Connection: what the server calls --

  receive(buffer: Buffer, start: number, end: number): void {
    if (this.step === this.gone) return;
    if (this.waiting || (this.opened === null && this.options.user !== null)) {
      this.backlog.push(Buffer.from(buffer.subarray(start, end)));
      this.reading.hold('waiting');
      return;
    }
    this.read(buffer.toString('utf8', start, end));
    if (this.client.outbox.stalled) this.reading.hold('outbox');
  }

  drained(): void {
    this.stalledMs = 0;
    this.reading.release('outbox');
    this.resumeAll();
  }

  storeBusy(busy: boolean): void {
    this.reading.gate.storeBusy(busy);
  }

  alarmed(reason: string | null): void {
    this.reading.gate.alarmed(reason);
  }

  closed(): void {
    if (this.step !== this.gone && this.opened !== null) this.log('lost');
    this.end();
  }

  stop(reason: string): void {
    this.fail(new Problem('CONNECTION_FORCED', reason));
  }

  describe(): Description {
    const { opened } = this;
    const state = opened === null ? 'starting' : this.reading.gate.state;
    return {
      protocol: 'HTTP WebSocket',
      state: this.step === this.gone ? 'closing' : state,
      user: opened?.user.name ?? null,
      vhost: opened?.vhost.name ?? null,
      session: opened,
      authMechanism: this.mechanism,
      channels: opened === null ? 0 : 1,
    };
  }

  // -- SessionHolder --

  get name(): string {
    return this.client.name;
  }

  expelled(reason: string): void {
    this.fail(new Problem('CONNECTION_FORCED', reason));
  }

  // -- AlarmTeller: what Reading calls --

  blocked(reason: string): void {
    this.output.event({ type: 'blocked', reason });
  }

  unblocked(): void {
    this.output.event({ type: 'unblocked' });
  }

  // -- ConsumerHost --

  get session(): Session {
    return this.opened as Session;
  }

  get roomy(): boolean {
    return !this.held.full && this.client.outbox.open;
  }

  hold(delivery: Delivery): string {
    return this.held.add(delivery);
  }

  consumerCancelled({ name: consumer, queueName }: SocketConsumer, reason: CancelReason): void {
    this.consumers.delete(consumer);
    const problem = new Problem(KIND_OF_CANCEL[reason], `${queueName}: ${reason}`);
    this.output.event({ type: 'cancelled', consumer, ...problemBody(problem) });
  }

  // -- states: what takes a command --

  private awaitLogin(command: Record<string, unknown>): void {
    if (command.type !== 'login') {
      this.fail(new Problem('NOT_LOGGED_IN', 'the first command is login'));
      return;
    }
    this.run(command);
  }

  private run(command: Record<string, unknown>): void {
    const { type } = command;
    const id = idOf(command);
    if (typeof type !== 'string' || !Object.hasOwn(COMMANDS, type)) {
      this.refuse(id, invalid(`type must be one of ${Object.keys(COMMANDS).join(', ')}`));
      return;
    }
    const wrong = wrongWith(command, COMMANDS[type as CommandName]);
    if (wrong !== null) {
      this.refuse(id, invalid(`${type}: ${wrong}`));
      return;
    }
    try {
      (this.handlers[type as CommandName] as (command: unknown) => void)(command);
    } catch (error) {
      const problem = problemOf(error);
      if (problem === null) throw error;
      this.refuse(id, problem);
    }
  }

  /** The connection is over: nothing matters any more. */
  private gone(): void {}

  // -- commands --

  private logIn({ id, username, password, token }: Command<'login'>): void {
    const named = username !== undefined && password !== undefined;
    if (named === (token !== undefined)) throw invalid('login: username and password, or token');
    const credentials = Buffer.from(`${username}:${password}`).toString('base64');
    const authorization = token === undefined ? `Basic ${credentials}` : `Bearer ${token}`;
    const { logins } = this.options;
    this.waiting = true;
    this.mechanism = token === undefined ? 'PLAIN' : 'OAUTHBEARER';
    logins.userOf(authorization, this.client.remoteAddress).then(
      (user) => this.loggedIn(() => this.open(user, id)),
      (error: unknown) => this.loggedIn(() => this.fail(error)),
    );
  }

  private consume(command: Command<'consume'>): void {
    const { id, consumer: given } = command;
    if (this.consumers.size >= HTTP_SOCKET_CONSUMERS_MAX) {
      throw new Problem('TOO_MANY_REQUESTS', 'this socket has as many consumers as may be');
    }
    const name = given ?? `consumer-${++this.lastConsumer}`;
    if (this.consumers.has(name)) throw invalid(`there is a consumer ${name} already`);
    const consumer = new SocketConsumer(this, name, command);
    this.consumers.set(name, consumer);
    this.answer('consuming', id, { consumer: name });
    consumer.resume();
  }

  // -- inside --

  private settle(
    id: CommandId,
    tokens: readonly string[],
    outcome: 'ack' | 'requeue' | 'reject',
  ): void {
    const wasFull = this.held.full;
    const unknown = this.held.settle(this.session, tokens, outcome);
    if (wasFull) this.resumeAll();
    if (id !== undefined) {
      this.answer('settled', id, { done: tokens.length - unknown.length, unknown });
    }
  }

  private consumerNamed(name: string): SocketConsumer {
    const consumer = this.consumers.get(name);
    if (consumer === undefined) throw new Problem('NOT_FOUND', `there is no consumer ${name}`);
    return consumer;
  }

  private resumeAll(): void {
    if (!this.roomy) return;
    for (const consumer of this.consumers.values()) consumer.resume();
  }

  /** Opens the session, or looks again whether it may be. @throws BrokerError, Problem */
  private open(user: User, id: CommandId): void {
    const { broker, vhost } = this.options;
    if (this.opened !== null) {
      if (user !== this.opened.user) throw new Problem('NOT_ALLOWED', 'you are somebody else');
      this.opened.reauthorize();
    } else {
      if (!broker.vhosts.has(vhost)) throw new Problem('NOT_FOUND', `vhost ${vhost} not found`);
      this.opened = broker.openSession(user, vhost, 'http', this);
      this.publisher = new Publisher(this.opened, this.output);
      this.step = this.run;
      this.timer.cancel();
      this.schedule();
      this.log(`user '${user.name}' authenticated and granted access to vhost '${vhost}'`);
    }
    this.answer('ready', id, { user: user.name, vhost });
    this.readOn();
  }

  /** The answer of a login is there. */
  private loggedIn(then: () => void): void {
    this.waiting = false;
    if (this.step !== this.gone) this.tryTo(then);
  }

  private tryTo(act: () => void): void {
    if (this.step === this.gone) return;
    try {
      act();
    } catch (error) {
      this.fail(error);
    }
  }

  private readOn(): void {
    while (!this.waiting && this.step !== this.gone) {
      const bytes = this.backlog.shift();
      if (bytes === undefined) {
        this.reading.release('waiting');
        return;
      }
      this.read(bytes.toString('utf8'));
    }
  }

  /** A WebSocket message is a command, or an array of them. */
  private read(text: string): void {
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      this.fail(invalid('that is not JSON'));
      return;
    }
    this.tryTo(() => {
      for (const command of Array.isArray(value) ? value : [value]) {
        if (typeof command !== 'object' || command === null || Array.isArray(command)) {
          throw invalid('a command is an object');
        }
        if (this.waiting) throw invalid('login is a message of its own');
        this.step(command as Record<string, unknown>);
      }
    });
  }

  private answer(type: string, id: CommandId, rest: Readonly<Record<string, unknown>>): void {
    this.output.event({ type, ...(id !== undefined && { id }), ...rest });
  }

  private refuse(id: CommandId, problem: Problem): void {
    this.answer('error', id, problemBody(problem));
  }

  /** Says why, and closes. */
  private fail(error: unknown): void {
    if (this.step === this.gone) return;
    let problem = problemOf(error);
    if (problem === null) {
      const shown = error instanceof Error ? error.stack : String(error);
      this.options.broker.log.error(`HTTP WebSocket ${this.name}: internal error: ${shown}`);
      problem = new Problem('INTERNAL_ERROR', 'internal error, see the log');
    }
    this.log(`${problem.kind}: ${problem.message}`);
    this.output.event({ type: 'closed', ...problemBody(problem) });
    this.end();
    this.client.end();
  }

  /** Gives everything back. May be called more than once. */
  private end(): void {
    this.step = this.gone;
    this.timer.cancel();
    this.backlog = [];
    this.reading.finish();
    this.consumers.clear();
    const { opened } = this;
    this.opened = null;
    opened?.close().catch((error: Error) => {
      const text = `closing its session failed: ${error.message}`;
      this.options.broker.log.error(`HTTP WebSocket ${this.name}: ${text}`);
    });
  }

  private schedule(): void {
    const { clock } = this.options.broker;
    this.timer = clock.schedule(HTTP_STREAM_BEAT_MS, () => this.look());
  }

  /** Who reads nothing for a while is given up; whether the peer lives the server asks by pings. */
  private look(): void {
    const { outbox } = this.client;
    const stalls = outbox.pending > 0 && !outbox.moved();
    this.stalledMs = stalls ? this.stalledMs + HTTP_STREAM_BEAT_MS : 0;
    if (this.stalledMs >= HTTP_STREAM_STALL_MS) {
      this.log('reads nothing, given up');
      this.client.destroy();
    } else this.schedule();
  }

  private log(text: string): void {
    this.options.broker.log.info(`HTTP WebSocket ${this.name}: ${text}`);
  }
}

/** Of a command that may be anything. */
function idOf({ id }: Record<string, unknown>): CommandId {
  return typeof id === 'string' || Number.isSafeInteger(id) ? (id as CommandId) : undefined;
}
