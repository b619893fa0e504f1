/**
 * TraceTimeline: all that happened to one message, step by step, with how long each took, in a
 * drawer at the side.
 */
import type { TracedMessage, TraceEvent } from '../../api/trace.ts';
import { dateTime, duration } from '../../format/time.ts';
import { CopyButton } from '../../parts/code.tsx';
import { Dialog } from '../../parts/dialog.tsx';
import { KeyValue } from '../../parts/key-value.tsx';
import { Payload } from '../../parts/payload.tsx';
import { to as linkTo } from '../../shell/location.tsx';
import { Party } from './trace-list.tsx';

/** What happened, in words; and whether it is bad news. */
const WORDS: Readonly<Record<string, readonly [text: string, tone: string]>> = {
  published: ['Published', ''],
  routed: ['Routed to', ''],
  unroutable: ['No queue takes it', 'bad'],
  refused: ['Refused, the queue is full', 'bad'],
  delivered: ['Delivered to', ''],
  acked: ['Acknowledged by', 'good'],
  requeued: ['Put back by', 'warn'],
  rejected: ['Rejected by', 'bad'],
  expired: ['Expired in', 'warn'],
  dropped: ['Dropped, the queue is full', 'bad'],
  delivery_limit: ['Delivered too often', 'bad'],
  dead_lettered: ['Dead-lettered to', 'warn'],
  delayed: ['Waits for its delay', ''],
};

interface TraceTimelineProps {
  readonly message: TracedMessage;
  readonly onClose: () => void;
}

export function TraceTimeline({ message, onClose }: TraceTimelineProps) {
  const { id, at, vhost, exchange, routing_keys, payload, events, published_by } = message;
  const { headers, ...properties } = message.properties;
  return (
    <Dialog onClose={onClose} shape="side" title={`Message ${id}`}>
      <div class="timeline">
        <p class="timeline-text">
          {message.text} <CopyButton label="Copy this line" text={message.text} />
        </p>
        <ol class="timeline-steps">
          {events.map((event, index) => (
            <Step
              event={event}
              // The same may happen twice to one message at one time.
              key={`${index} ${event.event}`}
              message={message}
              previousMs={events[index - 1]?.after_ms ?? 0}
            />
          ))}
          {message.more_events && <li class="muted">and {message.more_events} more</li>}
        </ol>
        <KeyValue
          facts={[
            ['Published', dateTime(at)],
            ['By', <Party key="by" party={published_by} />],
            ['Virtual host', vhost],
            ['Exchange', exchange === '' ? '(default)' : exchange],
            ['Routing key', routing_keys.join(', ')],
            ...Object.entries({ ...properties, ...((headers as object) ?? {}) }).map(
              ([name, value]) =>
                [
                  name.replaceAll('_', ' '),
                  typeof value === 'string' ? value : JSON.stringify(value),
                ] as const,
            ),
          ]}
        />
        {payload !== undefined && (
          <Payload
            encoding={message.payload_encoding ?? 'string'}
            payload={payload}
            wholeBytes={message.payload_bytes}
          />
        )}
      </div>
    </Dialog>
  );
}

interface StepProps {
  readonly event: TraceEvent;
  readonly message: TracedMessage;
  readonly previousMs: number;
}

function Step({ event, message, previousMs }: StepProps) {
  const { after_ms, held_ms, queue, queues, exchange, to, redelivered } = event;
  const [text, tone] = WORDS[event.event] ?? [event.event, ''];
  const places = queues ?? (queue === undefined ? [] : [queue]);
  return (
    <li class={`timeline-step ${tone && `timeline-${tone}`}`}>
      <span class="timeline-when num">
        {after_ms === 0 ? dateTime(message.at).split(', ').at(-1) : `+${duration(after_ms)}`}
        {after_ms - previousMs >= 1000 && (
          <span class="muted"> after {duration(after_ms - previousMs)}</span>
        )}
      </span>
      <span class="timeline-what">
        {text} {to && <Party party={to} />}
        {event.event === 'published' && <Party party={message.published_by} />}
        {exchange !== undefined && <strong>{exchange === '' ? '(default)' : exchange}</strong>}
        {places.length > 0 && (
          <>
            {to && ' from '}
            {places.map((name) => (
              <a class="timeline-queue" href={linkTo`/queues/${message.vhost}/${name}`} key={name}>
                {name}
              </a>
            ))}
          </>
        )}
        {redelivered && ', again'}
        {held_ms !== undefined && <span class="muted">, held for {duration(held_ms)}</span>}
      </span>
    </li>
  );
}
