/**
 * Danger: what cannot be undone, for one
 * queue.
 */
import type { Queue } from '../../api/queue.ts';
import { plural } from '../../format/number.ts';
import { Button } from '../../parts/button.tsx';
import { DangerItem } from '../../parts/danger-item.tsx';
import { Panel } from '../../parts/panel.tsx';
import { navigate } from '../../shell/location.tsx';
import { purge, remove } from '../queues/queue-actions.ts';

export function Danger({ queue }: { queue: Queue }) {
  const ready = plural(queue.messages_ready ?? 0, 'ready message');
  const held = plural(queue.messages_unacknowledged ?? 0, 'message');
  return (
    <Panel flush>
      <DangerItem
        action={
          <Button icon="trash" kind="danger" onClick={() => purge([queue])}>
            Purge queue
          </Button>
        }
        title="Purge"
      >
        Throws away {ready}. What consumers hold ({held}) stays with them.
      </DangerItem>
      <DangerItem
        action={
          <Button
            icon="close"
            kind="danger"
            onClick={() => remove([queue], () => navigate('/queues'))}
          >
            Delete queue
          </Button>
        }
        title="Delete"
      >
        Deletes the queue with its {plural(queue.messages ?? 0, 'message')} and bindings, and
        cancels {plural(queue.consumers ?? 0, 'consumer')}. Clients that declare it again get an
        empty one.
      </DangerItem>
    </Panel>
  );
}
