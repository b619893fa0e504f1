/**
 * Purging and deleting queues, one or many: asked for with the number of messages that would be
 * lost, done one after the other with progress.
 */
import type { Queue } from '../../api/queue.ts';
import { at, change } from '../../api/request.ts';
import { count, plural } from '../../format/number.ts';
import { confirm } from '../../parts/confirm.tsx';

async function each(
  queues: readonly Queue[],
  progress: (share: number) => void,
  action: (queue: Queue) => Promise<unknown>,
): Promise<void> {
  for (const [index, queue] of queues.entries()) {
    progress(index / queues.length);
    await action(queue);
  }
}

function messagesIn(queues: readonly Queue[]): number {
  return queues.reduce((sum, { messages = 0 }) => sum + messages, 0);
}

function nameOf(queues: readonly Queue[]): string {
  const [first] = queues;
  return queues.length === 1 && first ? first.name : plural(queues.length, 'queue');
}

/** Asks, then throws away all ready messages. */
export function purge(queues: readonly Queue[], after?: () => void): void {
  const ready = queues.reduce((sum, { messages_ready: many = 0 }) => sum + many, 0);
  confirm({
    title: `Purge ${nameOf(queues)}`,
    body:
      `${plural(ready, 'ready message')} will be thrown away, for good. ` +
      'What consumers hold and have not acknowledged stays.',
    verb: `Purge ${plural(ready, 'message')}`,
    typed: ready > 0 ? count(ready) : undefined,
    done: `Purged ${nameOf(queues)}: ${plural(ready, 'message')}.`,
    action: (progress) =>
      each(queues, progress, ({ vhost, name }) =>
        change('DELETE', at`queues/${vhost}/${name}/contents`),
      ),
    after,
  });
}

/** Asks, then deletes with everything inside. */
export function remove(queues: readonly Queue[], after?: () => void): void {
  const messages = messagesIn(queues);
  const consumers = queues.reduce((sum, { consumers: many = 0 }) => sum + many, 0);
  const [first] = queues;
  const grave = messages > 0 || consumers > 0 || queues.length > 1;
  confirm({
    title: `Delete ${nameOf(queues)}`,
    body:
      `${plural(messages, 'message')} will be lost, ` +
      `${plural(consumers, 'consumer')} will be cancelled, and the bindings go too.`,
    verb: `Delete ${nameOf(queues)}`,
    typed: grave ? (queues.length === 1 ? first?.name : count(messages)) : undefined,
    done: `Deleted ${nameOf(queues)}.`,
    action: (progress) =>
      each(queues, progress, ({ vhost, name }) => change('DELETE', at`queues/${vhost}/${name}`)),
    after,
  });
}
