/**
 * TopicPermission: which routing keys a user may publish to a topic exchange with (write) and bind
 * or subscribe with (read). The patterns may name variables, `{username}`, `{vhost}`,
 * `{client_id}` or a claim of a token, so they differ from session to session.
 */
import { MAX_NAME_BYTES, TOPIC_VERDICTS_MAX } from '../limits.ts';
import { compilePattern, literalPattern } from './pattern.ts';
import type { KeyRights, KeyRule, Variables } from './rights.ts';

/** As with permissions: unanchored, and the empty pattern allows the empty key only. */
export interface TopicPermissionPatterns {
  readonly write: string;
  readonly read: string;
}

const NO_VARIABLES: Variables = new Map();

const VARIABLE = /\{[^{}]+\}/;

export class TopicPermission implements KeyRule {
  readonly patterns: TopicPermissionPatterns;
  /** Without variables one will do for all sessions. */
  private readonly shared: TopicAccess | null;

  constructor(patterns: TopicPermissionPatterns) {
    this.patterns = patterns;
    const varies = VARIABLE.test(patterns.write) || VARIABLE.test(patterns.read);
    this.shared = varies ? null : this.expand(NO_VARIABLES);
  }

  /** The patterns as they are for one session. */
  of(variables: Variables): TopicAccess {
    return this.shared ?? this.expand(variables);
  }

  private expand(variables: Variables): TopicAccess {
    const { write, read } = this.patterns;
    return new TopicAccess(expanded(write, variables), expanded(read, variables));
  }
}

/** What one session may do with the keys of one exchange; remembers its verdicts. */
export class TopicAccess implements KeyRights {
  private readonly expressions: Readonly<Record<'write' | 'read', RegExp>>;
  private readonly verdicts = {
    write: new Map<string, boolean>(),
    read: new Map<string, boolean>(),
  };

  constructor(write: RegExp, read: RegExp) {
    this.expressions = { write, read };
  }

  allows(access: 'write' | 'read', key: string): boolean {
    const verdicts = this.verdicts[access];
    const known = verdicts.get(key);
    if (known !== undefined) return known;
    const verdict = this.expressions[access].test(key);
    // A topic of MQTT may be 64 KiB long: such a one is not remembered.
    if (key.length > MAX_NAME_BYTES) return verdict;
    if (verdicts.size >= TOPIC_VERDICTS_MAX) verdicts.clear();
    verdicts.set(key, verdict);
    return verdict;
  }
}

/**
 * RabbitMQ puts the values in as they are; here they match themselves only, or a client that
 * chooses `.*` for its id could do everything.
 */
function expanded(pattern: string, variables: Variables): RegExp {
  const text = pattern.replace(/\{[^{}]+\}/g, (whole) => {
    const value = variables.get(whole.slice(1, -1));
    return value === undefined ? whole : literalPattern(value);
  });
  try {
    return compilePattern(text);
  } catch {
    return /(?!)/;
  }
}
