/**
 * QueueBindings: where the messages of a queue come from,
 * and the form that adds a source.
 */
import type { Binding } from '../../api/queue.ts';
import { at } from '../../api/request.ts';
import { useResource } from '../../live/resource.ts';
import { AddBinding } from '../../parts/add-binding.tsx';
import { Bindings } from '../../parts/bindings.tsx';
import { Empty } from '../../parts/empty.tsx';
import { Panel } from '../../parts/panel.tsx';

interface QueueBindingsProps {
  readonly vhost: string;
  readonly name: string;
}

export function QueueBindings({ vhost, name }: QueueBindingsProps) {
  const { data, error, reload } = useResource<readonly Binding[]>(
    at`queues/${vhost}/${name}/bindings`,
  );
  return (
    <>
      <Panel flush title="Messages come from">
        <Bindings
          bindings={data}
          empty={
            <Empty icon="exchanges" title="No bindings">
              Only messages published to this queue by its name arrive.
            </Empty>
          }
          error={error}
          shows="source"
        />
      </Panel>
      <Panel title="Add a binding">
        <AddBinding onAdded={() => void reload()} toQueue={name} vhost={vhost} />
      </Panel>
    </>
  );
}
