/**
 * Looking at messages where they are (`/api/x/queues/…/messages`): nothing is taken, marked or
 * counted. Only our broker can; its shapes are here, and how they are asked for.
 */
import { at, change, read, send, withQuery } from './request.ts';

/** Where a message stands in its queue. */
export type MessageState = 'ready' | 'unacked' | 'delayed';

/** Why and where a message died once. */
export interface Death {
  readonly queue: string;
  readonly reason: string;
  readonly count: number;
  readonly at: number | null;
  readonly exchange: string;
  readonly routing_keys: readonly string[];
}

/** Who has it. */
export interface Holder {
  readonly connection: string;
  readonly client: string | null;
  readonly protocol: string;
  readonly user: string;
  readonly channel: number;
  readonly consumer_tag: string | null;
  readonly since: number | null;
  readonly for_ms: number | null;
}

/** A message as it lies there. */
export interface PeekedMessage {
  readonly id: string;
  readonly state: MessageState;
  readonly exchange: string;
  readonly routing_key: string;
  readonly redelivered: boolean;
  readonly returned?: boolean;
  readonly delivery_count: number;
  readonly priority: number;
  readonly payload_bytes: number;
  readonly payload?: string;
  readonly payload_encoding?: string;
  readonly payload_truncated?: boolean;
  readonly properties: Readonly<Record<string, unknown>> & {
    readonly headers?: Readonly<Record<string, unknown>>;
  };
  readonly arrived_at: number | null;
  readonly age_ms: number | null;
  readonly expires_at: number | null;
  readonly ttl_left_ms: number | null;
  readonly persisted?: boolean;
  readonly in_memory?: boolean;
  readonly due_at?: number;
  readonly deaths: readonly Death[];
  readonly held_by: Holder | null;
}

/** A page of them. */
export interface Peek {
  readonly queue: string;
  readonly type: string;
  readonly counts: Readonly<Record<MessageState, number>>;
  readonly offset: number | null;
  readonly items: readonly PeekedMessage[];
  readonly cursor: string | null;
  readonly scanned: number;
  readonly complete: boolean;
}

/** What is looked for; '' and undefined for anything. */
export interface PeekQuery {
  readonly state: MessageState | 'all';
  readonly offset?: number;
  readonly cursor?: string;
  readonly text?: string;
  readonly routing_key?: string;
  readonly exchange?: string;
  readonly reason?: string;
  readonly source_queue?: string;
  /** `name=value`; `name=*` for "has it". */
  readonly header?: string;
}

/** Messages of one page, and how much of each payload is fetched with it. */
const LIMIT = 50;
const PREVIEW_BYTES = 1024;

function pathOf(vhost: string, queue: string): string {
  return at`x/queues/${vhost}/${queue}/messages`;
}

/** @throws ApiError */
export async function peek(
  vhost: string,
  queue: string,
  { header, ...query }: PeekQuery,
  signal?: AbortSignal,
): Promise<Peek> {
  const [name = '', ...value] = (header ?? '').split('=');
  const wanted = { ...query, limit: LIMIT, payload_bytes: PREVIEW_BYTES };
  const named = name === '' ? {} : { [`header.${name.trim()}`]: value.join('=').trim() || '*' };
  return read<Peek>(withQuery(pathOf(vhost, queue), { ...wanted, ...named }), signal);
}

/** One message with so many bytes of its payload. @throws ApiError 404 when it has gone */
export async function peekOne(
  vhost: string,
  queue: string,
  id: string,
  bytes: number,
): Promise<PeekedMessage> {
  return read(
    withQuery(`${pathOf(vhost, queue)}/${encodeURIComponent(id)}`, { payload_bytes: bytes }),
  );
}

/** The whole payload as a file. @throws ApiError */
export async function payloadOf(vhost: string, queue: string, id: string): Promise<Blob> {
  const path = `${pathOf(vhost, queue)}/${encodeURIComponent(id)}/payload`;
  return (await send('GET', path, { headers: { accept: '*/*' } })).blob();
}

/** Where a copy goes. */
export type Target =
  | { readonly queue: string }
  | { readonly exchange: string; readonly routing_key?: string };

/** What is different about a copy; null takes something away. */
export interface MessageEdit {
  readonly payload?: string;
  readonly payload_encoding?: string;
  readonly routing_key?: string;
  readonly headers?: Readonly<Record<string, unknown>>;
}

/** What became of a copy. */
export interface Copied {
  readonly routed: boolean;
  readonly queues: readonly string[];
}

/** Copies a message; the original stays. @throws ApiError */
export async function replay(
  vhost: string,
  queue: string,
  id: string,
  to: Target,
  edit?: MessageEdit,
): Promise<Copied> {
  const path = `${pathOf(vhost, queue)}/${encodeURIComponent(id)}/replay`;
  return (await change<Copied>('POST', path, { to, edit })) as Copied;
}

/** Puts a changed copy in the place of a message. @throws ApiError 404 when it has gone */
export async function edit(
  vhost: string,
  queue: string,
  id: string,
  changes: MessageEdit,
): Promise<Copied> {
  const path = `${pathOf(vhost, queue)}/${encodeURIComponent(id)}/edit`;
  return (await change<Copied>('POST', path, { edit: changes })) as Copied;
}
