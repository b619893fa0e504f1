/**
 * ExchangeBindings: where the messages of an exchange go, what feeds it, and the form that adds a
 * destination.
 */
import { exchangePath } from '../../api/exchange.ts';
import type { Binding } from '../../api/queue.ts';
import { useResource } from '../../live/resource.ts';
import { AddBinding } from '../../parts/add-binding.tsx';
import { Bindings } from '../../parts/bindings.tsx';
import { Empty } from '../../parts/empty.tsx';
import { Panel } from '../../parts/panel.tsx';

interface ExchangeBindingsProps {
  readonly vhost: string;
  readonly name: string;
}

export function ExchangeBindings({ vhost, name }: ExchangeBindingsProps) {
  const path = exchangePath(vhost, name);
  const leaving = useResource<readonly Binding[]>(`${path}/bindings/source`);
  const arriving = useResource<readonly Binding[]>(
    name === '' ? null : `${path}/bindings/destination`,
  );
  return (
    <>
      <Panel flush title="Messages go to">
        <Bindings
          bindings={leaving.data}
          empty={
            <Empty icon="exchanges" title="Nothing is bound">
              What is published here goes nowhere, unless a policy names an alternate exchange.
            </Empty>
          }
          error={leaving.error}
          shows="destination"
        />
      </Panel>
      {(arriving.data?.length ?? 0) > 0 && (
        <Panel flush title="Messages also come from">
          <Bindings bindings={arriving.data} empty={null} shows="source" />
        </Panel>
      )}
      {name === '' ? (
        <p class="muted">
          Every queue is bound to the default exchange by its name; that cannot be changed.
        </p>
      ) : (
        <Panel title="Add a binding">
          <AddBinding from={name} onAdded={() => void leaving.reload()} vhost={vhost} />
        </Panel>
      )}
    </>
  );
}
