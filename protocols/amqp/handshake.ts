/**
 * Handshake: the opening of a connection, step by step: protocol header, login, tuning, vhost
 * [AMQP 2.2.4]. The state is the function that takes the next method. When it is done the
 * connection has a session; whoever takes too long or fails is turned away here.
 */
import type { LoginVerdict } from '../../src/auth/authenticator.ts';
import type { SaslExchange, SaslStep } from '../../src/auth/sasl.ts';
import { decided } from '../../src/auth/undecided.ts';
import type { User } from '../../src/auth/user.ts';
import type { Broker } from '../../src/broker/broker.ts';
import { type Fields, NO_FIELDS, stringOf } from '../../src/broker/field.ts';
import type { Session, SessionHolder } from '../../src/broker/session.ts';
import type { Client } from '../../src/server/protocol.ts';
import { sniff } from '../../src/server/sniff.ts';
import { type ConnectionMethod, unexpectedMethod } from './connection-method.ts';
import { REPLIES, type Reply, replyText } from './errors.ts';
import {
  checkTuneOk,
  isProtocolHeader,
  PROTOCOL_HEADER,
  PROTOCOL_HEADER_BYTES,
  type ServerIdentity,
  serverProperties,
  type Tuning,
} from './negotiation.ts';
import { offeredMechanisms, respond, startMechanism } from './sasl.ts';
import { METHODS, type MethodArguments, type MethodName, type ServerMethod } from './spec.ts';

const OPEN_ID = METHODS['connection.open'].id;

export interface HandshakeOptions {
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

/** What a handshake needs of its connection. */
export interface HandshakeHost extends SessionHolder {
  readonly broker: Broker;
  readonly client: Client;
  readonly name: string;
  /** Is it over, for whatever reason? */
  readonly closing: boolean;
  send<N extends ServerMethod>(name: N, args: MethodArguments<N>): void;
  /** The client has chosen; frames may be as large as that from now on. */
  tuned(tuning: Tuning): void;
  opened(session: Session): void;
  /** Answers an error in what a method asked for. */
  trouble(error: unknown, channel: null, classId: number, methodId: number): void;
  /** Refuses with a connection.close. */
  refuse(reply: Reply, text: string): void;
  /** Says nothing more; the socket closes by itself later. */
  ignore(): void;
  abort(why: string): void;
}

export class Handshake {
  /** What the client says about itself. */
  clientProperties: Fields = NO_FIELDS;
  /** The SASL mechanism that the client has chosen. */
  mechanism = '';
  private readonly host: HandshakeHost;
  private readonly options: HandshakeOptions;
  /** What has come of the protocol header; null once it is complete. */
  private greeting: Buffer | null = Buffer.alloc(0);
  private step: (method: ConnectionMethod) => void = this.awaitStartOk;
  private offered: readonly string[] = [];
  private sasl: SaslExchange | null = null;
  private user: User | null = null;

  constructor(host: HandshakeHost, options: HandshakeOptions) {
    this.host = host;
    this.options = options;
  }

  /** Is the protocol header still incomplete? */
  get awaitsHeader(): boolean {
    return this.greeting !== null;
  }

  /** Takes what is missing of the protocol header. Returns where the frames begin. */
  takeHeader(buffer: Buffer, start: number, end: number): number {
    const before = this.greeting as Buffer;
    const at = Math.min(end, start + PROTOCOL_HEADER_BYTES - before.length);
    const greeting = Buffer.concat([before, buffer.subarray(start, at)]);
    this.greeting = greeting;
    if (greeting.length < PROTOCOL_HEADER_BYTES) return at;
    this.greeting = null;
    if (isProtocolHeader(greeting)) {
      this.start();
      return at;
    }
    this.host.client.outbox.write(PROTOCOL_HEADER);
    const shown = greeting.toString('latin1').replace(/[^ -~]/g, '?');
    const spoken = sniff(greeting);
    const hint = spoken === null ? '' : `: the client speaks ${spoken}`;
    this.host.abort(`bad protocol header '${shown}'${hint}`);
    return end;
  }

  /** Takes the next method. @throws AmqpError, BrokerError */
  take(method: ConnectionMethod): void {
    this.step(method);
  }

