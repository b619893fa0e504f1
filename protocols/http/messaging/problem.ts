/**
 * Problem: what the data plane answers instead of a result [RFC 9457]: the kind of trouble in the
 * broker's own word, its text, and the status, from one total map. RabbitMQ's management API has
 * other statuses (answer.ts), because its clients rely on them.
 */
import type { FastifyReply } from 'fastify';
import { BrokerError, type ErrorKind } from '../../../src/broker/errors.ts';
import type { Log } from '../../../src/log.ts';
import { Answer, ApiError } from '../answer.ts';

/** The engine's kinds, and those that only HTTP has. */
export type ProblemKind =
  | ErrorKind
  | 'INVALID_REQUEST'
  | 'KEY_REUSED'
  | 'METHOD_NOT_ALLOWED'
  | 'NOT_LOGGED_IN'
  | 'NO_REPLY'
  | 'NO_ROUTE'
  | 'REJECTED'
  | 'TOO_LARGE'
  | 'TOO_MANY_REQUESTS'
  | 'UNAVAILABLE'
  | 'UNCONFIRMED'
  | 'UNKNOWN_TOKEN'
  | 'UPGRADE_REQUIRED'
  | 'UNSUPPORTED_MEDIA_TYPE';

/** How each is answered. A kind without an entry does not compile. */
export const STATUS_OF_KIND = {
  ACCESS_REFUSED: 403,
  CONNECTION_FORCED: 503,
  INTERNAL_ERROR: 500,
  NOT_ALLOWED: 403,
  NOT_FOUND: 404,
  NOT_IMPLEMENTED: 501,
  PRECONDITION_FAILED: 400,
  RESOURCE_ERROR: 503,
  RESOURCE_LOCKED: 423,
  INVALID_REQUEST: 400,
  KEY_REUSED: 422,
  METHOD_NOT_ALLOWED: 405,
  NOT_LOGGED_IN: 401,
  NO_REPLY: 504,
  NO_ROUTE: 422,
  REJECTED: 503,
  TOO_LARGE: 413,
  TOO_MANY_REQUESTS: 429,
  UNAVAILABLE: 503,
  UNCONFIRMED: 504,
  UNKNOWN_TOKEN: 410,
  UPGRADE_REQUIRED: 426,
  UNSUPPORTED_MEDIA_TYPE: 415,
} as const satisfies Record<ProblemKind, number>;

const TITLES: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  410: 'Gone',
  413: 'Content Too Large',
  415: 'Unsupported Media Type',
  422: 'Unprocessable Content',
  423: 'Locked',
  426: 'Upgrade Required',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  501: 'Not Implemented',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
};

/** Seconds after which trying again makes sense, where it does. */
const RETRY_AFTER_S: Readonly<Record<number, number>> = { 429: 1, 503: 1 };

/** Ends a request with `application/problem+json`. */
export class Problem extends Error {
  override readonly name = 'Problem';
  readonly kind: ProblemKind;
  readonly headers: Readonly<Record<string, string>>;

  /** @param detail what clients are told */
  constructor(kind: ProblemKind, detail: string, headers: Readonly<Record<string, string>> = {}) {
    super(detail);
    this.kind = kind;
    this.headers = headers;
  }

  get status(): number {
    return STATUS_OF_KIND[this.kind];
  }
}

/** A problem as clients see it, in an answer or over a socket. */
export function problemBody({ status, kind, message }: Problem): Record<string, unknown> {
  return { title: TITLES[status], status, kind, detail: message };
}

/** The request makes no sense. */
export function invalid(detail: string): Problem {
  return new Problem('INVALID_REQUEST', detail);
}

/** What is wrong, in HTTP; null for a mistake of our own. */
export function problemOf(error: unknown): Problem | null {
  if (error instanceof Problem) return error;
  if (error instanceof BrokerError) return new Problem(error.kind, error.message);
  if (error instanceof Answer) return ofStatus(error.status, '', error.headers);
  if (error instanceof ApiError) return ofStatus(error.status, String(error.reason), {});
  const { statusCode, message } = error as { statusCode?: number; message?: string };
  if (statusCode === undefined || statusCode < 400 || statusCode >= 500) return null;
  return ofStatus(statusCode, message ?? '', {});
}

/** From the login and from fastify, which speak in statuses. */
function ofStatus(
  status: number,
  text: string,
  headers: Readonly<Record<string, string>>,
): Problem {
  switch (status) {
    case 401: {
      const challenge = { 'www-authenticate': 'Basic realm="Warren", charset="UTF-8"' };
      return new Problem('NOT_LOGGED_IN', text || 'name and password are wanted', challenge);
    }
    case 404:
      return new Problem('NOT_FOUND', text || 'there is nothing at this path');
    case 413:
      return new Problem('TOO_LARGE', 'the body is larger than may be');
    case 429:
      return new Problem('TOO_MANY_REQUESTS', text || 'too many failed logins', headers);
    default:
      return invalid(text || 'malformed request');
  }
}

/** Answers an error; what is nobody's fault but ours is logged, and not shown. */
export function sendProblem(reply: FastifyReply, error: unknown, log: Log): unknown {
  let problem = problemOf(error);
  if (problem === null) {
    log.error(`HTTP: internal error: ${error instanceof Error ? error.stack : String(error)}`);
    problem = new Problem('INTERNAL_ERROR', 'internal error, see the log');
  }
  const { status, headers } = problem;
  const retry = RETRY_AFTER_S[status];
  if (retry !== undefined) reply.header('retry-after', String(retry));
  reply.code(status).headers(headers).header('content-type', 'application/problem+json');
  return reply.send(Buffer.from(JSON.stringify(problemBody(problem))));
}
