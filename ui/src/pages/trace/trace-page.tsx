/**
 * TracePage: what happens to messages, live: who published what by which protocol, where it went,
 * who has it, and what became of it. Nothing is traced until somebody asks, and no longer than
 * they look.
 */
import { count, plural } from '../../format/number.ts';
import { Badge } from '../../parts/badge.tsx';
import { Button } from '../../parts/button.tsx';
import { Empty } from '../../parts/empty.tsx';
import { PageHead } from '../../parts/page-head.tsx';
import { features } from '../../session/identity.ts';
import { useQuery } from '../../shell/location.tsx';
import { useVhost } from '../../shell/vhost.ts';
import { filterOf, TraceFilterForm } from './trace-filter.tsx';
import { TraceList } from './trace-list.tsx';
import { TraceTimeline } from './trace-timeline.tsx';
import { type Trace, useTrace } from './use-trace.ts';
import '../../parts/filter-bar.css';
import '../../parts/panel.css';
import '../../parts/table.css';
import './trace.css';

export default function TracePage() {
  if (!features.value.has('trace')) {
    return (
      <>
        <PageHead title="Live trace" />
        <Empty icon="trace" title="This broker cannot follow single messages">
          RabbitMQ's firehose copies them to amq.rabbitmq.trace: bind a queue to it, and switch it
          on with rabbitmqctl trace_on.
        </Empty>
      </>
    );
  }
  return <Tracing />;
}

function Tracing() {
  const [query, setQuery] = useQuery();
  const vhost = useVhost();
  const trace = useTrace();
  const { state, messages, failure } = trace;
  const chosen = messages.find(({ id }) => String(id) === query.msg);
  return (
    <>
      <PageHead
        actions={<Controls onStart={() => trace.start(filterOf(query, vhost))} trace={trace} />}
        badges={
          state === 'on' && (
            <Badge dot tone={trace.paused ? 'warn' : 'good'}>
              {trace.paused ? 'paused' : 'tracing'}
            </Badge>
          )
        }
        title="Live trace"
      >
        The way of every message, from its publisher to whoever acknowledged it, whatever they speak
      </PageHead>
      <section aria-label="Traced messages" class="panel trace">
        <TraceFilterForm
          onApply={(next) => {
            if (state !== 'off') trace.start(filterOf(next, vhost));
          }}
        />
        {failure && (
          <p class="field-error trace-failure" role="alert">
            {failure}
          </p>
        )}
        {messages.length === 0 ? (
          <Nothing onStart={() => trace.start(filterOf(query, vhost))} running={state !== 'off'} />
        ) : (
          <TraceList
            chosen={query.msg ?? ''}
            messages={messages}
            onChoose={(id) => setQuery({ msg: String(id) })}
          />
        )}
      </section>
      {chosen && <TraceTimeline message={chosen} onClose={() => setQuery({ msg: '' })} />}
    </>
  );
}

function Controls({ trace, onStart }: { trace: Trace; onStart: () => void }) {
  const { state, total, missed, paused, messages } = trace;
  return (
    <>
      <span aria-live="off" class="muted num">
        {total > 0 && plural(total, 'message')}
        {missed > 0 && `, ${count(missed)} more than could be shown`}
      </span>
      {messages.length > 0 && <Button onClick={trace.clear}>Clear</Button>}
      {state === 'on' && (
        <Button
          icon={paused ? 'playground' : 'pause'}
          onClick={() => trace.pause(!paused)}
          pressed={paused}
        >
          {paused ? 'Go on' : 'Pause'}
        </Button>
      )}
      {state === 'off' ? (
        <Button icon="trace" kind="primary" onClick={onStart}>
          Start
        </Button>
      ) : (
        <Button busy={state === 'starting'} onClick={trace.stop}>
          Stop
        </Button>
      )}
    </>
  );
}

function Nothing({ running, onStart }: { running: boolean; onStart: () => void }) {
  if (running) {
    return (
      <Empty icon="trace" title="Nothing has been published since">
        A message appears as soon as somebody publishes one that fits the filter.
      </Empty>
    );
  }
  return (
    <Empty
      action={
        <Button kind="primary" onClick={onStart}>
          Start tracing
        </Button>
      }
      icon="trace"
      title="See where messages go"
    >
      A trace shows each message with its publisher, its queues, its consumers and how long each
      step took. It costs the broker something while it runs, and nothing when it does not.
    </Empty>
  );
}
