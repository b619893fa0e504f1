/**
 * CodePanel: the program that does what the page does, in a language of one's own. It is about the
 * chosen protocol, or AMQP, which browsers do not speak.
 */
import { useState } from 'preact/hooks';
import { API_BASE } from '../../api/request.ts';
import { overview } from '../../live/overview.ts';
import { Code } from '../../parts/code.tsx';
import { Panel } from '../../parts/panel.tsx';
import { Segments } from '../../parts/segments.tsx';
import { identity } from '../../session/identity.ts';
import { contentType, type Draft, payload, useDraft } from './draft.ts';
import {
  type SnippetKind as Kind,
  LANGUAGES,
  type Language,
  programOf,
  type SnippetFacts,
} from './snippets.ts';

const STORED = 'warren.language';

const KINDS: readonly (readonly [Kind, string])[] = [
  ['AMQP', 'AMQP'],
  ['MQTT', 'MQTT'],
  ['STOMP', 'STOMP'],
  ['HTTP', 'HTTP'],
];

function storedLanguage(): Language {
  const stored = localStorage.getItem(STORED);
  return LANGUAGES.find((one) => one === stored) ?? 'Python';
}

export function CodePanel({ vhost }: { vhost: string }) {
  const draft = useDraft();
  const [language, setLanguage] = useState<Language>(storedLanguage);
  const [publishes, setPublishes] = useState(true);
  const [chosen, setChosen] = useState<Kind | null>(null);
  const kind = chosen ?? (publishes ? draft.by : draft.via);
  const facts = factsOf(kind, publishes, vhost, draft);
  return (
    <Panel
      aside={
        <>
          <Segments
            label="Which program"
            onChange={(next) => setPublishes(next === 'publish')}
            options={[
              ['publish', 'Publish'],
              ['subscribe', 'Subscribe'],
            ]}
            value={publishes ? 'publish' : 'subscribe'}
          />
          <Segments label="Protocol" onChange={setChosen} options={KINDS} value={kind} />
        </>
      }
      title="The same as a program"
    >
      <div class="code-languages">
        <Segments
          label="Language"
          onChange={(next) => {
            setLanguage(next);
            localStorage.setItem(STORED, next);
          }}
          options={LANGUAGES.map((name) => [name, name])}
          value={language}
        />
      </div>
      <Code label={`${language} program`} text={programOf(kind, language, facts)} />
    </Panel>
  );
}

/** The usual ports, where the broker does not tell. */
const PORTS: Readonly<Record<Kind, readonly [listener: string, usual: number]>> = {
  AMQP: ['amqp', 5672],
  MQTT: ['mqtt', 1883],
  STOMP: ['stomp', 61_613],
  HTTP: ['http', 15_672],
};

function factsOf(kind: Kind, publishes: boolean, vhost: string, draft: Draft): SnippetFacts {
  const [listener, usual] = PORTS[kind];
  const found = overview.value?.listeners?.find(({ protocol }) => protocol === listener);
  const mine = kind === (publishes ? draft.by : draft.via);
  const place = publishes ? draft.to : draft.from;
  return {
    host: API_BASE.hostname,
    base: String(new URL('..', API_BASE)),
    port: found?.port ?? usual,
    vhost,
    user: identity.value?.name ?? 'guest',
    publishes,
    where: mine ? place : usualPlace(kind, publishes),
    routingKey: draft.routingKey,
    payload: payload.value,
    contentType: contentType.value,
  };
}

/** For a protocol whose place nobody has filled in. */
function usualPlace(kind: Kind, publishes: boolean): string {
  if (kind === 'MQTT') return publishes ? 'playground/hello' : 'playground/#';
  if (kind === 'STOMP') return publishes ? '/topic/playground.hello' : '/topic/playground.#';
  return publishes ? 'amq.topic' : 'hello';
}
