/**
 * Webhooks: everything that sends messages on by HTTP: one Webhook for each that the catalog has,
 * started, changed and ended as that changes. What users may ask for is
 * operations.ts.
 */
import type { WebhookRecord, WebhookWatcher } from '../../../src/broker/webhook.ts';
import { Webhook } from './webhook.ts';
import type { WebhookContext } from './wire.ts';

export class WebhookSenders implements WebhookWatcher {
  readonly context: WebhookContext;
  private readonly webhooks = new Map<string, Webhook>();
  private running = false;

  constructor(context: WebhookContext) {
    this.context = context;
  }

  start(): void {
    const { broker } = this.context;
    this.running = true;
    broker.webhooks.watch(this);
    for (const record of broker.webhooks.all()) this.update(record);
  }

  /** What is under way goes back to its queue. */
  stop(): void {
    this.running = false;
    this.context.broker.webhooks.watch(null);
    for (const one of this.webhooks.values()) one.halt();
    this.webhooks.clear();
  }

  /** Undefined if it has just been made. */
  of(record: WebhookRecord): Webhook | undefined {
    return this.webhooks.get(keyOf(record));
  }

  changed(record: WebhookRecord): void {
    // In the middle of a catalog's command nothing is opened.
    setImmediate(() => this.update(record));
  }

  dropped(record: WebhookRecord): void {
    setImmediate(() => this.update(record));
  }

  /** Brings one in line with the catalog. */
  private update({ vhost, name }: WebhookRecord): void {
    if (!this.running) return;
    const key = keyOf({ vhost, name });
    const known = this.webhooks.get(key);
    const record = this.context.broker.webhooks.get(vhost, name);
    if (record === undefined) {
      known?.drop();
      this.webhooks.delete(key);
    } else if (known === undefined) this.webhooks.set(key, new Webhook(this.context, record));
    else if (known.record !== record) known.change(record);
  }
}

function keyOf({ vhost, name }: Pick<WebhookRecord, 'vhost' | 'name'>): string {
  return JSON.stringify([vhost, name]);
}
