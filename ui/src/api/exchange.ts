/**
 * Exchanges as the management API describes them. The default exchange is called '' in lists and
 * `amq.default` in paths: exchangePath knows.
 */
import type { Arguments } from './queue.ts';
import { at } from './request.ts';
import type { Statistics } from './statistics.ts';

/** An item of `/api/exchanges`. */
export interface Exchange {
  readonly name: string;
  readonly vhost: string;
  readonly type: string;
  readonly durable: boolean;
  readonly auto_delete: boolean;
  readonly internal: boolean;
  readonly arguments: Arguments;
  readonly policy?: string | null;
  readonly user_who_performed_action?: string;
  readonly message_stats?: Statistics;
}

/** An exchange's path below api/. */
export function exchangePath(vhost: string, name: string): string {
  return at`exchanges/${vhost}/${name === '' ? 'amq.default' : name}`;
}

/** What people call it. */
export function exchangeTitle(name: string): string {
  return name === '' ? '(default exchange)' : name;
}
