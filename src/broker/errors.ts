/**
 * BrokerError: how the engine refuses. The kind is AMQP's name for the trouble and the text is
 * RabbitMQ's, word for word, because clients parse it; each adapter maps kinds to its protocol's
 * own codes with one total table. Programming errors are not BrokerErrors: they are asserts.
 */

export type ErrorKind =
  | 'ACCESS_REFUSED'
  | 'CONNECTION_FORCED'
  | 'INTERNAL_ERROR'
  | 'NOT_ALLOWED'
  | 'NOT_FOUND'
  | 'NOT_IMPLEMENTED'
  | 'PRECONDITION_FAILED'
  | 'RESOURCE_ERROR'
  | 'RESOURCE_LOCKED';

export class BrokerError extends Error {
  override readonly name = 'BrokerError';
  readonly kind: ErrorKind;

  /** @param text what clients see after `KIND - ` */
  constructor(kind: ErrorKind, text: string) {
    super(text);
    this.kind = kind;
  }
}

/** `queue 'orders' in vhost '/'`: how RabbitMQ names a thing in its texts. */
export function resource(kind: 'queue' | 'exchange', name: string, vhost: string): string {
  return `${kind} '${name}' in vhost '${vhost}'`;
}
