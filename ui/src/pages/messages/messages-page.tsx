/**
 * MessagesPage: the message browser, for a queue that is chosen here. Without one it offers those
 * with the most messages, and those where dead letters end.
 */
import { at, withQuery } from '../../api/request.ts';
import { count } from '../../format/number.ts';
import { useResource } from '../../live/resource.ts';
import { Empty } from '../../parts/empty.tsx';
import { PageHead } from '../../parts/page-head.tsx';
import { Panel } from '../../parts/panel.tsx';
import { Problem } from '../../parts/problem.tsx';
import { useQuery } from '../../shell/location.tsx';
import { useOneVhost } from '../../shell/one-vhost.ts';
import { MessageBrowser } from '../queue/message-browser.tsx';
import { QueuePicker } from './queue-picker.tsx';
import './messages.css';

export default function MessagesPage() {
  const [query, setQuery] = useQuery();
  const vhost = useOneVhost();
  const { queue = '' } = query;
  return (
    <>
      <PageHead title="Messages">
        Look at messages where they are: nothing is taken, marked or counted.
      </PageHead>
      <QueuePicker
        onChoose={(name) => setQuery({ queue: name, msg: '' }, true)}
        value={queue}
        vhost={vhost}
      />
      {queue === '' ? (
        <Suggestions vhost={vhost} />
      ) : (
        vhost !== '' && <MessageBrowser name={queue} vhost={vhost} />
      )}
    </>
  );
}

interface Suggested {
  readonly name: string;
  readonly messages: number;
}

const SHOWN = 12;

function Suggestions({ vhost }: { vhost: string }) {
  const [, setQuery] = useQuery();
  const path = withQuery(at`queues/${vhost}`, {
    page: 1,
    page_size: SHOWN,
    sort: 'messages',
    sort_reverse: true,
    columns: 'name,messages',
  });
  const { data, error, loading } = useResource<{ items: readonly Suggested[] }>(
    vhost === '' ? null : path,
  );
  const full = (data?.items ?? []).filter(({ messages }) => messages > 0);
  if (error) return <Problem error={error} />;
  if (!loading && full.length === 0) {
    return (
      <Empty icon="messages" title={`No queue of ${vhost} has messages`}>
        Consumers have taken everything. Choose a queue to watch what comes.
      </Empty>
    );
  }
  return (
    <Panel title="Queues with the most messages">
      <ul class="message-queues">
        {full.map(({ name, messages }) => (
          <li key={name}>
            <button class="link" onClick={() => setQuery({ queue: name }, true)} type="button">
              {name}
            </button>
            <span class="num muted">{count(messages)}</span>
          </li>
        ))}
      </ul>
    </Panel>
  );
}
