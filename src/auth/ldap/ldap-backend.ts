/**
 * LdapBackend: logins that an LDAP directory decides: who can bind is who it says; queries say what
 * tags and rights that gives (rabbitmq_auth_backend_ldap). What is remembered of the answers is
 * asked-rights.ts.
 */
import type { Clock } from '../../clock.ts';
import type { Log } from '../../log.ts';
import { AskedRights, type Authorizer } from '../asked-rights.ts';
import type { Authenticator, Login, LoginVerdict } from '../authenticator.ts';
import { CallLimit } from '../call-limit.ts';
import { Complaints } from '../complaints.ts';
import { type Authority, User } from '../user.ts';
import { BindRefused, type Credentials, Directory, type DirectoryOptions } from './directory.ts';
import { Evaluation } from './evaluation.ts';
import type { Query, TagQuery } from './query.ts';
import { type Arguments, filled, useOf, userArguments } from './template.ts';

/** As whom the directory is asked: the user, nobody, or somebody of its own. */
export type Bind = 'as_user' | 'anon' | Credentials;

export interface LdapOptions {
  readonly directory: DirectoryOptions;
  /** What a user name becomes: the entry's name, or what it is looked for by. */
  readonly userDnPattern: string;
  /** What it becomes for binding; null if that is the same. */
  readonly userBindPattern: string | null;
  /** Where the entry of a user is looked for, and by which attribute; null if it is not. */
  readonly lookup: {
    readonly attribute: string;
    readonly base: string;
    readonly bind: Bind;
  } | null;
  readonly groupBase: string | null;
  /** As whom everything else is asked. */
  readonly otherBind: Bind;
  readonly vhostQuery: Query;
  readonly resourceQuery: Query;
  readonly topicQuery: Query;
  readonly tagQueries: readonly TagQuery[];
  readonly connectionsMax: number;
  readonly clock: Clock;
  readonly log: Log;
  /** How long an answer about rights is good for. */
  readonly ttlMs: number;
}

/** Somebody whom the directory knows. */
interface Person {
  readonly dn: string;
  readonly password: string | null;
}

export class LdapBackend implements Authenticator {
  private readonly options: LdapOptions;
  private readonly calls: CallLimit;
  private readonly complaints: Complaints;

  constructor(options: LdapOptions) {
    this.options = options;
    this.calls = new CallLimit(options.connectionsMax);
    this.complaints = new Complaints('LDAP auth backend', options);
  }

  async authenticate(login: Login): Promise<LoginVerdict> {
    // A bind without a password is one as nobody, and succeeds [RFC 4513 5.1.2].
    if (login.password === '') return 'the LDAP directory is not asked without a password';
    if (login.username === '') return 'the LDAP directory is not asked without a name';
    try {
      return await this.calls.run(() => this.logIn(login));
    } catch (error) {
      if (error instanceof BindRefused) return `refused by the LDAP directory: ${error.message}`;
      throw new Error(`LDAP: ${(error as Error).message}`);
    }
  }

  private async logIn(login: Login): Promise<LoginVerdict> {
    const { username, password } = login;
    const person = { dn: await this.dnOf(username, password), password };
    const args = new Map([...userArguments(username), ['user_dn', person.dn]]);
    const tags: string[] = [];
    await this.asking(person, async (directory) => {
      if (password === null && !(await directory.exists(person.dn))) {
        throw new BindRefused('there is no such entry');
      }
      const evaluation = new Evaluation(directory, args, this.options.groupBase);
      for (const { tag, query } of this.options.tagQueries) {
        if (await evaluation.answer(query)) tags.push(tag);
      }
    });
    return new User(username, tags, this.authorityOf(login, person, args, tags));
  }

  /** The name of a user's entry; with a password it has been tried. @throws BindRefused */
  private async dnOf(username: string, password: string | null): Promise<string> {
    const { lookup, userDnPattern, userBindPattern } = this.options;
    const args = userArguments(username);
    const given = filled(userDnPattern, args, lookup === null ? 'dn' : 'plain');
    const bindPattern = userBindPattern ?? userDnPattern;
    const bindName = filled(bindPattern, args, useOf(bindPattern));
    if (lookup === null) {
      if (password !== null) await this.bind(bindName, password);
      return given;
    }
    if (lookup.bind === 'as_user') {
      if (password === null) throw new Error("auth_ldap.dn_lookup_bind is 'as_user'");
      return this.with({ dn: bindName, password }, (directory) => this.find(directory, given));
    }
    const dn = await this.asOther(lookup.bind, (directory) => this.find(directory, given));
    if (password !== null) await this.bind(dn, password);
    return dn;
  }

