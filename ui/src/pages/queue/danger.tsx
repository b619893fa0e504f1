/**
 * Danger: what cannot be undone, for one
 * queue.
 */
import type { Queue } from '../../api/queue.ts';
import { plural } from '../../format/number.ts';
import { Button } from '../../parts/button.tsx';
import { Panel } from '../../parts/panel.tsx';
import { navigate } from '../../shell/location.tsx';
import { purge, remove } from '../queues/queue-actions.ts';

export function Danger({ queue }: { queue: Queue }) {
  const ready = plural(queue.messages_ready ?? 0, 'ready message');
  return (
    <Panel flush>
      <div class="danger">
        <div>
          <h2>Purge</h2>
          <p>
            Throws away {ready}. The {plural(queue.messages_unacknowledged ?? 0, 'message')} that
            consumers hold stay with them.
          </p>
        </div>
        <Button icon="trash" kind="danger" onClick={() => purge([queue])}>
          Purge queue
        </Button>
      </div>
      <div class="danger">
        <div>
          <h2>Delete</h2>
          <p>
            Deletes the queue with its {plural(queue.messages ?? 0, 'message')} and bindings, and
            cancels {plural(queue.consumers ?? 0, 'consumer')}. Clients that declare it again get an
            empty one.
          </p>
        </div>
        <Button
          icon="close"
          kind="danger"
          onClick={() => remove([queue], () => navigate('/queues'))}
        >
          Delete queue
        </Button>
      </div>
    </Panel>
  );
}
