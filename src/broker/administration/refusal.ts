/**
 * AdministrationError: how an operator's wish is refused. The reason is what RabbitMQ's HTTP API
 * puts into its answer, a text or a list; the text of the error is for everybody else.
 */
import { BrokerError, type ErrorKind } from '../errors.ts';
import type { JsonValue } from '../json.ts';

export class AdministrationError extends BrokerError {
  readonly reason: JsonValue;

  /** @param kind NOT_FOUND if what it is about is not there, PRECONDITION_FAILED otherwise */
  constructor(reason: string | readonly JsonValue[], kind: ErrorKind = 'PRECONDITION_FAILED') {
    super(kind, typeof reason === 'string' ? reason : reason.join(': '));
    this.reason = reason;
  }
}

/** The error for a user who does not exist. */
export function noSuchUser(name: string): AdministrationError {
  return new AdministrationError(['no_such_user', name], 'NOT_FOUND');
}

/** The error for a vhost that does not exist. */
export function noSuchVhost(name: string): AdministrationError {
  return new AdministrationError(['no_such_vhost', name], 'NOT_FOUND');
}
