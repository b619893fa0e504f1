/**
 * Webhooks: queues whose messages the broker itself sends on by HTTP: what there is, as the
 * catalog's commands made it. One goes with its queue, its owner and its vhost, which is part of
 * applying those commands. Who may make one is webhook-access.ts; how messages are sent is the
 * business of an adapter, which watches.
 */
import type { Change } from './catalog.ts';

/** What a request to a webhook looks like. */
export const WEBHOOK_FORMATS = [
  'raw',
  'json',
  'cloudevents-binary',
  'cloudevents-structured',
] as const;

export type WebhookFormat = (typeof WEBHOOK_FORMATS)[number];

/** What requests are signed with. */
export interface WebhookSecret {
  /** `whsec_` and base64. */
  readonly key: string;
  /** ms since 1970 until when it signs, for one that has been replaced; null: no end. */
  readonly untilMs: number | null;
}

/** What its owner asks for. */
export interface WebhookSettings {
  readonly queue: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly format: WebhookFormat;
  /** Messages that may be on their way, or wait to be sent again, at once. */
  readonly concurrency: number;
  readonly timeoutMs: number;
  /** Then the message is given up, which dead-letters it. */
  readonly maxAttempts: number;
  /** Before the second attempt; doubled before each further one, up to the longest. */
  readonly firstRetryMs: number;
  readonly longestRetryMs: number;
}

/** `disabled`: its target has said that it is gone. */
export type WebhookState = 'active' | 'paused' | 'disabled';

/** See the head of this file. */
export interface WebhookRecord extends WebhookSettings {
  readonly vhost: string;
  readonly name: string;
  /** Whose right to read from the queue counts. */
  readonly owner: string;
  readonly secrets: readonly WebhookSecret[];
  readonly state: WebhookState;
  readonly createdAtMs: number;
}

/** Changes of webhooks. */
export type WebhookChange =
  | { readonly op: 'webhook.put'; readonly record: WebhookRecord }
  | { readonly op: 'webhook.delete'; readonly vhost: string; readonly name: string };

/** Whoever sends the messages. */
export interface WebhookWatcher {
  /** There is a new one, or a changed one. */
  changed(record: WebhookRecord): void;
  dropped(record: WebhookRecord): void;
}

/** A vhost, as far as webhooks have to do with it. */
interface WebhookVhost {
  readonly topology: { readonly queues: { has(name: string): boolean } };
}

export class Webhooks {
  private readonly records = new Map<string, WebhookRecord>();
  private readonly vhosts: ReadonlyMap<string, WebhookVhost>;
  private watcher: WebhookWatcher | null = null;

  constructor(vhosts: ReadonlyMap<string, WebhookVhost>) {
    this.vhosts = vhosts;
  }

  all(): Iterable<WebhookRecord> {
    return this.records.values();
  }

  get(vhost: string, name: string): WebhookRecord | undefined {
    return this.records.get(keyOf(vhost, name));
  }

  get size(): number {
    return this.records.size;
  }

  /** Tells `watcher` of every change from now on; null for nobody. */
  watch(watcher: WebhookWatcher | null): void {
    this.watcher = watcher;
  }

  /** Makes a change, or what follows from one. Returns whether there is nothing else to it. */
  apply(change: Change): change is WebhookChange {
    switch (change.op) {
      case 'webhook.put':
        this.put(change.record);
        return true;
      case 'webhook.delete':
        this.drop((one) => one.vhost === change.vhost && one.name === change.name);
        return true;
      case 'queue.delete':
        this.drop((one) => one.vhost === change.vhost && one.queue === change.name);
        return false;
      case 'vhost.delete':
        this.drop((one) => one.vhost === change.name);
        return false;
      case 'user.delete':
        this.drop((one) => one.owner === change.name);
        return false;
      default:
        return false;
    }
  }

  private put(record: WebhookRecord): void {
    if (!this.vhosts.get(record.vhost)?.topology.queues.has(record.queue)) return;
    this.records.set(keyOf(record.vhost, record.name), record);
    this.watcher?.changed(record);
  }

  private drop(which: (record: WebhookRecord) => boolean): void {
    if (this.records.size === 0) return;
    for (const [key, record] of this.records) {
      if (!which(record)) continue;
      this.records.delete(key);
      this.watcher?.dropped(record);
    }
  }
}

/** Names may have any characters. */
function keyOf(vhost: string, name: string): string {
  return `${vhost.length} ${vhost} ${name}`;
}
