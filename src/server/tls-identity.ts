/**
 * TlsIdentity: the certificate that a listener shows, whom it trusts, and the files that all this
 * comes from. Watches them: new connections get the new certificate, open ones stay as they are.
 * Files that do not fit together (half of a renewal) leave everything as it was.
 */
import { constants, X509Certificate } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { createSecureContext, type SecureContextOptions, type SecureVersion } from 'node:tls';
import { CERTIFICATE_LOOK_MS } from '../limits.ts';
import type { Log } from '../log.ts';

/** What a listener with TLS needs; made by src/tls-options.ts. */
export interface TlsOptions {
  readonly certFile: string;
  readonly keyFile: string;
  /** Those who vouch for clients. */
  readonly authorityFile: string | null;
  readonly dhFile: string | null;
  /** Of the private key. */
  readonly password: string | null;
  /** Are clients asked for a certificate, which then has to be good? */
  readonly verifyPeer: boolean;
  /** If so: are those refused that have none? */
  readonly requirePeer: boolean;
  readonly minVersion: SecureVersion;
  readonly maxVersion: SecureVersion;
  /** By OpenSSL's names with colons between; null for Node's own choice. */
  readonly ciphers: string | null;
  readonly honorCipherOrder: boolean;
  readonly renegotiation: boolean;
  /** May clients resume sessions? */
  readonly tickets: boolean;
  readonly handshakeTimeoutMs: number;
}

/** A TLS or HTTPS server. */
interface Shows {
  setSecureContext(options: SecureContextOptions): void;
}

export class TlsIdentity {
  readonly options: TlsOptions;
  private readonly log: Log;
  private readonly servers = new Set<Shows>();
  private current: SecureContextOptions;
  private stamp: string;
  private timer: NodeJS.Timeout | null = null;

  /** @throws Error with one sentence if a file is missing or no good */
  constructor(options: TlsOptions, log: Log) {
    this.options = options;
    this.log = log;
    this.stamp = this.stamps();
    this.current = this.load();
  }

  /** For the constructor of a TLS or HTTPS server, which then has to be attached. */
  get context(): SecureContextOptions {
    return this.current;
  }

  /** When the certificate that is shown ends. */
  get expiresAtMs(): number {
    return new X509Certificate(this.current.cert as Buffer).validToDate.getTime();
  }

  /** From now on the server shows what the files say. */
  attach(server: Shows): void {
    this.servers.add(server);
  }

  /** Looks at the files now and then, until stop(). */
  watch(): void {
    this.timer ??= setInterval(() => {
      if (this.stamps() !== this.stamp) this.reload();
    }, CERTIFICATE_LOOK_MS).unref();
  }

  stop(): void {
    if (this.timer !== null) clearInterval(this.timer);
    this.timer = null;
  }

  /** Reads the files again. Returns whether they are good; if not, everything stays as it was. */
  reload(): boolean {
    this.stamp = this.stamps();
    try {
      this.current = this.load();
    } catch (error) {
      this.log.error(`TLS: the old certificate stays in use: ${(error as Error).message}`);
      return false;
    }
    for (const server of this.servers) server.setSecureContext(this.current);
    this.log.info(`TLS: certificate ${this.options.certFile} has been read again`);
    return true;
  }

  private load(): SecureContextOptions {
    const { options } = this;
    let secureOptions = 0;
    if (!options.renegotiation) secureOptions |= constants.SSL_OP_NO_RENEGOTIATION;
    if (!options.tickets) secureOptions |= constants.SSL_OP_NO_TICKET;
    const context: SecureContextOptions = {
      cert: read(options.certFile),
      key: read(options.keyFile),
      ...(options.password !== null && { passphrase: options.password }),
      ...(options.authorityFile !== null && { ca: read(options.authorityFile) }),
      ...(options.dhFile !== null && { dhparam: read(options.dhFile) }),
      ...(options.ciphers !== null && { ciphers: options.ciphers }),
      minVersion: options.minVersion,
      maxVersion: options.maxVersion,
      honorCipherOrder: options.honorCipherOrder,
      secureOptions,
    };
    try {
      createSecureContext(context);
    } catch (error) {
      const { certFile, keyFile } = options;
      const { message } = error as Error;
      throw new Error(`certificate ${certFile} with key ${keyFile} is no good: ${message}`);
    }
    return context;
  }

  /** Differs when a file has changed, also behind a symbolic link as Kubernetes does it. */
  private stamps(): string {
    const { certFile, keyFile, authorityFile, dhFile } = this.options;
    const paths = [certFile, keyFile, authorityFile, dhFile].filter((path) => path !== null);
    return paths.map(stampOf).join(' ');
  }
}

function stampOf(path: string): string {
  const found = statSync(path, { throwIfNoEntry: false });
  return found === undefined ? '-' : `${found.ino}:${found.size}:${found.mtimeMs}`;
}

function read(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new Error(`${path}: ${code === 'ENOENT' ? 'no such file' : message}`);
  }
}
