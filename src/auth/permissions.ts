/**
 * Permissions: what one user may do in one vhost, as three regular expressions over the names of
 * queues and exchanges, and for topic exchanges two more over routing keys (topic-permission.ts).
 * Verdicts are remembered, so that a publish costs a map look-up; a change forgets them. Sessions
 * keep the object: it changes under them when an operator changes it.
 */
import { MAX_NAME_BYTES, PERMISSION_VERDICTS_MAX } from '../limits.ts';
import { compilePattern } from './pattern.ts';
import type { Rights } from './rights.ts';
import { TopicPermission, type TopicPermissionPatterns } from './topic-permission.ts';

/** configure: declare and delete; write: publish to, bind into; read: consume from, bind out of. */
export type Access = 'configure' | 'write' | 'read';

/** Three patterns in RabbitMQ's sense: unanchored; the empty one allows nothing. */
export interface PermissionPatterns {
  readonly configure: string;
  readonly write: string;
  readonly read: string;
}

const NEVER = /(?!)/;

export class Permissions implements Rights {
  /** Counts the changes: a remembered verdict may have changed. */
  version = 0;
  /** As granted; null if the vhost is closed to the user. */
  patterns: PermissionPatterns | null = null;
  /** By exchange; one that is missing here is open for every key. */
  readonly topics = new Map<string, TopicPermission>();
  private readonly verdicts = {
    configure: new Map<string, boolean>(),
    write: new Map<string, boolean>(),
    read: new Map<string, boolean>(),
  };
  private expressions: Readonly<Record<Access, RegExp>> = CLOSED;

  constructor(patterns: PermissionPatterns | null = null) {
    if (patterns !== null) this.change(patterns);
  }

  /** Replaces the patterns; null closes the vhost. One that is not valid allows nothing. */
  change(patterns: PermissionPatterns | null): void {
    this.patterns = patterns;
    this.expressions = patterns === null ? CLOSED : compile(patterns);
    this.version++;
    for (const verdicts of Object.values(this.verdicts)) verdicts.clear();
  }

  /** Replaces the patterns for the routing keys of an exchange; null opens it again. */
  changeTopic(exchange: string, patterns: TopicPermissionPatterns | null): void {
    if (patterns === null) this.topics.delete(exchange);
    else this.topics.set(exchange, new TopicPermission(patterns));
    this.version++;
  }

  /** Takes everything away. */
  revoke(): void {
    this.topics.clear();
    this.change(null);
  }

  /** Is the vhost open to the user? */
  get open(): boolean {
    return this.patterns !== null;
  }

  topic(exchange: string): TopicPermission | null {
    return this.topics.get(exchange) ?? null;
  }

  /** @param name of a queue or exchange; the default exchange goes by `amq.default` */
  allows(access: Access, name: string): boolean {
    const verdicts = this.verdicts[access];
    const known = verdicts.get(name);
    if (known !== undefined) return known;
    const verdict = this.expressions[access].test(name);
    if (name.length > MAX_NAME_BYTES) return verdict;
    if (verdicts.size >= PERMISSION_VERDICTS_MAX) verdicts.clear();
    verdicts.set(name, verdict);
    return verdict;
  }
}

const CLOSED: Readonly<Record<Access, RegExp>> = { configure: NEVER, write: NEVER, read: NEVER };

function compile(patterns: PermissionPatterns): Readonly<Record<Access, RegExp>> {
  return {
    configure: patternOrNever(patterns.configure),
    write: patternOrNever(patterns.write),
    read: patternOrNever(patterns.read),
  };
}

/** A catalog may hold what an older version took: that must not keep this one from starting. */
function patternOrNever(text: string): RegExp {
  try {
    return compilePattern(text);
  } catch {
    return NEVER;
  }
}
