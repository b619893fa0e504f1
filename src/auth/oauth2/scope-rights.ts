/**
 * ScopeRights: what the scopes of a token allow in one vhost, by RabbitMQ's patterns
 * `read:<vhost>/<name>[/<routing key>]`, after the prefix. A scope without a pattern for routing
 * keys says nothing about topics. Nobody has to be asked: the token says it all.
 */
import { MAX_NAME_BYTES, PERMISSION_VERDICTS_MAX, TOPIC_VERDICTS_MAX } from '../../limits.ts';
import type { Access } from '../permissions.ts';
import type { KeyRights, KeyRule, Rights } from '../rights.ts';
import { type Lookup, SegmentPattern } from './segment-pattern.ts';

/** One scope, as it counts in the vhost. */
interface Grant {
  readonly access: Access;
  readonly name: SegmentPattern;
  /** null: it says nothing about routing keys. */
  readonly key: SegmentPattern | null;
}

const SCOPE = /^(read|write|configure):([^/]*)\/([^/]*)(?:\/([^/]*))?$/;

export class ScopeRights implements Rights {
  readonly version = 0;
  readonly open: boolean;
  private readonly grants: readonly Grant[];
  private readonly verdicts = new Map<string, boolean>();
  private readonly keys = new Map<string, ScopeKeys>();

  /**
   * @param scopes without their prefix
   * @param claim the value of a claim, undefined if the token has no such text
   */
  constructor(
    scopes: readonly string[],
    vhost: string,
    claim: (name: string) => string | undefined,
  ) {
    const lookup: Lookup = (name) => (name === 'vhost' ? vhost : (claim(name) ?? name));
    this.grants = scopes.flatMap((scope) => {
      const [, access, where, name, key] = SCOPE.exec(scope) ?? [];
      if (access === undefined || !new SegmentPattern(where as string, lookup).matches(vhost)) {
        return [];
      }
      const keys = key === undefined ? null : new SegmentPattern(key, lookup);
      return [
        { access: access as Access, name: new SegmentPattern(name as string, lookup), key: keys },
      ];
    });
    this.open = this.grants.length > 0;
  }

  allows(access: Access, name: string): boolean {
    const question = `${access} ${name}`;
    const known = this.verdicts.get(question);
    if (known !== undefined) return known;
    const verdict = this.grants.some((grant) => {
      return grant.access === access && grant.name.matches(name);
    });
    if (name.length > MAX_NAME_BYTES) return verdict;
    if (this.verdicts.size >= PERMISSION_VERDICTS_MAX) this.verdicts.clear();
    this.verdicts.set(question, verdict);
    return verdict;
  }

  topic(exchange: string): KeyRule {
    return { of: () => this.keysOf(exchange) };
  }

  private keysOf(exchange: string): ScopeKeys {
    let keys = this.keys.get(exchange);
    if (keys === undefined) {
      keys = new ScopeKeys(this.grants.filter(({ name }) => name.matches(exchange)));
      if (this.keys.size >= PERMISSION_VERDICTS_MAX) this.keys.clear();
      this.keys.set(exchange, keys);
    }
    return keys;
  }
}

/** The routing keys of one exchange. */
class ScopeKeys implements KeyRights {
  private readonly grants: readonly Grant[];
  private readonly verdicts = {
    write: new Map<string, boolean>(),
    read: new Map<string, boolean>(),
  };

  constructor(grants: readonly Grant[]) {
    this.grants = grants;
  }

  allows(access: 'write' | 'read', key: string): boolean {
    return this.verdicts[access].get(key) ?? this.judge(access, key);
  }

  private judge(access: 'write' | 'read', routingKey: string): boolean {
    const verdict = this.grants.some(({ access: granted, key }) => {
      return granted === access && key !== null && key.matches(routingKey);
    });
    if (routingKey.length > MAX_NAME_BYTES) return verdict;
    const verdicts = this.verdicts[access];
    if (verdicts.size >= TOPIC_VERDICTS_MAX) verdicts.clear();
    verdicts.set(routingKey, verdict);
    return verdict;
  }
}
