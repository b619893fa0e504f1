#!/usr/bin/env node
/**
 * The command `rabbitmqadmin`, as RabbitMQ had it up to 4.2: lists, declares, publishes and gets by
 * the management API. Scripts and containers for tests call it. Without a host or a name it uses
 * the control socket, which needs no password, and else what the script did: guest on this machine.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { controlSocketOf } from '../control-socket.ts';
import {
  type Action,
  CLOSABLE,
  DECLARABLE,
  DELETABLE,
  GET,
  LISTABLE,
  type Listable,
  PUBLISH,
  PURGABLE,
  SHOWABLE,
  UsageError,
  wantedOf,
} from './admin-grammar.ts';
import { type Shown, shownList } from './admin-output.ts';
import { ApiClient, dataDirectoryOf, type Reply } from './client.ts';
import { segment } from './command.ts';

const NAME = 'rabbitmqadmin';

const OPTIONS = {
  host: { type: 'string', short: 'H' },
  port: { type: 'string', short: 'P' },
  'path-prefix': { type: 'string' },
  vhost: { type: 'string', short: 'V' },
  username: { type: 'string', short: 'u' },
  password: { type: 'string', short: 'p' },
  'base-uri': { type: 'string', short: 'U' },
  'data-dir': { type: 'string' },
  quiet: { type: 'boolean', short: 'q' },
  'request-timeout': { type: 'string', short: 't' },
  format: { type: 'string', short: 'f' },
  sort: { type: 'string', short: 'S' },
  'sort-reverse': { type: 'boolean', short: 'R' },
  depth: { type: 'string', short: 'd' },
  version: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

type Options = ReturnType<typeof parseArgs<{ options: typeof OPTIONS }>>['values'];

/** What the broker has refused, or what has not come about; ends with 1. */
class Failure extends Error {
  override readonly name = 'Failure';
}

class Admin {
  private readonly options: Options;
  private readonly api: ApiClient;
  private readonly lines: string[] = [];

  constructor(options: Options) {
    this.options = options;
    this.api = new ApiClient({
      url: urlOf(options),
      dataDirectory: options['data-dir'],
      timeoutMs: Number(options['request-timeout'] ?? 120) * 1000,
    });
  }

  /** Does what the words say. Returns the lines to print. */
  async run([verb = '', ...words]: readonly string[]): Promise<readonly string[]> {
    if (verb === 'list') await this.list(words, LISTABLE);
    else if (verb === 'show') await this.list(words, SHOWABLE);
    else if (verb === 'declare') await this.change('PUT', words, DECLARABLE, 'declared');
    else if (verb === 'delete') await this.change('DELETE', words, DELETABLE, 'deleted');
    else if (verb === 'close') await this.change('DELETE', words, CLOSABLE, 'closed');
    else if (verb === 'purge') await this.change('DELETE', words, PURGABLE, 'purged');
    else if (verb === 'publish') await this.publish(words);
    else if (verb === 'get') await this.get(words);
    else if (verb === 'export') await this.export(words);
    else if (verb === 'import') await this.import(words);
    else throw new UsageError(`Action ${verb} not understood`);
    return this.lines;
  }

  private async list(
    [type = '', ...asked]: readonly string[],
    listable: ReadonlyMap<string, Listable>,
  ): Promise<void> {
    const verb = listable === LISTABLE ? 'list' : 'show';
    const kind = listable.get(type);
    if (kind === undefined) throw new UsageError(`Don't know how to ${verb} ${type}`);
    const { format = 'table', sort, vhost } = this.options;
    const usual = this.depth === 1 && !format.includes('json') ? (kind.columns ?? []) : [];
    const columns = asked.length > 0 ? asked : usual;
    const query = [
      ...(columns.length > 0 ? [`columns=${columns.map(encodeURIComponent).join(',')}`] : []),
      ...(sort === undefined ? [] : [`sort=${encodeURIComponent(sort)}`]),
      ...(this.options['sort-reverse'] ? ['sort_reverse=true'] : []),
    ].join('&');
    const within = kind.byVhost && vhost !== undefined ? `/${segment(vhost)}` : '';
    const path = `/${type.replaceAll('_', '-')}${within}${query === '' ? '' : `?${query}`}`;
    const found = await this.call('GET', path);
    this.show([found].flat(), columns, kind.json);
  }

