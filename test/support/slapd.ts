/**
 * Slapd: Debian's LDAP server on free ports of this machine, with a directory of its own for as
 * long as a test: people, groups in groups, vhosts. No system service.
 */
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { describe } from 'vitest';
import { Child } from './child.ts';

const PROGRAM = '/usr/sbin/slapd';
const found = spawnSync(PROGRAM, ['-VV'], { timeout: 20_000 }).error === undefined;

/** Can it be started, or has it to be? CI must have it. */
export const wantsSlapd = found || process.env.CI === 'true';

if (!found) console.warn('SLAPD IS MISSING: tests of LDAP are skipped. apt install slapd');

/**
 * `describe` where there is a slapd. Elsewhere the tests fail under CI, and are skipped with a loud
 * word anywhere else.
 */
export const describeWithSlapd = wantsSlapd ? describe : describe.skip;

export const BASE = 'dc=example,dc=com';

/** Everybody's password is their name. The manager may read what nobody else may. */
export const MANAGER = { dn: `cn=manager,${BASE}`, password: 'manager' };

const SCHEMAS = ['core', 'cosine', 'inetorgperson'];

/** @param tls the files of its certificate and key, and of who signed it; null for none */
function configuration(folder: string, tls: SlapdTls | null): string {
  return [
    ...SCHEMAS.map((name) => `include /etc/ldap/schema/${name}.schema`),
    `pidfile ${folder}/pid`,
    'modulepath /usr/lib/ldap',
    'moduleload back_mdb',
    ...(tls === null
      ? []
      : [
          `TLSCertificateFile ${tls.cert}`,
          `TLSCertificateKeyFile ${tls.key}`,
          `TLSCACertificateFile ${tls.authority}`,
        ]),
    'database mdb',
    `suffix "${BASE}"`,
    `rootdn "${MANAGER.dn}"`,
    `rootpw ${MANAGER.password}`,
    `directory ${folder}/data`,
    'access to attrs=userPassword by anonymous auth by * none',
    `access to dn.subtree="ou=secret,${BASE}" by * none`,
    'access to * by * read',
    '',
  ].join('\n');
}

function person(uid: string, more: readonly string[] = []): string {
  return entry(`uid=${uid.replace(',', '\\,')},ou=people,${BASE}`, [
    ...['objectClass: inetOrgPerson', `uid: ${uid}`, `cn: ${uid}`, `sn: ${uid}`],
    ...[`userPassword: ${uid}`, `mail: ${uid}@example.com`, ...more],
  ]);
}

function group(name: string, members: readonly string[]): string {
  const lines = members.map((member) => `member: ${member}`);
  return entry(`cn=${name},ou=groups,${BASE}`, [
    'objectClass: groupOfNames',
    `cn: ${name}`,
    ...lines,
  ]);
}

function unit(name: string): string {
  return entry(`ou=${name},${BASE}`, ['objectClass: organizationalUnit', `ou: ${name}`]);
}

function entry(dn: string, lines: readonly string[]): string {
  return [`dn: ${dn}`, ...lines, '', ''].join('\n');
}

const ann = `uid=ann,ou=people,${BASE}`;
const bob = `uid=bob,ou=people,${BASE}`;

const LDIF = [
  entry(BASE, ['objectClass: dcObject', 'objectClass: organization', 'o: example', 'dc: example']),
  ...['people', 'groups', 'vhosts', 'secret'].map(unit),
  person('ann', ['description: admin', 'description: v1']),
  person('bob'),
  person('a,b'),
  group('admins', [ann]),
  group('staff', [`cn=admins,ou=groups,${BASE}`, bob]),
  // Groups that are in each other.
  group('round', [`cn=about,ou=groups,${BASE}`]),
  group('about', [`cn=round,ou=groups,${BASE}`, ann]),
  entry(`ou=v1,ou=vhosts,${BASE}`, ['objectClass: organizationalUnit', 'ou: v1']),
].join('');

/** Files. */
export interface SlapdTls {
  readonly cert: string;
  readonly key: string;
  readonly authority: string;
}

export class Slapd {
  readonly port: number;
  readonly tlsPort: number;
  private readonly child: Child;
  private readonly folder: string;

  private constructor(child: Child, folder: string, port: number, tlsPort: number) {
    this.child = child;
    this.folder = folder;
    this.port = port;
    this.tlsPort = tlsPort;
  }

  static async start(tls: SlapdTls | null = null): Promise<Slapd> {
    const folder = mkdtempSync(join(tmpdir(), 'warren-slapd-'));
    mkdirSync(join(folder, 'data'));
    const config = join(folder, 'slapd.conf');
    writeFileSync(config, configuration(folder, tls));
    const filled = spawnSync('/usr/sbin/slapadd', ['-f', config], { input: LDIF });
    if (filled.status !== 0) throw new Error(String(filled.stderr));
    for (let tries = 1; ; tries++) {
      const [port, tlsPort] = [await freePort(), await freePort()];
      const secure = tls === null ? '' : ` ldaps://127.0.0.1:${tlsPort}/`;
      const urls = `ldap://127.0.0.1:${port}/${secure}`;
      const child = new Child(PROGRAM, ['-f', config, '-h', urls, '-d', '0']);
      if (await answers(child, port)) return new Slapd(child, folder, port, tlsPort);
      // Somebody else may have had the port in the meantime.
      if (tries === 3) throw new Error(`slapd does not start: ${child.output}`);
    }
  }

  async stop(): Promise<void> {
    this.child.signal('SIGTERM');
    await this.child.ended;
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Keeps its connections and answers no more, until told to go on. */
  hang(): void {
    this.child.signal('SIGSTOP');
  }

  goOn(): void {
    this.child.signal('SIGCONT');
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

/** Waits until it can be connected to. @returns false if it has ended instead */
async function answers(child: Child, port: number): Promise<boolean> {
  let running = true;
  child.ended.then(
    () => {
      running = false;
    },
    () => {
      running = false;
    },
  );
  while (running) {
    const socket = connect(port, '127.0.0.1');
    const connected = await Promise.race([
      once(socket, 'connect').then(() => true),
      once(socket, 'error').then(() => false),
    ]).catch(() => false);
    socket.destroy();
    if (connected) return true;
    await pause(50);
  }
  return false;
}
