/**
 * Answers: what a handler gives back besides a plain value, and the errors of the management API
 * with RabbitMQ's codes and spellings [management-api.md §1.1]. Forbidden is 401 there, not 403,
 * and tools rely on it.
 */
import { AdministrationError } from '../../src/broker/administration/refusal.ts';
import type { BrokerError, ErrorKind } from '../../src/broker/errors.ts';

/** A status, headers and an optional JSON body. */
export class Answer {
  readonly status: number;
  readonly body: unknown;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, body?: unknown, headers: Readonly<Record<string, string>> = {}) {
    this.status = status;
    this.body = body;
    this.headers = headers;
  }
}

export const CREATED = new Answer(201);
export const NO_CONTENT = new Answer(204);

/** PUT answers 201 for what is new and 204 for what was there. */
export function put(existed: boolean): Answer {
  return existed ? NO_CONTENT : CREATED;
}

/** Ends a request with `{"error": …, "reason": …}`. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: number;
  readonly error: string;
  readonly reason: unknown;

  constructor(status: number, error: string, reason: unknown) {
    super(error);
    this.status = status;
    this.error = error;
    this.reason = reason;
  }
}

/** The object in the path does not exist. */
export function notFound(): ApiError {
  return new ApiError(404, 'Object Not Found', 'Not Found');
}

/** The request makes no sense. */
export function badRequest(reason: unknown): ApiError {
  return new ApiError(400, 'bad_request', reason);
}

/** Logged in, but not allowed to. */
export function notAuthorised(reason: string): ApiError {
  return new ApiError(401, 'not_authorised', reason);
}

const STATUS_OF_KIND = {
  ACCESS_REFUSED: 401,
  CONNECTION_FORCED: 503,
  INTERNAL_ERROR: 500,
  NOT_ALLOWED: 400,
  NOT_FOUND: 404,
  NOT_IMPLEMENTED: 400,
  PRECONDITION_FAILED: 400,
  RESOURCE_ERROR: 400,
  RESOURCE_LOCKED: 400,
} as const satisfies Record<ErrorKind, number>;

const ERROR_OF_STATUS: Readonly<Record<number, string>> = {
  400: 'bad_request',
  401: 'not_authorised',
  404: 'not_found',
  500: 'internal_error',
  503: 'service_unavailable',
};

/** What a refusal of the engine is in HTTP. */
export function apiErrorOf(error: BrokerError): ApiError {
  // What an operator names in a body and does not exist is a bad request; in a path it is looked
  // for beforehand.
  if (error instanceof AdministrationError) return badRequest(error.reason);
  const status = STATUS_OF_KIND[error.kind];
  return new ApiError(status, ERROR_OF_STATUS[status] as string, error.message);
}

/** `[{key_missing,a},{key_missing,b}]` as Erlang prints it, in lines if it is long. */
export function keysMissing(keys: readonly string[]): ApiError {
  const terms = keys.map((key) => `{key_missing,${key}}`);
  const line = `[${terms.join(',')}]`;
  return badRequest(line.length <= 72 ? line : `[${terms.join(',\n ')}]`);
}