  private async change(
    method: 'PUT' | 'DELETE',
    [type = '', ...words]: readonly string[],
    actions: ReadonlyMap<string, Action>,
    done: string,
  ): Promise<void> {
    const action = actions.get(type);
    if (action === undefined) throw new UsageError(`Type ${type} not recognised`);
    const { path, body } = wantedOf(words, action, this.vhost);
    const posts = method === 'PUT' && type === 'binding';
    await this.call(posts ? 'POST' : method, path, method === 'PUT' ? body : undefined);
    this.say(`${type} ${done}`);
  }

  private async publish(words: readonly string[]): Promise<void> {
    const { path, body } = wantedOf(words, PUBLISH, this.vhost);
    const read = { payload: '', payload_encoding: 'base64' };
    if (body.payload === undefined) read.payload = readFileSync(0).toString('base64');
    const whole = body.payload === undefined ? { ...body, ...read } : body;
    const { routed } = (await this.call('POST', path, whole)) as { routed: boolean };
    this.say(routed ? 'Message published' : 'Message published but NOT routed');
  }

  private async get(words: readonly string[]): Promise<void> {
    const { path, body } = wantedOf(words, GET, this.vhost);
    const { payload_file: file, ...request } = body;
    if (file !== undefined && request.count !== '1') {
      throw new UsageError('Cannot get multiple messages using payload_file');
    }
    const found = (await this.call('POST', path, request)) as Record<string, unknown>[];
    const [first] = found;
    if (file === undefined || first === undefined) {
      this.show(found, []);
      return;
    }
    const encoding = first.payload_encoding === 'base64' ? 'base64' : 'utf8';
    writeFileSync(String(file), Buffer.from(String(first.payload), encoding));
    const columns = ['routing_key', 'exchange', 'message_count', 'payload_bytes', 'redelivered'];
    this.show(found, columns);
  }

  private async export(words: readonly string[]): Promise<void> {
    const file = onlyOne(words);
    writeFileSync(file, JSON.stringify(await this.call('GET', this.definitions)));
    this.say(`Exported definitions for ${this.hostname} to "${file}"`);
  }

  private async import(words: readonly string[]): Promise<void> {
    const file = onlyOne(words);
    await this.call('POST', this.definitions, JSON.parse(readFileSync(file, 'utf8')));
    this.say(`Uploaded definitions from "${file}" to ${this.hostname}.`);
  }

  private get definitions(): string {
    const { vhost } = this.options;
    return vhost === undefined ? '/definitions' : `/definitions/${segment(vhost)}`;
  }

  private get hostname(): string {
    return this.options.host ?? 'localhost';
  }

  private get vhost(): string {
    return this.options.vhost ?? '/';
  }

  private get depth(): number {
    return Number(this.options.depth ?? 1);
  }

  private async call(method: string, path: string, body?: unknown): Promise<unknown> {
    const whole = `${this.options['path-prefix'] ?? ''}/api${path}`;
    const reply = await this.api.call(method, whole, body);
    if (reply.status >= 400) throw new Failure(refusalOf(reply, whole));
    return reply.body;
  }

  private show(items: readonly unknown[], columns: readonly string[], json: Shown['json'] = []) {
    const { format = 'table', quiet = false } = this.options;
    const shown = { format, columns, json, depth: this.depth, verbose: !quiet };
    this.lines.push(...shownList(items as Record<string, unknown>[], shown));
  }

