/**
 * DirectReplies: answers without a queue of one's own (RabbitMQ's direct reply-to). Who subscribes
 * to REPLY_TO gets an address that only its channel has; a request that says REPLY_TO is sent with
 * that address instead, and whoever publishes to it by the default exchange reaches the requester.
 * Behind it is a queue that no list, policy or catalog knows: it holds what the requester does not
 * read at once, up to a limit, and is gone with it. Who may subscribe and ask is session.ts.
 */
import { randomBytes } from 'node:crypto';
import { REPLIES_WAITING_BYTES, REPLIES_WAITING_MAX } from '../limits.ts';
import { UNGOVERNED } from './effective.ts';
import type { Fields } from './field.ts';
import { REPLY_TO } from './properties.ts';
import { Queue } from './queue/queue.ts';
import type { QueueHost } from './queue/queue-host.ts';
import { queueTypeOf } from './queue/queue-types.ts';

/** Nothing of it is ever stored. */
const NO_QUEUE_ID = 0;

const BOUNDS: Fields = new Map([
  ['x-max-length', REPLIES_WAITING_MAX],
  ['x-max-length-bytes', REPLIES_WAITING_BYTES],
]);

export class DirectReplies {
  private readonly host: QueueHost;
  private readonly queues = new Map<string, Queue>();

  constructor(host: QueueHost) {
    this.host = host;
  }

  /** A queue whose name is the address of one more requester; nobody can guess it. */
  open(): Queue {
    const name = `${REPLY_TO}.${randomBytes(18).toString('base64url')}`;
    const flags = { durable: false, owner: null, autoDelete: false };
    const type = queueTypeOf(BOUNDS);
    const governed = { type, arguments: BOUNDS, governing: UNGOVERNED };
    const definition = { name, id: NO_QUEUE_ID, ...flags, ...governed };
    const queue = new Queue(this.host, definition);
    this.queues.set(name, queue);
    return queue;
  }

  /** The requester is gone: what still comes reaches nobody. */
  close(queue: Queue): void {
    this.queues.delete(queue.name);
    queue.delete('queue deleted');
  }

  /** The queue behind an address, undefined if its requester is gone. */
  get(address: string): Queue | undefined {
    return this.queues.get(address);
  }

  /** Would an answer to that name reach somebody? REPLY_TO itself always counts as there. */
  has(name: string): boolean {
    return name === REPLY_TO || this.queues.has(name);
  }
}

/** Is that the name of no queue, but REPLY_TO or an address? */
export function isReplyName(name: string): boolean {
  return name.startsWith(REPLY_TO);
}
