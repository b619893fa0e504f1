/**
 * MessageList: the left side of the browser: a row for each message of the page, oldest first as
 * consumers will get them. Choosing a row shows it at the right; arrow keys go up and down.
 */
import type { PeekedMessage } from '../../api/peek.ts';
import { bytes } from '../../format/bytes.ts';
import { count } from '../../format/number.ts';
import { duration } from '../../format/time.ts';
import { Badge } from '../../parts/badge.tsx';

interface MessageListProps {
  readonly messages: readonly PeekedMessage[];
  /** The place of the first one; null where it is not known. */
  readonly offset: number | null;
  readonly chosen: string;
  readonly onChoose: (id: string) => void;
}

export function MessageList({ messages, offset, chosen, onChoose }: MessageListProps) {
  const move = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step === undefined) return;
    const index = messages.findIndex(({ id }) => id === chosen);
    const next = messages[index + step];
    if (next === undefined) return;
    event.preventDefault();
    onChoose(next.id);
    const list = event.currentTarget as HTMLElement;
    list.querySelector<HTMLElement>(`[data-id="${CSS.escape(next.id)}"]`)?.focus();
  };
  return (
    <div class="table-scroll">
      <table class="table message-table">
        <caption class="sr">Messages, as consumers will get them</caption>
        <thead>
          <tr>
            <th class="cell-num" scope="col">
              Place
            </th>
            <th scope="col">Message</th>
            <th class="cell-num" scope="col">
              Age
            </th>
            <th class="cell-num" scope="col">
              Size
            </th>
          </tr>
        </thead>
        <tbody onKeyDown={move}>
          {messages.map((message, index) => (
            <tr aria-selected={message.id === chosen} key={message.id}>
              <td class="cell-num muted">{offset === null ? '' : count(offset + index)}</td>
              <td>
                <button
                  class="message-row"
                  data-id={message.id}
                  onClick={() => onChoose(message.id)}
                  type="button"
                >
                  <span class="message-line">
                    <strong>{message.routing_key || '(no routing key)'}</strong>
                    <Marks message={message} />
                  </span>
                  <span class="message-preview mono">{previewOf(message)}</span>
                </button>
              </td>
              <td class="cell-num">{duration(message.age_ms)}</td>
              <td class="cell-num">{bytes(message.payload_bytes)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Marks({ message }: { message: PeekedMessage }) {
  const { state, held_by, redelivered, returned, deaths, properties, exchange } = message;
  const priority = Number(properties.priority ?? 0);
  return (
    <>
      {state === 'unacked' && (
        <Badge tone="info">{held_by?.client || held_by?.user || 'unacked'}</Badge>
      )}
      {state === 'delayed' && <Badge tone="info">waits for its retry</Badge>}
      {deaths[0] && <Badge tone="bad">{deaths[0].reason.replace('_', ' ')}</Badge>}
      {(redelivered || returned) && <Badge tone="warn">redelivered</Badge>}
      {priority > 0 && <Badge>priority {priority}</Badge>}
      {exchange !== '' && <span class="muted">{exchange}</span>}
    </>
  );
}

const PREVIEW = 140;

function previewOf({ payload = '', payload_encoding, payload_bytes }: PeekedMessage): string {
  if (payload_bytes === 0) return '(empty)';
  if (payload_encoding === 'base64') return `${bytes(payload_bytes)} that are no text`;
  return payload.slice(0, PREVIEW).replace(/\s+/g, ' ');
}