  private say(text: string): void {
    if (!this.options.quiet) this.lines.push(text);
  }
}

function refusalOf({ status, body }: Reply, path: string): string {
  if (status === 401) return `Access refused: ${path}`;
  if (status === 404) return `Not found: ${path}`;
  const { reason = `status ${status}` } = (body ?? {}) as { reason?: unknown };
  return typeof reason === 'string' ? reason : JSON.stringify(reason);
}

/** undefined for the control socket. @throws UsageError */
function urlOf(options: Options): string | undefined {
  const { host, port, username, password, 'base-uri': base, 'data-dir': dataDirectory } = options;
  const named = host ?? port ?? username ?? password ?? base;
  if (named === undefined && existsSync(controlSocketOf(dataDirectoryOf(dataDirectory)))) return;
  if (base !== undefined && !/^http:\/\//.test(base)) {
    throw new UsageError(`base URI ${base}: only http:// is known here`);
  }
  const url = new URL(base ?? 'http://localhost:15672');
  url.hostname = host ?? url.hostname;
  url.port = port ?? (url.port || '15672');
  url.username = encodeURIComponent(username ?? (decodeURIComponent(url.username) || 'guest'));
  url.password = encodeURIComponent(password ?? (decodeURIComponent(url.password) || 'guest'));
  return url.href;
}

function onlyOne(words: readonly string[]): string {
  if (words.length === 1) return words[0] as string;
  throw new UsageError('Exactly one argument required');
}

function helpText(): string {
  const names = (map: ReadonlyMap<string, unknown>): string => [...map.keys()].join('|');
  return [
    `Usage: ${NAME} [options] subcommand`,
    '',
    `  list ${names(LISTABLE)} [<column> ...]`,
    `  show ${names(SHOWABLE)} [<column> ...]`,
    `  declare ${names(DECLARABLE)} <name>=<value> ...`,
    `  delete ${names(DELETABLE)} <name>=<value> ...`,
    '  close connection name=…      purge queue name=…',
    '  publish routing_key=… [exchange=… payload=… properties=… payload_encoding=…]',
    '  get queue=… [count=… ackmode=… payload_file=… encoding=…]',
    '  export <file>                import <file>',
    '',
    'Options: -H --host, -P --port, -u --username, -p --password, -U --base-uri, --path-prefix,',
    '  -V --vhost, -f --format table|tsv|long|kvp|bash|raw_json|pretty_json, -d --depth,',
    '  -S --sort, -R --sort-reverse, -q --quiet, -t --request-timeout <seconds>, --version,',
    '  --data-dir of a broker on this machine, which needs no password',
    '',
  ].join('\n');
}

/** Runs the tool. Returns the exit code. */
export async function runAdmin(argv: readonly string[]): Promise<number> {
  try {
    const { values, positionals } = parsed(argv);
    if (values.version) {
      const { RABBITMQ_VERSION } = await import('../version.ts');
      process.stdout.write(`${NAME} ${RABBITMQ_VERSION}\n`);
      return 0;
    }
    if (values.help || positionals[0] === 'help') {
      process.stdout.write(helpText());
      return 0;
    }
    if (positionals.length === 0) throw new UsageError('Action not specified');
    const lines = await new Admin(values).run(positionals);
    for (const line of lines) process.stdout.write(`${line}\n`);
    return 0;
  } catch (error) {
    process.stderr.write(`${complaint(error as Error)}\n`);
    return 1;
  }
}

/** @throws UsageError */
function parsed(argv: readonly string[]) {
  try {
    return parseArgs({ args: [...argv], options: OPTIONS, allowPositionals: true });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

function complaint(error: Error): string {
  if (error instanceof UsageError) {
    return `\nERROR: ${error.message}\n\n${NAME} --help for help\n`;
  }
  return `*** ${error.message}\n`;
}

if (import.meta.main) process.exitCode = await runAdmin(process.argv.slice(2));
