/**
 * Events: tells whoever listens what happens in the broker beyond messages: that queues, users,
 * connections and the like come and go, under RabbitMQ's names (`queue.created`). While nobody
 * listens, noticing costs a look at one field, and details are not even put together.
 */
import type { Field } from './field.ts';

/** What there is to say about an event, by RabbitMQ's names. */
export type EventDetails = Readonly<Record<string, Field>>;

type Listener = (key: string, details: EventDetails) => void;

export class Events {
  private listener: Listener | null = null;

  /** Does anybody listen? */
  get on(): boolean {
    return this.listener !== null;
  }

  listen(listener: Listener): void {
    this.listener = listener;
  }

  /** Something has happened. Callers ask `on` before they put details together. */
  emit(key: string, details: EventDetails): void {
    this.listener?.(key, details);
  }
}
