/**
 * Properties: what a publisher said about a message besides where it goes. AMQP 0-9-1's fourteen
 * are the superset that MQTT's, STOMP's and HTTP's map onto. Immutable and shared: publishers
 * that repeat the same properties share one object. Adapters build it; see `wire` for the cache
 * that keeps AMQP → AMQP from ever encoding twice.
 */
import type { Fields } from './field.ts';

/** Persistent messages of durable queues survive a restart [AMQP 3.1.7]. */
export const PERSISTENT = 2;

/** What a requester writes as reply-to to be answered directly; see direct-replies.ts. */
export const REPLY_TO = 'amq.rabbitmq.reply-to';

/** Ten years in milliseconds: RabbitMQ's bound of every time-to-live and expiry. */
export const MAX_TTL_MS = 315_360_000_000;

/** A header table that is decoded when somebody asks for it. */
export interface LazyHeaders {
  decode(): Fields;
}

/** Whatever an adapter keeps so that it need not encode the same properties again. */
export interface WireForm {
  readonly protocol: string;
}

/** What a message's properties are made of; all are optional. */
export interface PropertyValues {
  readonly contentType?: string | undefined;
  readonly contentEncoding?: string | undefined;
  readonly headers?: Fields | LazyHeaders | undefined;
  /** 1 transient, 2 persistent; kept as sent. */
  readonly deliveryMode?: number | undefined;
  /** 0 … 255. */
  readonly priority?: number | undefined;
  readonly correlationId?: string | undefined;
  readonly replyTo?: string | undefined;
  /** Decimal string of milliseconds, as sent. */
  readonly expiration?: string | undefined;
  readonly messageId?: string | undefined;
  /** Seconds since 1970. */
  readonly timestamp?: number | undefined;
  readonly type?: string | undefined;
  readonly userId?: string | undefined;
  readonly appId?: string | undefined;
  readonly clusterId?: string | undefined;
}

export class Properties {
  readonly contentType: string | undefined;
  readonly contentEncoding: string | undefined;
  readonly deliveryMode: number | undefined;
  readonly priority: number | undefined;
  readonly correlationId: string | undefined;
  readonly replyTo: string | undefined;
  readonly expiration: string | undefined;
  readonly messageId: string | undefined;
  readonly timestamp: number | undefined;
  readonly type: string | undefined;
  readonly userId: string | undefined;
  readonly appId: string | undefined;
  readonly clusterId: string | undefined;
  /** Nothing here asks for a check or a change, or may change the route. */
  readonly plain: boolean;
  /** Time to live of `expiration` in ms; −1 for none, NaN if it is not a number in range. */
  readonly ttlMs: number;
  /** A cache, not content: these properties as some adapter last encoded them. */
  wire: WireForm | null = null;
  private headerFields: Fields | LazyHeaders | undefined;

  constructor(values: PropertyValues) {
    this.contentType = values.contentType;
    this.contentEncoding = values.contentEncoding;
    this.deliveryMode = values.deliveryMode;
    this.priority = values.priority;
    this.correlationId = values.correlationId;
    this.replyTo = values.replyTo;
    this.expiration = values.expiration;
    this.messageId = values.messageId;
    this.timestamp = values.timestamp;
    this.type = values.type;
    this.userId = values.userId;
    this.appId = values.appId;
    this.clusterId = values.clusterId;
    this.ttlMs = values.expiration === undefined ? -1 : parseTtlMs(values.expiration);
    this.headerFields = values.headers;
    this.plain =
      values.headers === undefined &&
      values.expiration === undefined &&
      values.userId === undefined &&
      values.replyTo !== REPLY_TO;
  }

  get persistent(): boolean {
    return this.deliveryMode === PERSISTENT;
  }

  /** Are there headers at all? Answers without decoding them. */
  get hasHeaders(): boolean {
    return this.headerFields !== undefined;
  }

  /** The headers, decoded on first use. */
  get headers(): Fields | undefined {
    const fields = this.headerFields;
    if (fields === undefined || fields instanceof Map) return fields;
    const decoded = (fields as LazyHeaders).decode();
    this.headerFields = decoded;
    return decoded;
  }

  /** A copy that differs in the given values; the cache does not carry over. */
  with(changes: PropertyValues): Properties {
    return new Properties({ ...(this as PropertyValues), headers: this.headerFields, ...changes });
  }
}

/** No property set at all. */
export const NO_PROPERTIES = new Properties({});

/** RabbitMQ takes a decimal number of ms between 0 and ten years, with a sign if need be. */
function parseTtlMs(text: string): number {
  if (!/^[+-]?\d+$/.test(text)) return Number.NaN;
  const value = Number(text);
  return value >= 0 && value <= MAX_TTL_MS ? Math.abs(value) : Number.NaN;
}
