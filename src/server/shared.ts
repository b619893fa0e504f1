/**
 * Shared: what all listeners of one broker share: the buffer that sockets are read into, the slabs
 * that outboxes write into, the registry of connections, and the log.
 */
import { READ_BUFFER_BYTES } from '../limits.ts';
import type { Log } from '../log.ts';
import { Connections } from './connections.ts';
import { SlabPool } from './outbox.ts';

export class Shared {
  readonly bytes = Buffer.allocUnsafeSlow(READ_BUFFER_BYTES);
  readonly slabs = new SlabPool();
  readonly connections: Connections;
  readonly log: Log;

  constructor(log: Log, connections = new Connections()) {
    this.log = log;
    this.connections = connections;
  }
}
