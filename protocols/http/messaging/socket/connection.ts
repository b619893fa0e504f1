/**
 * SocketConnection: one WebSocket under `/v1`: a session of its own, consumers and publishes both
 * ways, as JSON. The first command logs in, unless the handshake has done so. What is not
 * acknowledged when it closes goes back. What may be said is commands.ts and events.ts.
 */
import { decided, Undecided, whenDecided } from '../../../../src/auth/undecided.ts';
import type { User } from '../../../../src/auth/user.ts';
import type { Broker } from '../../../../src/broker/broker.ts';
import type { Delivery } from '../../../../src/broker/delivery.ts';
import { loginAgain } from '../../../../src/broker/login-renewal.ts';
import type { Session, SessionHolder } from '../../../../src/broker/session.ts';
import type { CancelReason } from '../../../../src/broker/subscription.ts';
import type { Timer } from '../../../../src/clock.ts';
import { HTTP_SOCKET_CONSUMERS_MAX, HTTP_SOCKET_LOGIN_MS } from '../../../../src/limits.ts';
import type { Client, Connection, Description } from '../../../../src/server/protocol.ts';
import { Reading } from '../../../../src/server/reading.ts';
import type { Logins } from '../../login.ts';
import { KIND_OF_CANCEL } from '../polled-queue.ts';
import { invalid, Problem, problemBody, problemOf } from '../problem.ts';
import { type Command, type CommandId, type CommandName, checkedName, idOf } from './commands.ts';
import { type ConsumerHost, SocketConsumer } from './consumer.ts';
import { Held } from './held.ts';
import { Output } from './output.ts';
import { Publisher } from './publisher.ts';
import { Stall } from './stall.ts';

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
  readonly renewsLogin = true;
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
  /** What came while a login was looked at, or somebody asked whether the user may. */
  private backlog: Buffer[] = [];
  private waiting = false;
  private readonly deadline: Timer;
  private readonly stall: Stall;
  private lastConsumer = 0;

  constructor(client: Client, options: SocketOptions) {
    this.client = client;
    this.options = options;
    this.mechanism = options.mechanism;
    this.output = new Output(client.outbox);
    this.reading = new Reading(client, options.broker, this);
    const { clock } = options.broker;
    this.stall = new Stall(clock, client.outbox, () => {
      this.log('reads nothing, given up');
      client.destroy();
    });
    this.deadline = clock.schedule(HTTP_SOCKET_LOGIN_MS, () => {
      this.fail(new Problem('NOT_LOGGED_IN', 'nobody has logged in'));
    });
    const { user } = options;
    if (user !== null) setImmediate(() => this.enter(Promise.resolve(user), undefined));
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
    this.stall.drained();
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
      user: (opened?.user ?? this.options.user)?.name ?? null,
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
    try {
      this.perform(command);
    } catch (error) {
      if (error instanceof Undecided) this.performLater(error, command);
      else this.refuse(error, command);
    }
  }

  private perform(command: Record<string, unknown>): void {
    if (this.step === this.gone) return;
    const handler = this.handlers[checkedName(command)] as (command: unknown) => void;
    handler(command);
  }

  private performLater(error: Undecided, command: Record<string, unknown>): void {
    const performed = whenDecided(error, () => this.perform(command));
    this.wait(performed, (late) => this.refuse(late, command));
  }

  private refuse(error: unknown, command: Record<string, unknown>): void {
    const problem = problemOf(error);
    if (problem === null) throw error;
    this.answer('error', idOf(command), problemBody(problem));
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
    this.mechanism = token === undefined ? 'PLAIN' : 'OAUTHBEARER';
    this.enter(logins.userOf(authorization, this.client.remoteAddress), id);
  }

  private enter(user: Promise<User>, id: CommandId): void {
    const opened = user.then((late) => decided(() => this.open(late)));
    const ready = (): void => {
      const who = { user: this.opened?.user.name, vhost: this.options.vhost };
      this.answer('ready', id, who);
    };
    this.wait(opened, (error) => this.fail(error), ready);
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
  private open(user: User): void {
    const { broker, vhost } = this.options;
    if (this.step === this.gone) return;
    if (this.opened !== null) {
      const same = loginAgain(broker, this.opened, user);
      if (!same) throw new Problem('NOT_ALLOWED', 'you are somebody else');
      this.opened.reauthorize();
    } else {
      if (!broker.vhosts.has(vhost)) throw new Problem('NOT_FOUND', `vhost ${vhost} not found`);
      this.opened = broker.openSession(user, vhost, 'http', this);
      this.publisher = new Publisher(this.opened, this.output);
      this.step = this.run;
      this.deadline.cancel();
      this.stall.start();
      this.log(`user '${user.name}' authenticated and granted access to vhost '${vhost}'`);
    }
  }

  /** Lets the commands behind wait for something. */
  private wait(done: Promise<void>, failed: (error: unknown) => void, then = () => {}): void {
    const goOn = (next: () => void): void => {
      this.waiting = false;
      this.tryTo(next);
      this.readOn();
    };
    this.waiting = true;
    done.then(
      () => goOn(then),
      (error: unknown) => goOn(() => failed(error)),
    );
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
      const commands: unknown[] = Array.isArray(value) ? value : [value];
      for (const [index, command] of commands.entries()) {
        if (this.waiting) {
          this.backlog.unshift(Buffer.from(JSON.stringify(commands.slice(index))));
          return;
        }
        if (typeof command !== 'object' || command === null || Array.isArray(command)) {
          throw invalid('a command is an object');
        }
        this.step(command as Record<string, unknown>);
      }
    });
  }

  private answer(type: string, id: CommandId, rest: Readonly<Record<string, unknown>>): void {
    this.output.event({ type, ...(id !== undefined && { id }), ...rest });
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
    this.deadline.cancel();
    this.stall.stop();
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

  private log(text: string): void {
    this.options.broker.log.info(`HTTP WebSocket ${this.name}: ${text}`);
  }
}
