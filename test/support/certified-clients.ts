/**
 * Clients with a certificate, and brokers that ask for one: user `carrot` is who the certificate's
 * common name says. For the certificate tests of every protocol; makes and removes the files.
 */
import { readFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll } from 'vitest';
import type { Overrides } from '../../src/config.ts';
import { Certificates, type Pair } from './certificates.ts';
import { type ObservedBroker, startObserved } from './observed-broker.ts';

/** What a client shows and trusts, as Node's TLS wants it. */
export interface Shown {
  readonly ca: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
}

export class CertifiedClients {
  private readonly brokers: ObservedBroker[] = [];
  private files!: Certificates;
  private root!: Pair;
  private server!: Pair;
  private client!: Pair;

  /** Within a `describe`: everything is made before its tests, and gone after them. */
  constructor() {
    beforeAll(() => {
      this.files = new Certificates();
      this.root = this.files.authority('root');
      this.server = this.files.leaf('server', this.root);
      const names = 'DNS:first.example,DNS:second.example,email:carrot@example.com';
      this.client = this.files.leaf('client', this.root, '/O=Example/CN=carrot', names);
    });
    afterAll(() => this.files?.remove());
    afterEach(async () => {
      for (const broker of this.brokers.splice(0)) await broker.stop();
    });
  }

  /** A broker that knows the user, listening over TLS as `config` says. */
  async start(config: Overrides): Promise<ObservedBroker> {
    const broker = await startObserved({
      'ssl_options.certfile': this.server.cert,
      'ssl_options.keyfile': this.server.key,
      'ssl_options.cacertfile': this.root.cert,
      'ssl_options.verify': 'verify_peer',
      ssl_cert_login_from: 'common_name',
      ...config,
    });
    this.brokers.push(broker);
    const { users, permissions } = broker.broker.administration();
    await users.put('carrot', { tags: '' });
    await permissions.put('carrot', '/', { configure: '.*', write: '.*', read: '.*' });
    return broker;
  }

  /** What a client shows; with `certified` false it has no certificate. */
  shown(certified = true): Shown {
    const ca = readFileSync(this.root.cert);
    if (!certified) return { ca };
    return { ca, cert: readFileSync(this.client.cert), key: readFileSync(this.client.key) };
  }
}
