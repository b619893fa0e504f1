/**
 * Permissions: what one user may do in one vhost, as three regular expressions over the names of
 * queues and exchanges. Verdicts are remembered, so that a publish costs a map look-up; a change
 * forgets them. Sessions keep the object: it changes under them when an operator changes it.
 */
import { PERMISSION_VERDICTS_MAX } from '../limits.ts';

/** configure: declare and delete; write: publish to, bind into; read: consume from, bind out of. */
export type Access = 'configure' | 'write' | 'read';

/** Three patterns in RabbitMQ's sense: unanchored; the empty one allows nothing. */
export interface PermissionPatterns {
  readonly configure: string;
  readonly write: string;
  readonly read: string;
}

export class Permissions {
  /** Counts the changes: a remembered verdict may have changed. */
  version = 0;
  private readonly verdicts = {
    configure: new Map<string, boolean>(),
    write: new Map<string, boolean>(),
    read: new Map<string, boolean>(),
  };
  /** As granted; null if the vhost is closed to the user. */
  patterns: PermissionPatterns | null;
  private expressions: Readonly<Record<Access, RegExp>>;

  /** @throws SyntaxError if a pattern is not a regular expression */
  constructor(patterns: PermissionPatterns) {
    this.patterns = patterns;
    this.expressions = compile(patterns);
  }

  /** Replaces the patterns; null takes every right away. */
  change(patterns: PermissionPatterns | null): void {
    this.patterns = patterns;
    this.expressions = compile(patterns ?? { configure: '', write: '', read: '' });
    this.version++;
    for (const verdicts of Object.values(this.verdicts)) verdicts.clear();
  }

  /** @param name of a queue or exchange; the default exchange goes by `amq.default` */
  allows(access: Access, name: string): boolean {
    const verdicts = this.verdicts[access];
    const known = verdicts.get(name);
    if (known !== undefined) return known;
    const verdict = this.expressions[access].test(name);
    if (verdicts.size >= PERMISSION_VERDICTS_MAX) verdicts.clear();
    verdicts.set(name, verdict);
    return verdict;
  }
}

function compile(patterns: PermissionPatterns): Readonly<Record<Access, RegExp>> {
  return {
    configure: patternOf(patterns.configure),
    write: patternOf(patterns.write),
    read: patternOf(patterns.read),
  };
}

/** Erlang takes needless escapes, as in `my\-queue`; JavaScript does so only without `u`. */
function patternOf(text: string): RegExp {
  if (text === '') return /^$/;
  try {
    return new RegExp(text, 'u');
  } catch {
    return new RegExp(text);
  }
}
