/**
 * VhostPage: one virtual host: who may enter, its limits, and the way to change or delete it with
 * all that is in it.
 */

import { useState } from 'preact/hooks';
import { useRoute } from 'preact-iso';
import type { Vhost } from '../../api/access.ts';
import { asPage, type PageOf } from '../../api/page-of.ts';
import { at, change, read } from '../../api/request.ts';
import { count, plural } from '../../format/number.ts';
import { useResource } from '../../live/resource.ts';
import { Badge } from '../../parts/badge.tsx';
import { Button } from '../../parts/button.tsx';
import { confirm } from '../../parts/confirm.tsx';
import { Figures } from '../../parts/figures.tsx';
import { PageHead } from '../../parts/page-head.tsx';
import { Problem } from '../../parts/problem.tsx';
import { isAdministrator } from '../../session/identity.ts';
import { navigate } from '../../shell/location.tsx';
import { chooseVhost } from '../../shell/vhost.ts';
import { LimitsPanel } from './limits-panel.tsx';
import { PermissionsPanel } from './permissions-panel.tsx';
import { VhostForm } from './vhost-form.tsx';

const PARENT = { label: 'Virtual hosts', href: '#/vhosts' };

interface VhostLimits {
  readonly value: Readonly<Record<string, number>>;
}

export default function VhostPage() {
  const { params } = useRoute();
  const { name = '' } = params;
  const { data, error, reload } = useResource<Vhost>(at`vhosts/${name}`);
  const limits = useResource<readonly VhostLimits[]>(at`vhost-limits/${name}`);
  const [changing, setChanging] = useState(false);
  const show = () => {
    chooseVhost(name);
    navigate('/queues');
  };
  return (
    <>
      <PageHead
        actions={
          <>
            <Button onClick={show}>Show its queues</Button>
            {isAdministrator.value && data && (
              <>
                <Button onClick={() => setChanging(true)}>Change</Button>
                <Button icon="trash" kind="danger" onClick={() => void remove(data)}>
                  Delete
                </Button>
              </>
            )}
          </>
        }
        badges={data?.tracing && <Badge tone="warn">firehose on</Badge>}
        parent={PARENT}
        title={name}
      >
        {data?.description}
      </PageHead>
      {error && <Problem error={error} onRetry={() => void reload()} />}
      {data && (
        <>
          <Figures
            figures={[
              ['Ready', count(data.messages_ready ?? 0)],
              ['Unacked', count(data.messages_unacknowledged ?? 0)],
              ['Messages', count(data.messages ?? 0)],
            ]}
          />
          {isAdministrator.value && <PermissionsPanel vhost={name} />}
          {isAdministrator.value && (
            <LimitsPanel
              kind="vhost"
              limits={limits.data?.[0]?.value ?? {}}
              name={name}
              onChanged={() => void limits.reload()}
            />
          )}
        </>
      )}
      {changing && data && <VhostForm onClose={() => setChanging(false)} vhost={data} />}
    </>
  );
}

/** Counts what would be lost, then asks. */
async function remove({ name, messages = 0 }: Vhost): Promise<void> {
  const queues = await read<PageOf<unknown> | readonly unknown[]>(
    `${at`queues/${name}`}?page=1&page_size=1&columns=name`,
  ).then(
    (page) => asPage(page).total_count,
    () => 0,
  );
  confirm({
    title: `Delete the virtual host ${name}`,
    body:
      `${plural(queues, 'queue')} with ${plural(messages, 'message')}, all exchanges, bindings, ` +
      'policies and permissions in it are lost, and everybody in it is disconnected.',
    verb: `Delete ${name}`,
    typed: name,
    done: `Deleted ${name}.`,
    action: () => change('DELETE', at`vhosts/${name}`),
    after: () => {
      chooseVhost('');
      navigate('/vhosts');
    },
  });
}
