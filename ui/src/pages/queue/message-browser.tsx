/**
 * MessageBrowser: the messages of one queue, looked at without disturbing them: a page of them at
 * the left, one of them at the right. What is looked for, where, and which is open stands in the
 * address. Only where the broker can do that: elsewhere it says so.
 */
import { useEffect, useState } from 'preact/hooks';
import type { MessageState, Peek, PeekQuery } from '../../api/peek.ts';
import { count, plural } from '../../format/number.ts';
import { Button } from '../../parts/button.tsx';
import { Empty } from '../../parts/empty.tsx';
import { Problem } from '../../parts/problem.tsx';
import { features } from '../../session/identity.ts';
import { useQuery } from '../../shell/location.tsx';
import { MessageFilter } from '../messages/message-filter.tsx';
import { MessageList } from '../messages/message-list.tsx';
import { MessageViewer } from '../messages/message-viewer.tsx';
import { RedriveDialog } from '../messages/redrive-dialog.tsx';
import { type Messages, useMessages } from '../messages/use-messages.ts';
import '../../parts/filter-bar.css';
import '../../parts/panel.css';
import '../../parts/table.css';
import '../messages/messages.css';

interface MessageBrowserProps {
  readonly vhost: string;
  readonly name: string;
}

export function MessageBrowser({ vhost, name }: MessageBrowserProps) {
  if (!features.value.has('peek')) {
    return (
      <Empty icon="messages" title="This broker shows no messages in place">
        Reading {name} here would take its messages out of their order.
      </Empty>
    );
  }
  return <Browser key={`${vhost} ${name}`} name={name} vhost={vhost} />;
}

const STATES: readonly string[] = ['ready', 'unacked', 'delayed', 'all'];

/** What the address asks for. */
function peekQueryOf(query: Readonly<Record<string, string>>): PeekQuery {
  const { state = 'ready', text, key, exchange, reason, source, header, from } = query;
  const wanted = STATES.includes(state) ? (state as MessageState | 'all') : 'ready';
  const offset = /^-?\d+$/.test(from ?? '') && wanted !== 'all' ? Number(from) : undefined;
  return {
    state: wanted,
    text,
    routing_key: key,
    exchange,
    reason,
    source_queue: source,
    header,
    offset,
  };
}

function Browser({ vhost, name }: MessageBrowserProps) {
  const [query, setQuery] = useQuery();
  const [moving, setMoving] = useState(false);
  const messages = useMessages(vhost, name, peekQueryOf(query));
  const { page, error, reload } = messages;
  const items = page?.items ?? [];
  const chosen = items.find(({ id }) => id === query.msg) ?? null;
  const first = items[0]?.id ?? '';
  useEffect(() => {
    // Something is shown at once, but not opened over the list of a phone.
    const wide = window.matchMedia('(width >= 900px)').matches;
    if (wide && first !== '' && chosen === null) setQuery({ msg: first });
  }, [first, chosen === null]);
  return (
    <section aria-label={`Messages of ${name}`} class="panel browser">
      <MessageFilter
        busy={messages.loading}
        counts={page?.counts}
        onMove={features.value.has('redrive') ? () => setMoving(true) : undefined}
        onReload={reload}
      />
      {error !== null && error !== undefined && <Problem error={error} onRetry={reload} />}
      <div class={`browser-panes${chosen ? ' browser-open' : ''}`}>
        <div class="browser-list">
          {items.length > 0 ? (
            <MessageList
              chosen={chosen?.id ?? ''}
              messages={items}
              offset={page?.offset ?? null}
              onChoose={(id) => setQuery({ msg: id })}
            />
          ) : (
            <Nothing messages={messages} name={name} />
          )}
          {page && <Turning messages={messages} page={page} />}
        </div>
        <div class="browser-viewer">
          {chosen && (
            <>
              <div class="browser-back">
                <Button icon="left" onClick={() => setQuery({ msg: '' })} small>
                  All messages
                </Button>
              </div>
              <MessageViewer message={chosen} onChange={reload} queue={name} vhost={vhost} />
            </>
          )}
        </div>
      </div>
      {moving && (
        <RedriveDialog
          dead={items.some(({ deaths }) => deaths.length > 0)}
          onClose={() => setMoving(false)}
          onDone={reload}
          queue={name}
          vhost={vhost}
        />
      )}
    </section>
  );
}

function Nothing({ messages, name }: { messages: Messages; name: string }) {
  const { loading, scanned, page } = messages;
  if (loading) {
    return (
      <p class="browser-searching" role="status">
        <span class="spinner" /> {scanned > 0 && `${count(scanned)} messages looked at …`}
      </p>
    );
  }
  if (page === null) return null;
  if (page.cursor !== null) {
    return (
      <Empty
        action={<Button onClick={messages.next}>Search on</Button>}
        icon="search"
        title={`Nothing among ${plural(scanned, 'message')} so far`}
      />
    );
  }
  const { ready, unacked, delayed } = page.counts;
  if (ready + unacked + delayed > 0) {
    return (
      <Empty icon="search" title="No message is like that">
        {name} has {plural(ready, 'ready message')}, and {count(unacked)} that consumers hold.
      </Empty>
    );
  }
  return (
    <Empty icon="messages" title={`${name} is empty`}>
      Messages appear here when they are published faster than they are consumed. Looking at them
      takes none away.
    </Empty>
  );
}

function Turning({ messages, page }: { messages: Messages; page: Peek }) {
  const { hasBefore, loading, before, next } = messages;
  const { offset, items, cursor } = page;
  if (!hasBefore && cursor === null) return null;
  return (
    <nav aria-label="Pages of messages" class="pager">
      {offset !== null && items.length > 0 && (
        <span class="num muted">
          {count(offset)} to {count(offset + items.length - 1)}
        </span>
      )}
      <Button disabled={!hasBefore} icon="left" label="Earlier messages" onClick={before} small />
      <Button
        busy={loading}
        disabled={cursor === null}
        icon="right"
        label="Later messages"
        onClick={next}
        small
      />
    </nav>
  );
}
