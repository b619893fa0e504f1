/**
 * Login: who sends a request, by HTTP Basic [RFC 7617]. Guessing passwords is slowed down: after
 * a few failures of one user from one address further attempts are turned away unchecked, one a
 * second excepted. Other users and other addresses do not notice.
 */
import type { User } from '../../src/auth/user.ts';
import type { Broker } from '../../src/broker/broker.ts';
import { LOGIN_FAILURES_MAX, LOGIN_FAILURES_REMEMBERED } from '../../src/limits.ts';
import { Answer, ApiError } from './answer.ts';

/** What a browser is told to ask the user for. */
export const CHALLENGE = { 'www-authenticate': 'Basic realm="RabbitMQ Management"' };

/** Failed logins of one user from one address. */
interface Failures {
  count: number;
  lastMs: number;
}

export class Logins {
  private readonly broker: Broker;
  private readonly failures = new Map<string, Failures>();

  constructor(broker: Broker) {
    this.broker = broker;
  }

  /**
   * The user of a request.
   * @param authorization the header as it came
   * @throws Answer, ApiError 401 if nobody has logged in, 429 after too many failures
   */
  async userOf(authorization: string | undefined, address: string): Promise<User> {
    if (authorization === undefined) throw new Answer(401, undefined, CHALLENGE);
    const credentials = basicCredentials(authorization);
    if (credentials === null) throw refused();
    const { username, password } = credentials;
    const key = `${address} ${username}`;
    this.checkPace(key);
    const loopback = address === '::1' || address.startsWith('127.');
    const peer = { remoteAddress: address, loopback };
    const login = { protocol: 'http', username, password, peer };
    const user = await this.broker.authenticate(login);
    if (typeof user !== 'string') {
      this.failures.delete(key);
      return user;
    }
    this.noteFailure(key);
    this.broker.log.warning(`HTTP login of '${username}' from ${address} refused: ${user}`);
    throw refused();
  }

  private checkPace(key: string): void {
    const failures = this.failures.get(key);
    if (failures === undefined || failures.count < LOGIN_FAILURES_MAX) return;
    if (this.broker.clock.now() - failures.lastMs >= 1000) return;
    throw new Answer(
      429,
      { error: 'too_many_requests', reason: 'Too many failed logins' },
      { 'retry-after': '1' },
    );
  }

  private noteFailure(key: string): void {
    const failures = this.failures.get(key) ?? { count: 0, lastMs: 0 };
    failures.count++;
    failures.lastMs = this.broker.clock.now();
    // Last in the order of the map: the first ones are the oldest.
    this.failures.delete(key);
    this.failures.set(key, failures);
    if (this.failures.size <= LOGIN_FAILURES_REMEMBERED) return;
    const [oldest] = this.failures.keys();
    this.failures.delete(oldest as string);
  }
}

function refused(): ApiError {
  return new ApiError(401, 'not_authorized', 'Login failed');
}

function basicCredentials(header: string): { username: string; password: string } | null {
  const encoded = /^basic +([A-Za-z0-9+/=_-]{1,8192})$/i.exec(header)?.[1];
  if (encoded === undefined) return null;
  const text = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  if (colon < 0) return null;
  return { username: text.slice(0, colon), password: text.slice(colon + 1) };
}
