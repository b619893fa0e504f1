/**
 * Live traces (`/api/x/traces`): what happens to messages, as it happens, across protocols. A
 * message comes again, whole, whenever something happened to it.
 */
import { at, change } from './request.ts';

/** What is traced; what is left out does not matter. */
export interface TraceFilter {
  readonly vhost?: string;
  readonly exchange?: string;
  readonly queue?: string;
  readonly routing_key?: string;
  readonly connection?: string;
  readonly protocol?: string;
  readonly text?: string;
  /** Every n-th message that matches. */
  readonly sample?: number;
}

/** A client, as a trace knows it. */
export interface TraceParty {
  readonly connection: string;
  readonly client: string | null;
  readonly protocol: string;
  readonly user: string;
  readonly channel: number;
  readonly consumer_tag?: string | null;
}

/** One thing that happened to a message. */
export interface TraceEvent {
  readonly event: string;
  readonly after_ms: number;
  readonly held_ms?: number;
  readonly queue?: string;
  readonly queues?: readonly string[];
  readonly exchange?: string;
  readonly redelivered?: boolean;
  readonly to?: TraceParty;
}

/** A message and all that happened to it so far. */
export interface TracedMessage {
  readonly id: number;
  readonly seq: number;
  readonly at: number;
  readonly vhost: string;
  readonly exchange: string;
  readonly routing_keys: readonly string[];
  readonly payload_bytes: number;
  readonly payload?: string;
  readonly payload_encoding?: string;
  readonly properties: Readonly<Record<string, unknown>>;
  readonly published_by: TraceParty | null;
  readonly queues: readonly string[];
  readonly state: string;
  readonly events: readonly TraceEvent[];
  readonly more_events?: number;
  /** All of it in one line. */
  readonly text: string;
}

/** Messages that the broker remembers for us, and bytes of each payload. */
const MESSAGES = 1000;
const PAYLOAD_BYTES = 1024;

/** A trace ends by itself when nobody has read it for so long. */
const IDLE_MS = 15_000;

/** Begins a trace. @returns its id @throws ApiError */
export async function startTrace(filter: TraceFilter): Promise<string> {
  const bounds = {
    max_messages: MESSAGES,
    payload_bytes: PAYLOAD_BYTES,
    idle_timeout_ms: IDLE_MS,
    name: 'console',
  };
  const made = await change<{ id: string }>('POST', 'x/traces', { ...filter, ...bounds });
  return made?.id ?? '';
}

/** Where its events come from. */
export function traceEvents(id: string, after: number): string {
  return `${at`x/traces/${id}`}/events?stream=1&after=${after}`;
}

/** @throws ApiError */
export async function endTrace(id: string): Promise<void> {
  await change('DELETE', at`x/traces/${id}`);
}
