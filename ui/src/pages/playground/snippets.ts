/**
 * Snippets: programs that publish or subscribe as the playground does, in the languages that
 * people use, with their usual libraries, filled in with what is on the page. They are complete:
 * copied into a file, they run. Passwords are left to the reader.
 */
import { quoted, shell } from './quoting.ts';
import { amqp } from './snippets-amqp.ts';
import { http } from './snippets-http.ts';
import { mqtt } from './snippets-mqtt.ts';
import { stomp } from './snippets-stomp.ts';

/** What a program is to do. */
export interface SnippetFacts {
  readonly host: string;
  /** Where the management API is, `http://host:15672/`. */
  readonly base: string;
  readonly port: number;
  readonly vhost: string;
  readonly user: string;
  readonly publishes: boolean;
  /** Topic, destination, exchange or queue. */
  readonly where: string;
  readonly routingKey: string;
  readonly payload: string;
  readonly contentType: string;
}

/** The texts among them, ready to be put into a program: `q` in quotes, `s` for a shell. */
export interface SnippetTexts {
  readonly q: Readonly<Record<QuotedName, string>>;
  readonly s: Readonly<Record<QuotedName, string>>;
}

const QUOTED = ['host', 'vhost', 'user', 'where', 'routingKey', 'payload', 'contentType'] as const;
type QuotedName = (typeof QUOTED)[number];

/** The languages, by their names. */
export const LANGUAGES = ['Python', 'JavaScript', 'Java', 'Go', 'C#', 'Shell'] as const;
export type Language = (typeof LANGUAGES)[number];

/** Makes the program of one protocol in each language. */
export type Snippets = Readonly<Record<Language, (facts: SnippetFacts & SnippetTexts) => string>>;

/** What there are programs for. */
export type SnippetKind = 'AMQP' | 'MQTT' | 'STOMP' | 'HTTP';

const SNIPPETS: Readonly<Record<SnippetKind, Snippets>> = {
  AMQP: amqp,
  MQTT: mqtt,
  STOMP: stomp,
  HTTP: http,
};

/** The program. */
export function programOf(kind: SnippetKind, language: Language, facts: SnippetFacts): string {
  const texts = (write: (text: string) => string) =>
    Object.fromEntries(QUOTED.map((name) => [name, write(facts[name])])) as SnippetTexts['q'];
  return SNIPPETS[kind][language]({ ...facts, q: texts(quoted), s: texts(shell) });
}
