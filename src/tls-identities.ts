/**
 * TlsIdentities: which certificates there are: turns the keys `ssl_options.…`, and what a listener
 * overrides of them, into identities that listeners share. A composition root. How they are used
 * and read again is src/server/tls-identity.ts.
 */
import type { Config } from './config.ts';
import type { OptionKey, OptionValue } from './config-options.ts';
import type { Log } from './log.ts';
import { TlsIdentity, type TlsOptions } from './server/tls-identity.ts';

type TextKeys = { [K in OptionKey]: OptionValue<K> extends string ? K : never }[OptionKey];
/** What stands before `.certfile` of a key: `ssl_options`, `web_mqtt.ssl`. */
export type CertificatePrefix =
  Extract<TextKeys, `${string}.certfile`> extends `${infer P}.certfile` ? P : never;

/** Oldest first. */
const VERSIONS = ['tlsv1', 'tlsv1.1', 'tlsv1.2', 'tlsv1.3'] as const;
const NODE_NAMES = {
  tlsv1: 'TLSv1',
  'tlsv1.1': 'TLSv1.1',
  'tlsv1.2': 'TLSv1.2',
  'tlsv1.3': 'TLSv1.3',
} as const;

export class TlsIdentities {
  private readonly config: Config;
  private readonly log: Log;
  private readonly byPrefix = new Map<CertificatePrefix, TlsIdentity>();

  constructor(config: Config, log: Log) {
    this.config = config;
    this.log = log;
  }

  /**
   * The one that these keys describe, made when it is asked for.
   * @param prefix what stands before `.certfile`
   * @param listener the key of the listener that needs it, for messages
   * @throws Error with one sentence if something is missing or no good
   */
  of(prefix: CertificatePrefix, listener: OptionKey): TlsIdentity {
    const known = this.byPrefix.get(prefix);
    if (known !== undefined) return known;
    const identity = new TlsIdentity(tlsOptionsOf(this.config, prefix, listener), this.log);
    this.byPrefix.set(prefix, identity);
    return identity;
  }

  /** Looks at the files now and then, until stop(). */
  watch(): void {
    for (const identity of this.byPrefix.values()) identity.watch();
  }

  /** Reads every file again. */
  reload(): void {
    for (const identity of this.byPrefix.values()) identity.reload();
  }

  stop(): void {
    for (const identity of this.byPrefix.values()) identity.stop();
  }
}

function tlsOptionsOf(config: Config, prefix: CertificatePrefix, listener: string): TlsOptions {
  const file = (word: 'certfile' | 'keyfile' | 'cacertfile' | 'password'): string =>
    config.get(`${prefix}.${word}`);
  for (const word of ['certfile', 'keyfile'] as const) {
    if (file(word) === '') throw new Error(`${listener} needs ${prefix}.${word}`);
  }
  const verifyPeer = config.get('ssl_options.verify') === 'verify_peer';
  if (verifyPeer && file('cacertfile') === '') {
    throw new Error(`ssl_options.verify = verify_peer needs ${prefix}.cacertfile`);
  }
  const ciphers = config.get('ssl_options.ciphers');
  return {
    certFile: file('certfile'),
    keyFile: file('keyfile'),
    authorityFile: file('cacertfile') || null,
    dhFile: config.get('ssl_options.dhfile') || null,
    password: file('password') || null,
    verifyPeer,
    requirePeer: config.get('ssl_options.fail_if_no_peer_cert'),
    ...versionsOf(config.get('ssl_options.versions')),
    ciphers: ciphers.length === 0 ? null : ciphers.join(':'),
    honorCipherOrder: config.get('ssl_options.honor_cipher_order'),
    renegotiation: config.get('ssl_options.client_renegotiation'),
    tickets: config.get('ssl_options.reuse_sessions'),
    handshakeTimeoutMs: config.get('ssl_handshake_timeout'),
  };
}

function versionsOf(names: readonly (typeof VERSIONS)[number][]) {
  const ranks = names.map((name) => VERSIONS.indexOf(name));
  const lowest = Math.min(...ranks);
  const highest = Math.max(...ranks);
  for (const name of VERSIONS.slice(lowest, highest)) {
    if (!names.includes(name)) throw new Error(`ssl_options.versions leaves out ${name}: no gaps`);
  }
  const named = (rank: number) => NODE_NAMES[VERSIONS[rank] ?? 'tlsv1.2'];
  return { minVersion: named(lowest), maxVersion: named(highest) };
}
