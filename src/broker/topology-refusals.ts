/**
 * Topology refusals: what RabbitMQ says when a queue or exchange may not be touched, word for word:
 * clients parse it. When that is the case is topology-access.ts.
 */
import { BrokerError } from './errors.ts';
import type { Exchange } from './exchange/exchange.ts';
import type { Queue } from './queue/queue.ts';

/** The queue belongs to another session. */
export function locked(queue: Queue): BrokerError {
  const text =
    `cannot obtain exclusive access to locked ${queue}. It could be originally declared on ` +
    'another connection or the exclusive property value does not match that of the original ' +
    'declaration.';
  return new BrokerError('RESOURCE_LOCKED', text);
}

/** Queues of this type are deleted as they are. */
export function unconditional(queue: Queue, flag: string): BrokerError {
  const text =
    `cannot delete ${queue}. queue.delete operations with ${flag} flag set are not supported by ` +
    `${queue.type} queues`;
  return new BrokerError('NOT_IMPLEMENTED', text);
}

/** It has consumers or bindings, and was to go without. */
export function inUse(what: Queue | Exchange): BrokerError {
  return new BrokerError('PRECONDITION_FAILED', `${what} in use`);
}

/** Names of that kind are the broker's to give. @throws BrokerError ACCESS_REFUSED */
export function checkReserved(kind: 'queue' | 'exchange', name: string): void {
  if (!name.startsWith('amq.')) return;
  const text = `${kind} name '${name}' contains reserved prefix 'amq.*'`;
  throw new BrokerError('ACCESS_REFUSED', text);
}

/** @throws BrokerError ACCESS_REFUSED for the default exchange, which never changes */
export function refuseDefault(name: string): void {
  if (name === '') throw defaultExchangeRefusal();
}

/** The default exchange never changes. */
export function defaultExchangeRefusal(): BrokerError {
  return new BrokerError('ACCESS_REFUSED', 'operation not permitted on the default exchange');
}