  /** @throws BindRefused if there is not exactly one entry */
  private async find(directory: Directory, name: string): Promise<string> {
    const { attribute, base } = this.options.lookup as NonNullable<LdapOptions['lookup']>;
    const [dn, ...others] = await directory.find(base, 'sub', attribute, name);
    if (dn === undefined) throw new BindRefused('there is no such entry');
    if (others.length > 0) throw new BindRefused('there are several such entries');
    return dn;
  }

  private bind(dn: string, password: string): Promise<void> {
    return this.with({ dn, password }, (directory) => directory.open());
  }

  /** Asks something about a user, as whoever asks such things. */
  private asking<T>(person: Person, ask: (directory: Directory) => Promise<T>): Promise<T> {
    const { otherBind } = this.options;
    if (otherBind !== 'as_user') return this.asOther(otherBind, ask);
    const { dn, password } = person;
    if (password === null) throw new Error("auth_ldap.other_bind is 'as_user'");
    return this.with({ dn, password }, ask);
  }

  /** @throws Error, not BindRefused, if that somebody is refused: the user is not to blame */
  private asOther<T>(
    who: 'anon' | Credentials,
    ask: (directory: Directory) => Promise<T>,
  ): Promise<T> {
    if (who === 'anon') return this.with(null, ask);
    return this.with(who, async (directory) => {
      try {
        await directory.open();
      } catch (error) {
        throw new Error(`${who.dn}: ${(error as Error).message}`);
      }
      return ask(directory);
    });
  }

  private async with<T>(
    credentials: Credentials | null,
    ask: (directory: Directory) => Promise<T>,
  ): Promise<T> {
    const directory = new Directory(this.options.directory, credentials);
    try {
      return await ask(directory);
    } finally {
      directory.close();
    }
  }

  private authorityOf(
    login: Login,
    person: Person,
    args: Arguments,
    tags: readonly string[],
  ): Authority {
    const known = new Map<string, AskedRights>();
    const authorizer = this.authorizerOf(person, args);
    return {
      key: JSON.stringify(['ldap', person.dn, ...tags]),
      expiresAtMs: Number.POSITIVE_INFINITY,
      rightsIn: (vhost) => {
        const rights = known.get(vhost) ?? new AskedRights(authorizer, vhost, this.options);
        known.set(vhost, rights);
        return rights;
      },
      renew: (password) => this.authenticate({ ...login, password }),
      forget: () => {
        for (const rights of known.values()) rights.forget();
      },
    };
  }

  private authorizerOf(person: Person, args: Arguments): Authorizer {
    const { vhostQuery, resourceQuery, topicQuery } = this.options;
    const ask = (query: Query, more: Readonly<Record<string, string>>): Promise<boolean> => {
      return this.decide(query, person, new Map([...args, ...Object.entries(more)]));
    };
    return {
      anyKey: topicQuery.kind === 'constant' && topicQuery.value,
      mayEnter: (vhost) => ask(vhostQuery, { vhost }),
      mayUse: (vhost, permission, resource, name) => {
        return ask(resourceQuery, { vhost, resource, name, permission });
      },
      mayUseKey: (vhost, permission, { exchange, routingKey, variables }) => {
        const said = [...variables].map(([name, value]) => [`vmap.${name}`, value]);
        const what = { vhost, resource: 'topic', name: exchange, permission };
        return ask(topicQuery, { ...what, routing_key: routingKey, ...Object.fromEntries(said) });
      },
    };
  }

  /** @throws Error if the directory cannot be asked; that has been logged */
  private async decide(query: Query, person: Person, args: Arguments): Promise<boolean> {
    if (query.kind === 'constant') return query.value;
    const { groupBase } = this.options;
    try {
      return await this.calls.run(() => {
        return this.asking(person, (directory) => {
          return new Evaluation(directory, args, groupBase).answer(query);
        });
      });
    } catch (error) {
      this.complaints.about(error as Error);
      throw error;
    }
  }
}
