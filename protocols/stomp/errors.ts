/**
 * What goes wrong in STOMP's words: the errors that only STOMP has, and the total map from the
 * engine's error kinds to the `message` header of an ERROR frame. Texts are RabbitMQ's wherever
 * it has one. Who closes what because of it is decided in connection.ts.
 */
import type { ErrorKind } from '../../src/broker/errors.ts';

/** The client broke the protocol, or asked for something that STOMP cannot do. */
export class StompError extends Error {
  override readonly name = 'StompError';
  /** The body of the ERROR frame; the error's own message is its `message` header. */
  readonly detail: string;

  /** @param title what the `message` header says */
  constructor(title: string, detail: string) {
    super(title);
    this.detail = detail;
  }
}

/** How each refusal of the engine is named. A kind without an entry does not compile. */
export const TITLE_OF_KIND = {
  ACCESS_REFUSED: 'access_refused',
  CONNECTION_FORCED: 'connection_forced',
  INTERNAL_ERROR: 'internal_error',
  NOT_ALLOWED: 'not_allowed',
  NOT_FOUND: 'not_found',
  NOT_IMPLEMENTED: 'not_implemented',
  PRECONDITION_FAILED: 'precondition_failed',
  RESOURCE_ERROR: 'resource_error',
  RESOURCE_LOCKED: 'resource_locked',
} as const satisfies Record<ErrorKind, string>;

/** Bytes that are no frame: what follows on the connection cannot be understood. */
export function malformed(detail: string): StompError {
  return new StompError('Malformed frame', detail);
}

/** More than the connection may send at once. */
export function tooLarge(detail: string): StompError {
  return new StompError('Frame too large', detail);
}

/** A header whose value is not what it has to be. */
export function invalidHeader(name: string, value: string, expected: string): StompError {
  return new StompError('Invalid header', `'${name}' is ${expected}, not '${value}'\n`);
}
