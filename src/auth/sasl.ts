/**
 * Sasl: the mechanisms by which a client can say who it is [RFC 4422], for every protocol that has
 * them. A mechanism turns responses into a login or a challenge; whether the login is good is
 * authentication.ts. AMQPLAIN is AMQP's own and in protocols/amqp.
 */
import type { Authentication } from './authentication.ts';
import type { Certificate } from './certificate-name.ts';

/** The response makes no sense in its mechanism. */
export class SaslError extends Error {
  override readonly name = 'SaslError';
}

/** What a response leads to. */
export type SaslStep =
  /** Ask the client this and give its answer to respond() again. */
  | { readonly challenge: Buffer }
  /** Who the client says to be; without a password if that is proven already. */
  | { readonly username: string; readonly password: string | null }
  /** It cannot log in this way; the reason is for the log. */
  | { readonly refused: string };

/** One client's way through a mechanism. */
export interface SaslExchange {
  /** @throws SaslError if the response makes no sense */
  respond(response: Buffer): SaslStep;
}

/** The client, as far as mechanisms look at it. */
export interface SaslPeer {
  readonly tls: { readonly certificate: Certificate | null } | null;
}

/** How a client can say who it is. */
export interface SaslMechanism {
  /** Is there any sense in offering it to this client? */
  isOffered(peer: SaslPeer, authentication: Authentication): boolean;
  start(peer: SaslPeer, authentication: Authentication): SaslExchange;
}

/** A name and a password, after an identity that nobody uses [RFC 4616]. */
const PLAIN: SaslMechanism = {
  isOffered: () => true,
  start: () => ({ respond: plain }),
};

/** Whatever the client says: it is the user that the configuration names [RFC 4505]. */
const ANONYMOUS: SaslMechanism = {
  isOffered: (_, { anonymous }) => anonymous !== null,
  start: (_, { anonymous }) => ({
    respond: () => anonymous ?? { refused: 'there is no anonymous user' },
  }),
};

/** The client certificate says who it is; what the response says does not matter. */
const EXTERNAL: SaslMechanism = {
  // Also to a client without a certificate: the log then says what is missing.
  isOffered: ({ tls }) => tls !== null,
  start: ({ tls }, authentication) => ({
    respond: () => {
      if (tls === null) return { refused: 'not a TLS connection' };
      if (tls.certificate === null) return { refused: 'the client has no verified certificate' };
      const username = authentication.certificateName(tls.certificate);
      if (username === null) return { refused: 'the client certificate names no user' };
      return { username, password: null };
    },
  }),
};

const QUESTION = Buffer.from('Please tell me your password');
const ANSWER = 'My password is ';

/** RabbitMQ's demonstration of a challenge: as safe as PLAIN. */
const CR_DEMO: SaslMechanism = {
  isOffered: () => true,
  start: () => {
    let username: string | null = null;
    return {
      respond: (response) => {
        const text = response.toString('utf8');
        if (username === null) {
          username = text;
          return { challenge: QUESTION };
        }
        if (!text.startsWith(ANSWER)) throw new SaslError("the answer is no 'My password is …'");
        return { username, password: text.slice(ANSWER.length) };
      },
    };
  },
};

export const SASL_MECHANISMS: ReadonlyMap<string, SaslMechanism> = new Map([
  ['PLAIN', PLAIN],
  ['ANONYMOUS', ANONYMOUS],
  ['EXTERNAL', EXTERNAL],
  ['RABBIT-CR-DEMO', CR_DEMO],
]);

function plain(response: Buffer): SaslStep {
  const first = response.indexOf(0);
  const second = response.indexOf(0, first + 1);
  if (first < 0 || second < 0) {
    throw new SaslError('malformed PLAIN response: two NULs are missing');
  }
  const username = response.toString('utf8', first + 1, second);
  return { username, password: response.toString('utf8', second + 1) };
}
