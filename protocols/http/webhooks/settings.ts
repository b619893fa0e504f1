/**
 * Settings: what users say about a webhook and are told about it, as schemas, and the checks that
 * no schema can make. Secrets and the values of headers are taken, and never shown.
 */
import { validateHeaderName, validateHeaderValue } from 'node:http';
import {
  WEBHOOK_FORMATS,
  type WebhookRecord,
  type WebhookSettings,
} from '../../../src/broker/webhook.ts';
import {
  WEBHOOK_ATTEMPTS_MAX,
  WEBHOOK_CONCURRENCY_MAX,
  WEBHOOK_HEADER_BYTES,
  WEBHOOK_HEADERS_MAX,
  WEBHOOK_RETRY_MOST_MS,
  WEBHOOK_TIMEOUT_LEAST_MS,
  WEBHOOK_TIMEOUT_MOST_MS,
  WEBHOOK_URL_MAX,
} from '../../../src/limits-webhook.ts';
import { invalid } from '../messaging/problem.ts';
import type { ValueOf } from '../messaging/schema.ts';
import { keyOf } from './signature.ts';
import { checkTarget, ForbiddenTarget } from './target.ts';
import type { WebhookFigures } from './webhook.ts';

const SECRET = {
  type: 'string',
  maxLength: 128,
  description: 'whsec_ and 24 to 64 bytes in base64. Never shown again.',
} as const;

const TEXT = { type: 'string' } as const;
const NUMBER = { type: 'integer' } as const;

const COMMON = {
  queue: { type: 'string', minLength: 1, maxLength: 255, description: 'What it consumes from.' },
  url: { type: 'string', minLength: 1, maxLength: WEBHOOK_URL_MAX, description: 'http or https.' },
  format: {
    type: 'string',
    enum: WEBHOOK_FORMATS,
    default: 'json',
    description:
      'raw: the message is the body, its properties are headers as in answers. json: the message ' +
      'as messages:receive shows it. cloudevents-…: CloudEvents 1.0 in that mode.',
  },
  concurrency: {
    type: 'integer',
    minimum: 1,
    maximum: WEBHOOK_CONCURRENCY_MAX,
    default: 10,
    description: 'Messages on their way, or waiting for another attempt, at once. 1 keeps order.',
  },
  timeout_ms: {
    type: 'integer',
    minimum: WEBHOOK_TIMEOUT_LEAST_MS,
    maximum: WEBHOOK_TIMEOUT_MOST_MS,
    default: 15_000,
  },
  max_attempts: {
    type: 'integer',
    minimum: 1,
    maximum: WEBHOOK_ATTEMPTS_MAX,
    default: 10,
    description: 'Then the message is rejected, which dead-letters it.',
  },
  first_retry_ms: {
    type: 'integer',
    minimum: 1,
    maximum: WEBHOOK_RETRY_MOST_MS,
    default: 1_000,
    description: 'Before the second attempt; doubled before each further one, less up to a half.',
  },
  longest_retry_ms: {
    type: 'integer',
    minimum: 1,
    maximum: WEBHOOK_RETRY_MOST_MS,
    default: 300_000,
  },
} as const;

/** What makes or changes one. */
export const WEBHOOK = {
  type: 'object',
  additionalProperties: false,
  required: ['queue', 'url'],
  properties: {
    ...COMMON,
    headers: {
      type: 'object',
      description: 'Sent with every request; those that there are stay if it is not given.',
    },
    secret: { ...SECRET, description: `${SECRET.description} One is made if it is not given.` },
  },
} as const;

/** A new secret. */
export const ROTATION = {
  type: 'object',
  additionalProperties: false,
  properties: { secret: { ...SECRET, description: 'One is made if it is not given.' } },
} as const;

/** One as users see it. */
export const WEBHOOK_SHOWN = {
  type: 'object',
  required: ['name', 'owner', 'state', 'queue', 'url', 'delivered', 'failed', 'in_flight'],
  properties: {
    name: TEXT,
    owner: TEXT,
    ...COMMON,
    header_names: { type: 'array', items: TEXT },
    secrets: { ...NUMBER, description: 'How many sign: two after one has been replaced.' },
    secret: { ...TEXT, description: 'Only in the answer to what made it, and never again.' },
    state: {
      type: 'string',
      enum: ['active', 'waiting', 'paused', 'disabled'],
      description:
        'waiting: it cannot consume, see last_error, and tries again. disabled: its target ' +
        'answered 410; it goes on when it is resumed.',
    },
    created_at: { ...NUMBER, description: 'ms since 1970' },
    in_flight: NUMBER,
    waiting: { ...NUMBER, description: 'Messages that wait for another attempt.' },
    attempts: { ...NUMBER, description: 'Requests since the broker has started.' },
    delivered: NUMBER,
    failed: { ...NUMBER, description: 'Messages that were given up, and dead-lettered.' },
    last_status: NUMBER,
    last_error: TEXT,
    last_attempt_at: NUMBER,
  },
} as const;

