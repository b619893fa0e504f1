/**
 * Login: what a CONNECT or STOMP frame asks for, and whether the client gets it: version, user,
 * vhost, heart-beats [STOMP 1.2, Connecting]. Says why not in RabbitMQ's words; knows nothing
 * about sockets.
 */
import { isIP } from 'node:net';
import { hostname } from 'node:os';
import type { LoginVerdict } from '../../src/auth/authenticator.ts';
import { basicCredentials } from '../../src/auth/basic-credentials.ts';
import { decided } from '../../src/auth/undecided.ts';
import type { User } from '../../src/auth/user.ts';
import type { Broker } from '../../src/broker/broker.ts';
import { BrokerError } from '../../src/broker/errors.ts';
import type { Session, SessionHolder } from '../../src/broker/session.ts';
import type { Client } from '../../src/server/protocol.ts';
import { StompError } from './errors.ts';
import type { FrameHead } from './frame-head.ts';
import { type HeartbeatPlan, heartbeatPlan } from './heartbeat.ts';
import { SUPPORTED_VERSIONS } from './replies.ts';

export type Version = '1.0' | '1.1' | '1.2';

export interface LoginOptions {
  /** The vhost of clients that ask for none. */
  readonly defaultVhost: string;
  /** The user of clients that name none; null if they have to. */
  readonly defaultUser: string | null;
  readonly defaultPassword: string;
  /** Are clients that name nobody the user of their certificate, if they have shown one? */
  readonly certificateLogin: boolean;
  /** Over WebSocket: are clients whom the HTTP request names, whatever their CONNECT says? */
  readonly httpLogin: boolean;
}

/** What a client has got. */
export interface LoggedIn {
  readonly version: Version;
  readonly session: Session;
  readonly heartbeat: HeartbeatPlan;
}

/** Who logs in. */
export interface LoginHost extends SessionHolder {
  readonly broker: Broker;
  readonly client: Client;
}

/**
 * Opens a session for the client; a promise if somebody else has to be asked about the user.
 * @throws StompError with what the client is to be told
 */
export function login(
  head: FrameHead,
  host: LoginHost,
  options: LoginOptions,
): LoggedIn | Promise<LoggedIn> {
  const version = versionOf(head);
  const get = (name: string): string | undefined => {
    const value = head.get(name);
    return version === '1.0' ? value?.replace(/^ +/, '') : value;
  };
  const heartbeat = heartbeatPlan(get('heart-beat'));
  const { username, password } = claimOf(get('login'), get('passcode'), host, options);
  const vhost = vhostOf(get('host'), host.broker, options.defaultVhost);
  const judged = (verdict: LoginVerdict): LoggedIn | Promise<LoggedIn> => {
    if (typeof verdict === 'string') throw new LoginRefusal(username, verdict);
    return decided(() => {
      return { version, session: openSession(host, verdict, vhost, version), heartbeat };
    });
  };
  const claim = { protocol: 'stomp', username, password, peer: host.client };
  const verdict = host.broker.authenticate(claim);
  return verdict instanceof Promise ? verdict.then(judged) : judged(verdict);
}

/** Who the client says it is. A password of null: its certificate has proved it. */
function claimOf(
  login: string | undefined,
  passcode: string | undefined,
  { broker, client }: LoginHost,
  options: LoginOptions,
): { readonly username: string; readonly password: string | null } {
  const fallback = {
    username: options.defaultUser ?? '',
    password: passcode ?? options.defaultPassword,
  };
  if (options.httpLogin && client.subprotocol !== null) {
    const { authorization = null } = client;
    if (authorization === null) return { ...fallback, password: options.defaultPassword };
    return basicCredentials(authorization) ?? { username: '', password: '' };
  }
  if (login !== undefined) return { username: login, password: passcode ?? '' };
  const certificate = options.certificateLogin ? (client.tls?.certificate ?? null) : null;
  const proven = certificate === null ? null : broker.authentication.certificateName(certificate);
  if (proven !== null) return { username: proven, password: null };
  return fallback;
}

/** A login that failed: the reason is for the log only. */
export class LoginRefusal extends StompError {
  readonly reason: string;

  constructor(username: string, reason: string) {
    super('Bad CONNECT', `Access refused for user '${username}'`);
    this.reason = `login of '${username}' refused: ${reason}`;
  }
}

function openSession(host: LoginHost, user: User, vhost: string, version: Version): Session {
  const { broker } = host;
  try {
    return broker.openSession(user, vhost, `stomp${version.replace('.', '')}`, host);
  } catch (error) {
    if (!(error instanceof BrokerError)) throw error;
    const limited = broker.vhosts.has(vhost) && user.rightsIn(vhost).open;
    const detail = limited
      ? `Connection refused: ${error.message}`
      : `Virtual host '${vhost}' access denied`;
    throw new StompError('Bad CONNECT', detail);
  }
}

/** The highest that both know; a client that says nothing speaks 1.0. @throws StompError */
function versionOf(head: FrameHead): Version {
  const accepted = (head.get('accept-version') ?? '1.0').split(',').map((text) => text.trim());
  for (const version of ['1.2', '1.1', '1.0'] as const) {
    if (accepted.includes(version)) return version;
  }
  throw new StompError('Version mismatch', `Supported versions are ${SUPPORTED_VERSIONS}\n`);
}

/**
 * The vhost that a `host` header means. STOMP says that it is the name of a virtual host, and many
 * libraries send the name of the machine that they connect to. So one that is no vhost but clearly
 * such a name (an address, `localhost`, this machine's name, or one with a dot) means the default.
 */
export function vhostOf(host: string | undefined, broker: Broker, defaultVhost: string): string {
  if (host === undefined) return defaultVhost;
  return broker.vhosts.has(host) || !isMachine(host) ? host : defaultVhost;
}

function isMachine(host: string): boolean {
  const name = host.replace(/:\d{1,5}$/, '');
  if (isIP(host) !== 0 || isIP(name.replace(/^\[(.*)\]$/, '$1')) !== 0) return true;
  if (!/^[a-z0-9-]+(\.[a-z0-9-]+)*\.?$/i.test(name)) return false;
  return name.includes('.') || name === 'localhost' || name === hostname();
}
