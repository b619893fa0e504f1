/**
 * TraceFilter: which messages a trace follows: by vhost, exchange, queue, routing key, client,
 * protocol, headers and text, of those that its user may see.
 */
import { Undecided } from '../../auth/undecided.ts';
import type { User } from '../../auth/user.ts';
import { TRACE_SEARCH_BYTES } from '../../limits-inspection.ts';
import { type FilterValues, MessageFilter, matchesPattern } from '../inspection/message-filter.ts';
import type { Message } from '../message.ts';
import type { Party } from '../party.ts';
import { DEFAULT_EXCHANGE_ALIAS } from '../topology-access.ts';

/** What a trace is asked for; what is not there matches everything. */
export interface TraceWishes extends Pick<FilterValues, 'text' | 'headers' | 'exchange'> {
  readonly vhost?: string;
  /** `*` stands for any characters. */
  readonly queue?: string;
  /** As in a binding of a topic exchange. */
  readonly routingKey?: string;
  /** In the name of a connection, of its client, or of its user. */
  readonly connection?: string;
  /** What the name of a protocol starts with. */
  readonly protocol?: string;
}

export class TraceFilter {
  readonly wishes: TraceWishes;
  /** Does it matter who publishes or gets a message? */
  readonly byClient: boolean;
  private readonly content: MessageFilter;
  private readonly keyWords: readonly string[] | null;
  private readonly needle: string;
  private readonly user: User;

  /** @param user who is to see the messages */
  constructor(wishes: TraceWishes, user: User) {
    this.wishes = wishes;
    this.user = user;
    const { text, headers, exchange, routingKey, connection, protocol } = wishes;
    const content = {
      ...(text !== undefined && { text }),
      ...(headers !== undefined && { headers }),
      ...(exchange !== undefined && { exchange }),
    };
    this.content = new MessageFilter(content, TRACE_SEARCH_BYTES);
    this.keyWords = routingKey === undefined ? null : routingKey.split('.');
    this.needle = connection?.toLowerCase() ?? '';
    this.byClient = this.needle !== '' || protocol !== undefined;
  }

  /** Does it look at that vhost? */
  wantsVhost(name: string): boolean {
    const { vhost } = this.wishes;
    if (vhost !== undefined && vhost !== name) return false;
    return isSure(() => this.user.rightsIn(name).open);
  }

  /** Is it one of those messages, whoever sends or gets it? */
  matches(message: Message, queues: readonly string[], nowMs: number): boolean {
    const { queue } = this.wishes;
    if (queue !== undefined && !queues.some((name) => matchesPattern(queue, name))) return false;
    if (this.keyWords !== null && !matchesTopic(this.keyWords, message.routingKey.split('.'))) {
      return false;
    }
    return this.content.matches(message, nowMs);
  }

  /** May its user see a message that came this way? */
  permits(vhost: string, exchange: string, queues: readonly string[]): boolean {
    if (this.user.tags.has('administrator')) return true;
    const rights = this.user.rightsIn(vhost);
    if (queues.length > 0) {
      return queues.some((name) => isSure(() => rights.allows('read', name, 'queue')));
    }
    const known = exchange === '' ? DEFAULT_EXCHANGE_ALIAS : exchange;
    return isSure(() => rights.allows('write', known, 'exchange'));
  }

  /** Has the user's login run out? */
  isOver(nowMs: number): boolean {
    return (this.user.authority?.expiresAtMs ?? Number.POSITIVE_INFINITY) <= nowMs;
  }

  /** Is that the client? */
  matchesClient({ connection, client, user, protocol }: Party): boolean {
    const { protocol: wanted } = this.wishes;
    if (wanted !== undefined && !protocol.startsWith(wanted)) return false;
    if (this.needle === '') return true;
    return [connection, client, user].some((name) => name.toLowerCase().includes(this.needle));
  }
}

/** A message does not wait for who has to be asked: until the answer is there, it is no. */
function isSure(ask: () => boolean): boolean {
  try {
    return ask();
  } catch (error) {
    if (error instanceof Undecided) return false;
    throw error;
  }
}

/** Does a pattern with `*` for a word and `#` for any number of them match? */
export function matchesTopic(pattern: readonly string[], words: readonly string[]): boolean {
  // How many of the words the pattern so far can stand for; linear in both, whatever they are.
  let ends = new Set([0]);
  for (const part of pattern) {
    const next = new Set<number>();
    if (part === '#') {
      for (let at = Math.min(...ends); at <= words.length; at++) next.add(at);
    } else {
      for (const at of ends) {
        if (at < words.length && (part === '*' || part === words[at])) next.add(at + 1);
      }
    }
    if (next.size === 0) return false;
    ends = next;
  }
  return ends.has(words.length);
}
