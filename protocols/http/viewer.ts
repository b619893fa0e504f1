/**
 * Viewer: the user behind one request, and what of the broker it may see: by tags
 * (`administrator`, `monitoring`, `policymaker`, `management`) and by the vhosts it may log in to
 * [management-api.md §1.1]. What it may do to messages and topology its session checks.
 */
import { decided } from '../../src/auth/undecided.ts';
import type { User } from '../../src/auth/user.ts';
import { notAuthorised } from './answer.ts';

/**
 * Who may use a route. `public`: who has not logged in, too; `vhost`: the one in the path;
 * `visible`: that, or whoever monitors.
 */
export type Access =
  | 'public'
  | 'anybody'
  | 'management'
  | 'vhost'
  | 'visible'
  | 'policymaker'
  | 'monitoring'
  | 'administrator';

const MANAGEMENT_TAGS: readonly string[] = [
  'administrator',
  'monitoring',
  'policymaker',
  'management',
];

export class Viewer {
  readonly user: User;
  /** Of the vhosts that learn() was told of: may the user enter them? */
  private readonly entered = new Map<string, boolean>();

  constructor(user: User) {
    this.user = user;
  }

  /** Finds out which vhosts the user may log in to, where somebody outside has to be asked. */
  async learn(vhosts: Iterable<string>): Promise<void> {
    if (this.user.authority === null || !this.isManager) return;
    const learnOne = async (vhost: string): Promise<void> => {
      this.entered.set(vhost, await decided(() => this.user.rightsIn(vhost).open));
    };
    await Promise.all([...vhosts].map(learnOne));
  }

  get isAdministrator(): boolean {
    return this.user.tags.has('administrator');
  }

  get isMonitor(): boolean {
    return this.isAdministrator || this.user.tags.has('monitoring');
  }

  get isPolicymaker(): boolean {
    return this.isAdministrator || this.user.tags.has('policymaker');
  }

  /** May the user use the management API at all? */
  get isManager(): boolean {
    return MANAGEMENT_TAGS.some((tag) => this.user.tags.has(tag));
  }

  /** May the user log in to that vhost? */
  mayEnter(vhost: string): boolean {
    return this.entered.get(vhost) ?? this.user.rightsIn(vhost).open;
  }

  /** Connections and channels: one's own, or everybody's for who monitors. */
  seesUser(name: string | null): boolean {
    return this.isMonitor || name === this.user.name;
  }

  /** Vhosts as such, and what stands for a whole vhost. */
  seesVhost(vhost: string): boolean {
    return this.isMonitor || this.mayEnter(vhost);
  }

  /**
   * @param vhost the one in the path, null if there is none
   * @throws ApiError 401 with RabbitMQ's words if the user may not
   */
  check(access: Access, vhost: string | null): void {
    if (access === 'anybody' || access === 'public') return;
    if (!this.isManager) throw notAuthorised('Not management user');
    if (access === 'administrator' && !this.isAdministrator) {
      throw notAuthorised('Not administrator user');
    }
    if (access === 'monitoring' && !this.isMonitor) throw notAuthorised('Not monitor user');
    if (access === 'policymaker' && !this.isPolicymaker) {
      throw notAuthorised('User not authorised to access object');
    }
    if (vhost === null || access === 'administrator' || access === 'monitoring') return;
    const enters = access === 'visible' ? this.seesVhost(vhost) : this.mayEnter(vhost);
    if (!enters) throw notAuthorised('User not authorised to access virtual host');
  }
}