type Given = ValueOf<typeof WEBHOOK>;

/** @throws Problem */
export function settingsOf(
  given: Given,
  allowPrivate: boolean,
): Omit<WebhookSettings, 'headers'> & { headers: Record<string, string> | null } {
  return {
    queue: given.queue,
    url: checkedUrl(given.url, allowPrivate),
    headers: given.headers === undefined ? null : checkedHeaders(given.headers),
    format: given.format,
    concurrency: given.concurrency,
    timeoutMs: given.timeout_ms,
    maxAttempts: given.max_attempts,
    firstRetryMs: given.first_retry_ms,
    longestRetryMs: given.longest_retry_ms,
  };
}

/** @throws Problem */
export function checkedSecret(secret: string | undefined): string | null {
  if (secret === undefined) return null;
  if (keyOf(secret) === null) throw invalid('secret must be whsec_ and 24 to 64 bytes in base64');
  return secret;
}

/** @param secret one that was made for it just now */
export function shownWebhook(
  record: WebhookRecord,
  figures: WebhookFigures | undefined,
  secret: string | null = null,
): ValueOf<typeof WEBHOOK_SHOWN> {
  const { lastStatus = null, lastError = null, lastAttemptAtMs = null } = figures ?? {};
  return {
    name: record.name,
    owner: record.owner,
    queue: record.queue,
    url: record.url,
    format: record.format,
    concurrency: record.concurrency,
    timeout_ms: record.timeoutMs,
    max_attempts: record.maxAttempts,
    first_retry_ms: record.firstRetryMs,
    longest_retry_ms: record.longestRetryMs,
    header_names: Object.keys(record.headers),
    secrets: record.secrets.length,
    ...(secret !== null && { secret }),
    state: figures?.state ?? record.state,
    created_at: record.createdAtMs,
    in_flight: figures?.inFlight ?? 0,
    waiting: figures?.waiting ?? 0,
    attempts: figures?.attempts ?? 0,
    delivered: figures?.delivered ?? 0,
    failed: figures?.failed ?? 0,
    ...(lastStatus !== null && { last_status: lastStatus }),
    ...(lastError !== null && { last_error: lastError }),
    ...(lastAttemptAtMs !== null && { last_attempt_at: lastAttemptAtMs }),
  };
}

function checkedUrl(text: string, allowPrivate: boolean): string {
  if (!URL.canParse(text)) throw invalid('url is none');
  const url = new URL(text);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw invalid('url must be of http or https');
  }
  if (url.username !== '' || url.password !== '') {
    throw invalid('url must not have a password in it: there are headers for that');
  }
  try {
    checkTarget(url, allowPrivate);
  } catch (error) {
    if (error instanceof ForbiddenTarget) throw invalid(`url: ${error.message}`);
    throw error;
  }
  url.hash = '';
  return url.href;
}

/** What is about the connection, or what the broker says itself. */
const RESERVED: ReadonlySet<string> = new Set([
  ...['host', 'connection', 'keep-alive', 'upgrade', 'te', 'trailer', 'expect'],
  ...['content-length', 'content-type', 'content-encoding', 'transfer-encoding'],
]);
const RESERVED_PREFIX = /^(proxy|webhook|ce|warren)-/;

function isReserved(name: string): boolean {
  return RESERVED.has(name) || RESERVED_PREFIX.test(name);
}

function checkedHeaders(given: Readonly<Record<string, unknown>>): Record<string, string> {
  const entries = Object.entries(given);
  if (entries.length > WEBHOOK_HEADERS_MAX) {
    throw invalid(`there may be ${WEBHOOK_HEADERS_MAX} headers at most`);
  }
  let bytes = 0;
  const headers: Record<string, string> = {};
  for (const [name, value] of entries) {
    const known = name.toLowerCase();
    if (typeof value !== 'string') throw invalid(`headers: ${name} must be a text`);
    if (isReserved(known)) throw invalid(`headers: ${name} is not for you to set`);
    try {
      validateHeaderName(name);
      validateHeaderValue(name, value);
    } catch {
      throw invalid(`headers: ${name} is no header that could be sent`);
    }
    bytes += name.length + value.length;
    headers[known] = value;
  }
  if (bytes > WEBHOOK_HEADER_BYTES) throw invalid('headers are too long');
  return headers;
}
