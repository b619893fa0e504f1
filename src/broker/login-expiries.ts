/**
 * LoginExpiries: logins that run out, a token's say. When one does, its sessions may do nothing any
 * more; a client that cannot show another secret on the same connection is told and loses it.
 */
import type { Clock, Timer } from '../clock.ts';
import type { Session, SessionHolder } from './session.ts';

interface Watched {
  readonly holder: SessionHolder | null;
  timer: Timer;
}

export class LoginExpiries {
  private readonly clock: Clock;
  private readonly watched = new Map<Session, Watched>();

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** Looks when the login of a session runs out, until forget(). */
  watch(session: Session, holder: SessionHolder | null): void {
    if (session.user.authority === null) return;
    this.watched.set(session, { holder, timer: this.arm(session, holder) });
  }

  /** Its user has logged in again. */
  renewed(session: Session): void {
    const watched = this.watched.get(session);
    if (watched === undefined) return;
    watched.timer.cancel();
    watched.timer = this.arm(session, watched.holder);
  }

  forget(session: Session): void {
    this.watched.get(session)?.timer.cancel();
    this.watched.delete(session);
  }

  private arm(session: Session, holder: SessionHolder | null): Timer {
    const { clock } = this;
    const { expiresAtMs = Number.POSITIVE_INFINITY } = session.user.authority ?? {};
    return clock.schedule(expiresAtMs - clock.now(), () => {
      session.rights.expire();
      if (holder?.renewsLogin !== true) session.expel('the login has run out');
    });
  }
}
