/**
 * DeleteExchange: ends an exchange, after saying
 * how many routes go with it.
 */
import { type Exchange, exchangePath } from '../../api/exchange.ts';
import type { Binding } from '../../api/queue.ts';
import { change } from '../../api/request.ts';
import { plural } from '../../format/number.ts';
import { useResource } from '../../live/resource.ts';
import { Button } from '../../parts/button.tsx';
import { confirm } from '../../parts/confirm.tsx';
import { DangerItem } from '../../parts/danger-item.tsx';
import { Panel } from '../../parts/panel.tsx';
import { navigate } from '../../shell/location.tsx';

export function DeleteExchange({ exchange }: { exchange: Exchange }) {
  const { vhost, name } = exchange;
  const path = exchangePath(vhost, name);
  const { data } = useResource<readonly Binding[]>(`${path}/bindings/source`);
  const bindings = plural(data?.length ?? 0, 'binding');
  const ask = () =>
    confirm({
      title: `Delete ${name}`,
      body: `${bindings} will go with it. Clients that publish to it get an error.`,
      verb: `Delete ${name}`,
      typed: name,
      done: `Deleted ${name}.`,
      action: () => change('DELETE', path),
      after: () => navigate('/exchanges'),
    });
  return (
    <Panel flush>
      <DangerItem
        action={
          <Button icon="close" kind="danger" onClick={ask}>
            Delete exchange
          </Button>
        }
        title="Delete"
      >
        Deletes the exchange with its {bindings}. Queues and their messages stay.
      </DangerItem>
    </Panel>
  );
}
