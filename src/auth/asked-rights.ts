/**
 * AskedRights: what one login may do in one vhost where a backend outside has to be asked: HTTP,
 * LDAP. Every question is asked once and its answer remembered for a time (verdicts.ts), so that
 * publishing costs a look-up; until the first answer is there checks are undecided.
 */
import type { Clock } from '../clock.ts';
import { ASKED_EXCHANGES_MAX } from '../limits-auth.ts';
import type { Access } from './permissions.ts';
import type { KeyRights, KeyRule, ResourceKind, Rights, Variables } from './rights.ts';
import { type VerdictOptions, Verdicts } from './verdicts.ts';

/** Who is asked about one login. Promises reject if nobody can be asked. */
export interface Authorizer {
  /** Every routing key may be used: nobody has to be asked. */
  readonly anyKey: boolean;
  mayEnter(vhost: string): Promise<boolean>;
  mayUse(vhost: string, access: Access, kind: ResourceKind, name: string): Promise<boolean>;
  mayUseKey(vhost: string, access: 'write' | 'read', key: ExchangeKey): Promise<boolean>;
}

/** A routing key of a topic exchange, and what the session says about itself. */
export interface ExchangeKey {
  readonly exchange: string;
  readonly routingKey: string;
  readonly variables: Variables;
}

/** What it needs besides. */
export interface AskedOptions {
  readonly clock: Clock;
  /** How long an answer is good for. */
  readonly ttlMs: number;
}

export class AskedRights implements Rights {
  version = 0;
  private readonly authorizer: Authorizer;
  private readonly vhost: string;
  private readonly options: VerdictOptions;
  /** About the vhost and the names in it. */
  private readonly verdicts: Verdicts;
  /** By exchange and variables. */
  private readonly keys = new Map<string, AskedKeys>();

  constructor(authorizer: Authorizer, vhost: string, { clock, ttlMs }: AskedOptions) {
    this.authorizer = authorizer;
    this.vhost = vhost;
    const changed = (): void => {
      this.version++;
    };
    this.options = { clock, ttlMs, changed };
    this.verdicts = new Verdicts(this.options);
  }

  get open(): boolean {
    return this.verdicts.of('enter', () => this.authorizer.mayEnter(this.vhost));
  }

  allows(access: Access, name: string, kind: ResourceKind): boolean {
    const ask = () => this.authorizer.mayUse(this.vhost, access, kind, name);
    return this.verdicts.of(`${access} ${kind} ${name}`, ask);
  }

  topic(exchange: string): KeyRule | null {
    if (this.authorizer.anyKey) return null;
    return { of: (variables) => this.keysOf(exchange, variables) };
  }

  /** Everything is asked anew. */
  forget(): void {
    this.verdicts.forget();
    this.keys.clear();
  }

  private keysOf(exchange: string, variables: Variables): AskedKeys {
    const key = JSON.stringify([exchange, ...variables]);
    let keys = this.keys.get(key);
    if (keys === undefined) {
      const ask = (access: 'write' | 'read', routingKey: string): Promise<boolean> => {
        return this.authorizer.mayUseKey(this.vhost, access, { exchange, routingKey, variables });
      };
      keys = new AskedKeys(ask, this.options);
      if (this.keys.size >= ASKED_EXCHANGES_MAX) this.keys.clear();
      this.keys.set(key, keys);
    }
    return keys;
  }
}

/** The routing keys of one exchange. */
class AskedKeys implements KeyRights {
  private readonly ask: (access: 'write' | 'read', key: string) => Promise<boolean>;
  private readonly options: VerdictOptions;
  /** Made when it is needed: most clients only do one of the two. */
  private write: Verdicts | null = null;
  private read: Verdicts | null = null;

  constructor(ask: AskedKeys['ask'], options: VerdictOptions) {
    this.ask = ask;
    this.options = options;
  }

  allows(access: 'write' | 'read', key: string): boolean {
    return this[access]?.has(key) || this.find(access, key);
  }

  private find(access: 'write' | 'read', key: string): boolean {
    this[access] ??= new Verdicts(this.options);
    return this[access].of(key, () => this.ask(access, key));
  }
}
