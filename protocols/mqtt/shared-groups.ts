/**
 * SharedGroups: who shares which subscription [MQTT 4.8.2]. A group with a filter is one queue of
 * the engine with competing consumers; it lives as long as a session subscribes, connected or not.
 */
import { createHash } from 'node:crypto';
import type { Broker } from '../../src/broker/broker.ts';
import type { ClientSession } from './client-session.ts';

/** Queue names are short strings: longer groups and filters are named by their digest. */
const MAX_NAME_BYTES = 200;

export class SharedGroups {
  private readonly broker: Broker;
  /** Members by vhost and queue. */
  private readonly members = new Map<string, Set<ClientSession>>();
  /** Queues that are being deleted. */
  private readonly leaving = new Map<string, Promise<void>>();

  constructor(broker: Broker) {
    this.broker = broker;
  }

  /** The queue of a group and filter. */
  queueName(group: string, filter: string): string {
    const name = `${group}/${filter}`;
    if (Buffer.byteLength(name) <= MAX_NAME_BYTES) return `mqtt-shared-${name}`;
    return `mqtt-shared-${createHash('sha256').update(name).digest('base64url')}`;
  }

  /** Resolves when the queue may be declared. */
  async join(session: ClientSession, queueName: string): Promise<void> {
    this.enter(session, queueName);
    await this.leaving.get(`${session.vhost}\0${queueName}`);
  }

  /** The session shares the queue, also while its client is away. */
  enter(session: ClientSession, queueName: string): void {
    const key = `${session.vhost}\0${queueName}`;
    const members = this.members.get(key);
    if (members === undefined) this.members.set(key, new Set([session]));
    else members.add(session);
  }

  /** A session leaves; with the last one the queue goes. */
  leave(session: ClientSession, text: string): void {
    const shared = session.shared.get(text);
    if (shared === undefined) return;
    session.shared.delete(text);
    const queueName = this.queueName(shared.group, shared.filter);
    const key = `${session.vhost}\0${queueName}`;
    const members = this.members.get(key);
    members?.delete(session);
    if (members === undefined || members.size > 0) return;
    this.members.delete(key);
    const vhost = this.broker.vhosts.get(session.vhost);
    const queue = vhost?.topology.queues.get(queueName);
    if (vhost === undefined || queue === undefined) return;
    const gone = vhost.dropQueue(queue).then(() => void this.leaving.delete(key));
    this.leaving.set(key, gone);
  }
}