  private start(): void {
    const { broker, client } = this.host;
    this.offered = offeredMechanisms(this.options.mechanisms, client, broker.authentication);
    this.host.send('connection.start', {
      versionMajor: 0,
      versionMinor: 9,
      serverProperties: serverProperties(this.options.identity),
      mechanisms: Buffer.from(this.offered.join(' ')),
      locales: Buffer.from('en_US'),
    });
  }

  private awaitStartOk(method: ConnectionMethod): void {
    const { broker, client } = this.host;
    const args = this.expect(method, 'connection.start-ok');
    const { mechanism, response } = args;
    this.clientProperties = args.clientProperties;
    this.mechanism = mechanism;
    this.sasl = startMechanism(mechanism, this.offered, client, broker.authentication);
    this.answer(respond(this.sasl, response));
  }

  private awaitSecureOk(method: ConnectionMethod): void {
    const { response } = this.expect(method, 'connection.secure-ok');
    this.answer(respond(this.sasl as SaslExchange, response));
  }

  /** The client's turn again, or the broker's, or the end. */
  private answer(step: SaslStep): void {
    const { host } = this;
    if ('challenge' in step) {
      this.step = this.awaitSecureOk;
      host.send('connection.secure', { challenge: step.challenge });
    } else if ('refused' in step) {
      this.refuseLogin('', step.refused);
    } else {
      const verdict = host.broker.authenticate({
        protocol: 'amqp091',
        username: step.username,
        password: step.password,
        peer: host.client,
      });
      if (verdict instanceof Promise) {
        this.step = this.awaitAnswer;
        void verdict.then((late) => {
          if (!host.closing) this.judged(late, step.username);
        });
      } else this.judged(verdict, step.username);
    }
  }

  /** Nothing may come while somebody is asked about the login or the vhost. */
  private awaitAnswer(_method: ConnectionMethod): void {
    throw unexpectedMethod('securing');
  }

  private judged(verdict: LoginVerdict, username: string): void {
    if (typeof verdict === 'string') {
      this.refuseLogin(username, verdict);
      return;
    }
    this.user = verdict;
    this.host.send('connection.tune', this.options.tuning);
    this.step = this.awaitTuneOk;
  }

  private awaitTuneOk(method: ConnectionMethod): void {
    const chosen = this.expect(method, 'connection.tune-ok');
    this.host.tuned(checkTuneOk(this.options.tuning, chosen));
    this.step = this.awaitOpen;
  }

  private awaitOpen(method: ConnectionMethod): void {
    const { virtualHost } = this.expect(method, 'connection.open');
    const { host } = this;
    const user = this.user as User;
    const givenName = stringOf(this.clientProperties.get('connection_name'));
    const holder = {
      name: host.name,
      ...(givenName !== null && { givenName }),
      // By connection.update-secret.
      renewsLogin: true,
      expelled: (reason: string) => host.expelled(reason),
    };
    const session = decided(() => host.broker.openSession(user, virtualHost, 'amqp091', holder));
    if (session instanceof Promise) {
      this.step = this.awaitAnswer;
      session.then(
        (late) => (host.closing ? void late.close() : this.opened(late)),
        (error: unknown) => host.trouble(error, null, OPEN_ID[0], OPEN_ID[1]),
      );
    } else this.opened(session);
  }

  private opened(session: Session): void {
    this.host.send('connection.open-ok', {});
    this.host.opened(session);
  }

  private expect<N extends MethodName>(method: ConnectionMethod, name: N): MethodArguments<N> {
    if (method.name === name) return method.args as MethodArguments<N>;
    throw unexpectedMethod(this.step.name);
  }

  /** Clients that do not expect an answer get none, and a while later a closed socket. */
  private refuseLogin(username: string, why: string): void {
    const { host, mechanism } = this;
    host.broker.log.warning(`AMQP connection ${host.name}: login of '${username}' refused: ${why}`);
    if (!can(this.clientProperties, 'authentication_failure_close')) {
      host.ignore();
      return;
    }
    const text =
      `Login was refused using authentication mechanism ${mechanism}. ` +
      'For details see the broker logfile.';
    host.refuse(REPLIES.ACCESS_REFUSED, replyText('ACCESS_REFUSED', text));
  }
}

/** Did a client with these properties say that it understands the extension? */
export function can(clientProperties: Fields, capability: string): boolean {
  const capabilities = clientProperties.get('capabilities');
  return capabilities instanceof Map && capabilities.get(capability) === true;
}
