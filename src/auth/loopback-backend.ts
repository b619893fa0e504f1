/**
 * LoopbackBackend: the broker's own users, for clients on this machine only (RabbitMQ's
 * internal_loopback): somebody else vouches for everybody who comes from elsewhere.
 */
import type { Authenticator, Login, LoginVerdict } from './authenticator.ts';

export class LoopbackBackend implements Authenticator {
  private readonly users: Authenticator;

  constructor(users: Authenticator) {
    this.users = users;
  }

  authenticate(login: Login): LoginVerdict | Promise<LoginVerdict> {
    return login.peer.loopback ? this.users.authenticate(login) : 'not from this machine';
  }
}
