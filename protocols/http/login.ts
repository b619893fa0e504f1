/**
 * Login: who sends a request, by HTTP Basic [RFC 7617] or with a token [RFC 6750]. Who guesses
 * passwords is slowed down by src/auth, as in every protocol; here it is told to come back (429)
 * and not kept waiting, because a request that hangs ties up more than one that is repeated.
 */
import { TOO_MANY_FAILURES } from '../../src/auth/authentication.ts';
import { basicCredentials } from '../../src/auth/basic-credentials.ts';
import type { User } from '../../src/auth/user.ts';
import type { Broker } from '../../src/broker/broker.ts';
import { LOGIN_FAILURE_INTERVAL_MS } from '../../src/limits.ts';
import { Answer, ApiError } from './answer.ts';

/** What a browser is told to ask the user for. */
export const CHALLENGE = { 'www-authenticate': 'Basic realm="RabbitMQ Management"' };

export class Logins {
  readonly broker: Broker;

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
    const credentials = basicCredentials(authorization) ?? bearerCredentials(authorization);
    if (credentials === null) throw refused();
    const { username, password } = credentials;
    const loopback = address === '::1' || address.startsWith('127.');
    const peer = { remoteAddress: address, loopback };
    const request = { impatient: true, repeats: true } as const;
    const login = { protocol: 'http', username, password, peer, ...request };
    const user = await this.broker.authenticate(login);
    if (typeof user !== 'string') return user;
    if (user === TOO_MANY_FAILURES) throw tooMany();
    this.broker.log.warning(`HTTP login of '${username}' from ${address} refused: ${user}`);
    throw refused();
  }
}

function refused(): ApiError {
  return new ApiError(401, 'not_authorized', 'Login failed');
}

function tooMany(): Answer {
  const body = { error: 'too_many_requests', reason: 'Too many failed logins' };
  const seconds = Math.ceil(LOGIN_FAILURE_INTERVAL_MS / 1000);
  return new Answer(429, body, { 'retry-after': String(seconds) });
}

/** A token says itself whose it is [RFC 6750]. */
function bearerCredentials(header: string): { username: string; password: string } | null {
  const token = /^bearer +([A-Za-z0-9._~+/=-]+)$/i.exec(header)?.[1];
  return token === undefined ? null : { username: '', password: token };
}
