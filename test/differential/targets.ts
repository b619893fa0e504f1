/**
 * Targets: the brokers a differential script is played against: Warren in this process, or a
 * RabbitMQ with the management plugin. What an administrator does is done through the HTTP API
 * there and by commands of the catalog here. `A:` lines know:
 *
 *     A: vhost name=$v
 *     A: user name=$u password=pw [tags=monitoring,impersonator]
 *     A: permission user=$u [vhost=$v] configure=".*" write=".*" read=""
 */
import { hashPassword } from '../../src/auth/password.ts';
import type { Change } from '../../src/broker/catalog.ts';
import { startObserved } from '../support/observed-broker.ts';

type Fields = ReadonlyMap<string, string>;

export interface Target {
  readonly host: string;
  readonly port: number;
  /** A step that is recorded is over when nothing has come for so long. */
  readonly quietMs: number;
  administer(verb: string, fields: Fields): Promise<void>;
  stop(): Promise<void>;
}

const HOST = '127.0.0.1';

/** A Warren of its own. */
export async function warrenTarget(): Promise<Target> {
  const { broker, port, stop } = await startObserved();
  const administer = (verb: string, fields: Fields) => broker.propose(changeOf(verb, fields));
  return { host: HOST, port, quietMs: 100, administer, stop };
}

/** A RabbitMQ that runs already. */
export function rabbitTarget(port: number, httpPort: number): Target {
  const made: string[] = [];
  const call = async (method: string, path: string, body?: object): Promise<void> => {
    const headers = { authorization: `Basic ${btoa('guest:guest')}` };
    const request = { method, headers, ...(body && { body: JSON.stringify(body) }) };
    const response = await fetch(`http://${HOST}:${httpPort}/api/${path}`, request);
    if (!response.ok) throw new Error(`${method} ${path}: ${await response.text()}`);
  };
  const administer = async (verb: string, fields: Fields): Promise<void> => {
    const [path, body] = requestOf(verb, fields);
    await call('PUT', path, body);
    if (verb !== 'permission') made.push(path);
  };
  const stop = async (): Promise<void> => {
    for (const path of made.reverse()) await call('DELETE', path);
  };
  return { host: HOST, port, quietMs: 150, administer, stop };
}

function changeOf(verb: string, fields: Fields): Change {
  const name = fields.get('name') ?? '';
  if (verb === 'vhost') return { op: 'vhost.put', name };
  if (verb === 'user') {
    const passwordHash = hashPassword(fields.get('password') ?? '');
    const tags = fields.get('tags')?.split(',') ?? [];
    return { op: 'user.put', record: { name, passwordHash, tags } };
  }
  if (verb !== 'permission') throw new Error(`nobody can administer a ${verb}`);
  const record = { user: fields.get('user') ?? '', vhost: fields.get('vhost') ?? '/' };
  return { op: 'permission.put', record: { ...record, ...patternsOf(fields) } };
}

function requestOf(verb: string, fields: Fields): [path: string, body: object] {
  const name = encodeURIComponent(fields.get('name') ?? '');
  if (verb === 'vhost') return [`vhosts/${name}`, {}];
  if (verb === 'user') {
    const tags = fields.get('tags') ?? '';
    return [`users/${name}`, { password: fields.get('password') ?? '', tags }];
  }
  if (verb !== 'permission') throw new Error(`nobody can administer a ${verb}`);
  const vhost = encodeURIComponent(fields.get('vhost') ?? '/');
  const user = encodeURIComponent(fields.get('user') ?? '');
  return [`permissions/${vhost}/${user}`, patternsOf(fields)];
}

function patternsOf(fields: Fields): { configure: string; write: string; read: string } {
  const { configure = '', write = '', read = '' } = Object.fromEntries(fields);
  return { configure, write, read };
}
