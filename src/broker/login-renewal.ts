/**
 * LoginRenewal: what may happen to a login after it was good: its client shows another secret, or
 * answers about it are forgotten, so that they are asked for again. Logging in is
 * auth/authentication.ts.
 */
import { decided } from '../auth/undecided.ts';
import type { Authority, User } from '../auth/user.ts';
import type { Broker } from './broker.ts';
import { BrokerError } from './errors.ts';
import type { Session } from './session.ts';

/**
 * The client of a session shows another secret, a token say. Who logged in with a password of the
 * broker's own stays who it is. Either way it is looked at again what the session may do.
 * @throws BrokerError NOT_ALLOWED if the secret is no good, or the vhost closed by now
 */
export async function renewLogin(broker: Broker, session: Session, secret: string): Promise<void> {
  const { user } = session;
  if (user.authority !== null) {
    const verdict = await renewed(user.authority, secret);
    const refused = typeof verdict === 'string' ? verdict : 'it is of somebody else';
    if (typeof verdict === 'string' || !loginAgain(broker, session, verdict)) {
      broker.log.warning(`a new secret of user '${user.name}' was refused: ${refused}`);
      throw new BrokerError('NOT_ALLOWED', 'New secret was refused by one of the backends');
    }
  }
  await decided(() => session.reauthorize());
}

/** A backend that cannot be asked has refused. */
async function renewed(authority: Authority, secret: string): Promise<User | string> {
  try {
    return await authority.renew(secret);
  } catch (error) {
    return `nobody answers: ${(error as Error).message}`;
  }
}

/**
 * The user of a session has logged in again: from now on its sessions may do what it may do now.
 * @returns false if it is not the same user, and nothing has changed
 */
export function loginAgain(broker: Broker, { user }: Session, fresh: User): boolean {
  if (user === fresh) return true;
  if (user.name !== fresh.name || user.authority === null || fresh.authority === null) return false;
  if (user.authority === fresh.authority) return true;
  user.become(fresh);
  for (const session of broker.sessions) {
    if (session.user !== user) continue;
    session.rights.replace(user.rightsIn(session.vhost.name));
    broker.expiries.renewed(session);
  }
  return true;
}

/** Everybody outside is asked again, about logins and about what sessions may do. */
export function forgetAnswers(broker: Broker): void {
  broker.authentication.forget();
  for (const { user } of broker.sessions) user.authority?.forget();
}
