/**
 * Post: one request to a target, and what came of it. Redirects are not followed, the body of the
 * answer is read as far as a bound and thrown away, and all of it takes no longer than it may.
 */
import { type Agent, type OutgoingHttpHeaders, request as requestPlain } from 'node:http';
import { request as requestSecurely } from 'node:https';
import type { LookupFunction } from 'node:net';
import type { Clock } from '../../../src/clock.ts';
import { WEBHOOK_ANSWER_BYTES } from '../../../src/limits-webhook.ts';

/** A request that is to be made. */
export interface Order {
  readonly url: URL;
  readonly headers: OutgoingHttpHeaders;
  readonly body: Buffer;
  readonly timeoutMs: number;
}

/** What requests go by. */
export interface Wire {
  readonly clock: Clock;
  readonly agent: Agent;
  /** null for Node's own. */
  readonly lookup: LookupFunction | null;
}

/** The status that a target answered with, or why there is none. */
export type Outcome =
  | { readonly status: number; readonly retryAfter: string | null }
  | { readonly status: null; readonly error: string };

/** A request under way. */
export interface Post {
  /** Never rejects. */
  readonly outcome: Promise<Outcome>;
  /** Gives up, as if the connection had broken. */
  abort(): void;
}

/** Makes a request. */
export function post({ url, headers, body, timeoutMs }: Order, wire: Wire): Post {
  const { clock, agent, lookup } = wire;
  const send = url.protocol === 'https:' ? requestSecurely : requestPlain;
  const request = send(url, {
    method: 'POST',
    headers: { ...headers, 'content-length': body.length },
    agent,
    ...(lookup !== null && { lookup }),
  });
  let answer: Outcome = { status: null, error: 'the connection broke' };
  const limit = clock.schedule(timeoutMs, () => {
    if (answer.status === null)
      answer = { status: null, error: `no answer within ${timeoutMs} ms` };
    request.destroy();
  });
  request.on('error', (error: NodeJS.ErrnoException) => {
    if (answer.status === null && !request.destroyed) answer = failed(error);
  });
  request.on('response', (response) => {
    const { statusCode: status = 0, headers: answered } = response;
    answer = { status, retryAfter: answered['retry-after'] ?? null };
    let bytes = 0;
    response.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > WEBHOOK_ANSWER_BYTES) request.destroy();
    });
    response.on('error', () => {}); // 'close' of the request follows
  });
  // Only when nothing more comes is there room for the next one.
  const outcome = new Promise<Outcome>((resolve) => {
    request.on('close', () => {
      limit.cancel();
      resolve(answer);
    });
  });
  request.end(body);
  return { outcome, abort: () => request.destroy(new Error('given up')) };
}

/** Of several addresses none may have answered. */
function failed(error: Error): Outcome {
  const several = error instanceof AggregateError && error.errors.length > 0;
  const errors: readonly Error[] = several ? error.errors : [error];
  return { status: null, error: errors.map(({ message }) => message).join('; ') };
}
