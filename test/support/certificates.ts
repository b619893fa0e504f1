/**
 * Certificates: made with the openssl command when a test needs them, so that none expires in the
 * repository. Authorities, and what they have signed; valid for two days, for 127.0.0.1.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe } from 'vitest';

const found = spawnSync('openssl', ['version'], { timeout: 20_000 }).status === 0;

/**
 * `describe` where there is an openssl command. Elsewhere the tests fail under CI, which must have
 * it, and are skipped with a loud word anywhere else.
 */
export function describeWithOpenssl(title: string, body: () => void): void {
  if (found || process.env.CI === 'true') describe(title, body);
  else describe.skip(title, body);
}

if (!found) console.warn('OPENSSL IS MISSING: tests of TLS are skipped.');

/** A certificate and its key, as files. */
export interface Pair {
  readonly cert: string;
  readonly key: string;
}

/** A directory with authorities and certificates; remove() it in the end. */
export class Certificates {
  readonly directory = mkdtempSync(join(tmpdir(), 'warren-tls-'));

  path(name: string): string {
    return join(this.directory, name);
  }

  read(name: string): Buffer {
    return readFileSync(this.path(name));
  }

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }

  /** A root, or with `signer` an authority below another one. */
  authority(name: string, signer: Pair | null = null): Pair {
    const extensions = 'basicConstraints=critical,CA:TRUE\nkeyUsage=keyCertSign';
    return this.certificate(name, `/O=Warren tests/CN=${name}`, signer, extensions);
  }

  /** What a server or a client shows, with its chain if `chain` is given. */
  leaf(
    name: string,
    signer: Pair,
    subject = `/O=Warren tests/CN=${name}`,
    names = 'IP:127.0.0.1,DNS:localhost',
    chain: readonly Pair[] = [],
  ): Pair {
    const pair = this.certificate(name, subject, signer, `subjectAltName=${names}`);
    const certificates = [pair, ...chain].map(({ cert }) => readFileSync(cert));
    writeFileSync(pair.cert, Buffer.concat(certificates));
    return pair;
  }

  /** The same key, encrypted. */
  encrypted(pair: Pair, password: string): string {
    const path = `${pair.key}.encrypted`;
    const out = ['-out', path, '-passout', `pass:${password}`];
    openssl(['pkey', '-in', pair.key, '-aes256', ...out]);
    return path;
  }

  /** A copy under fixed names, as a renewal overwrites them. */
  install(pair: Pair, name: string): Pair {
    const installed = { cert: this.path(`${name}.crt`), key: this.path(`${name}.key`) };
    copyFileSync(pair.key, installed.key);
    copyFileSync(pair.cert, installed.cert);
    return installed;
  }

  private certificate(name: string, subject: string, signer: Pair | null, extensions: string) {
    const pair = { cert: this.path(`${name}.pem`), key: this.path(`${name}.pem.key`) };
    const configuration = this.path(`${name}.cnf`);
    const request = '[req]\ndistinguished_name=dn\nx509_extensions=ext\n[dn]\n';
    writeFileSync(configuration, `${request}[ext]\n${extensions}\n`);
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
    const files = ['-keyout', pair.key, '-out', pair.cert, '-config', configuration];
    const by = signer === null ? [] : ['-CA', signer.cert, '-CAkey', signer.key];
    openssl(['req', '-x509', '-days', '2', '-subj', subject, ...key, ...files, ...by]);
    return pair;
  }
}

function openssl(args: readonly string[]): void {
  execFileSync('openssl', args, { stdio: 'pipe', timeout: 60_000 });
}
