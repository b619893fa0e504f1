/**
 * Directory: one conversation with an LDAP server, opened when the first question is asked and over
 * with the questions of one verdict. Tries the servers one after the other. Knows nothing about
 * what the answers mean.
 */

import type { ConnectionOptions } from 'node:tls';
import {
  Client,
  type Entry,
  EqualityFilter,
  InvalidCredentialsError,
  NoSuchObjectError,
  PresenceFilter,
} from 'ldapts';
import { LDAP_ENTRIES_MAX } from '../../limits-auth.ts';

/** Where the servers are, and how they are spoken to. */
export interface DirectoryOptions {
  readonly urls: readonly string[];
  readonly timeoutMs: number;
  /** For `ldaps:`, and for StartTLS; null without either. */
  readonly tls: ConnectionOptions | null;
  readonly startTls: boolean;
}

/** As whom questions are asked; null: as nobody. */
export interface Credentials {
  readonly dn: string;
  readonly password: string;
}

/** The name and password are no good. */
export class BindRefused extends Error {
  override readonly name = 'BindRefused';
}

export class Directory {
  private readonly options: DirectoryOptions;
  private readonly credentials: Credentials | null;
  private client: Promise<Client> | null = null;

  constructor(options: DirectoryOptions, credentials: Credentials | null) {
    this.options = options;
    this.credentials = credentials;
  }

  /** Connects and binds, unless it has. @throws BindRefused, Error if no server can be asked */
  async open(): Promise<void> {
    await this.opened();
  }

  /** Is there an entry of that name? With an attribute and a value: one that has it? */
  async exists(dn: string, attribute?: string, value?: string): Promise<boolean> {
    const filter =
      attribute === undefined || value === undefined
        ? new PresenceFilter({ attribute: 'objectClass' })
        : new EqualityFilter({ attribute, value });
    const search = { scope: 'base' as const, filter, attributes: ['objectClass'] };
    return (await this.search(dn, search)).length > 0;
  }

  /** The names of the entries that have an attribute with a value. */
  async find(
    base: string,
    scope: 'sub' | 'one',
    attribute: string,
    value: string,
  ): Promise<string[]> {
    const filter = new EqualityFilter({ attribute, value });
    const found = await this.search(base, { scope, filter, attributes: ['objectClass'] });
    return found.map(({ dn }) => dn);
  }

  /** The values of an attribute of an entry. */
  async attribute(dn: string, attribute: string): Promise<string[]> {
    const filter = new PresenceFilter({ attribute: 'objectClass' });
    const [entry] = await this.search(dn, { scope: 'base', filter, attributes: [attribute] });
    const wanted = attribute.toLowerCase();
    const [, value = []] =
      Object.entries(entry ?? {}).find(([name]) => name.toLowerCase() === wanted) ?? [];
    return (Array.isArray(value) ? value : [value]).map(String);
  }

  close(): void {
    this.client?.then((client) => client.unbind()).catch(() => {});
    this.client = null;
  }

  private async search(
    base: string,
    search: NonNullable<Parameters<Client['search']>[1]>,
  ): Promise<Entry[]> {
    const client = await this.opened();
    try {
      const limits = { sizeLimit: LDAP_ENTRIES_MAX };
      return (await client.search(base, { ...search, ...limits })).searchEntries;
    } catch (error) {
      if (error instanceof NoSuchObjectError) return [];
      throw error;
    }
  }

  private opened(): Promise<Client> {
    this.client ??= this.connect();
    return this.client;
  }

  private async connect(): Promise<Client> {
    let failure = new Error('no server is configured');
    for (const url of this.options.urls) {
      try {
        return await this.connectTo(url);
      } catch (error) {
        if (error instanceof BindRefused) throw error;
        failure = new Error(`${url}: ${(error as Error).message || 'no connection'}`);
      }
    }
    throw failure;
  }

  private async connectTo(url: string): Promise<Client> {
    const { timeoutMs: timeout, tls, startTls } = this.options;
    const secure = url.startsWith('ldaps:');
    const tlsOptions = secure && tls !== null ? { tlsOptions: tls } : {};
    const client = new Client({ url, timeout, connectTimeout: timeout, ...tlsOptions });
    try {
      if (startTls && !secure) await client.startTLS(tls ?? {});
      const { dn, password } = this.credentials ?? { dn: '', password: '' };
      await client.bind(dn, password);
      return client;
    } catch (error) {
      client.unbind().catch(() => {});
      if (error instanceof InvalidCredentialsError) throw new BindRefused('invalid credentials');
      throw error;
    }
  }
}
