/**
 * Authenticator: whoever can say who somebody is. The broker asks its chain of them in order
 * (`auth_backends.N`) until one agrees; users.ts is the one that is always there. An answer may
 * take time, for a backend that asks somebody else; the internal one answers at once.
 */
import type { User } from './user.ts';

/** Where a login comes from; every client of the server has these. */
export interface Peer {
  readonly remoteAddress: string;
  /** Does the peer sit on this machine? */
  readonly loopback: boolean;
}

/** Who somebody claims to be. */
export interface Login {
  /** As RabbitMQ counts attempts: `amqp091`, `amqp10`, `mqtt`, `stomp`, `http`. */
  readonly protocol: string;
  readonly username: string;
  /** null if the name is proven already, by a client certificate. */
  readonly password: string | null;
  readonly peer: Peer;
  /** Refused rather than held up after many failures: by who can ask again, as over HTTP. */
  readonly impatient?: true;
  /** Where the client wants to, if it has said so with its login, as in MQTT. */
  readonly vhost?: string;
  /** What the client calls itself, in MQTT. */
  readonly clientId?: string;
  /** The client says who it is with every request: a good login is remembered for a time. */
  readonly repeats?: boolean;
}

/** Why a login failed: for the log only, a client is never told. */
export type LoginFailure = string;

/** What somebody is told about a login. */
export type LoginVerdict = User | LoginFailure;

export interface Authenticator {
  /** The user if the login is good, else why not. A promise rejects if nobody can be asked. */
  authenticate(login: Login): LoginVerdict | Promise<LoginVerdict>;
  /** Forgets what it remembers of earlier answers. */
  forget?(): void;
}
