/**
 * TopicPermissionAdministration: granting and taking away which routing keys of a topic exchange
 * users may publish and bind with. Where nothing is said about an exchange, every key may be used.
 */
import type { TopicPermissionPatterns } from '../../auth/topic-permission.ts';
import type { TopicPermissionRecord } from '../catalog.ts';
import type { AdministrationContext } from './administration.ts';
import {
  checkPattern,
  checkPlace,
  type PermissionFilter,
  usersOf,
} from './permission-administration.ts';

export class TopicPermissionAdministration {
  private readonly context: AdministrationContext;

  constructor(context: AdministrationContext) {
    this.context = context;
  }

  list(filter: PermissionFilter = {}): TopicPermissionRecord[] {
    const records: TopicPermissionRecord[] = [];
    for (const user of usersOf(this.context, filter)) {
      for (const [vhost, { topics }] of user.allPermissions()) {
        if (filter.vhost !== undefined && vhost !== filter.vhost) continue;
        for (const [exchange, { patterns }] of topics) {
          records.push({ user: user.name, vhost, exchange, ...patterns });
        }
      }
    }
    return records;
  }

  /**
   * Sets which keys may be used; the exchange need not be there yet.
   * @returns whether nothing was said about the exchange before
   * @throws AdministrationError if the user or the vhost is missing, or a pattern is not valid
   */
  async put(
    user: string,
    vhost: string,
    exchange: string,
    patterns: TopicPermissionPatterns,
  ): Promise<boolean> {
    const { write, read } = patterns;
    for (const pattern of [write, read]) checkPattern(pattern);
    checkPlace(this.context, user, vhost);
    const known = this.list({ user, vhost }).some((record) => record.exchange === exchange);
    const record = { user, vhost, exchange, write, read };
    await this.context.propose({ op: 'topic-permission.put', record });
    const where = `on exchange '${exchange}' of user '${user}' in vhost '${vhost}'`;
    const { actor, log } = this.context;
    log.info(`topic permissions ${where} set to '${write}', '${read}' by '${actor}'`);
    return !known;
  }

  /** @param exchange the one that is open again; all of the user's in the vhost if it is missing */
  async delete(user: string, vhost: string, exchange?: string): Promise<void> {
    checkPlace(this.context, user, vhost);
    for (const { exchange: known } of this.list({ user, vhost })) {
      if (exchange !== undefined && known !== exchange) continue;
      await this.context.propose({ op: 'topic-permission.delete', user, vhost, exchange: known });
    }
    const { actor, log } = this.context;
    log.info(`topic permissions of user '${user}' in vhost '${vhost}' cleared by '${actor}'`);
  }
}
