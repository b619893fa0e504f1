/**
 * ApiClient: a command's way to the running broker: the management API over the control socket in
 * the data directory, or over the network if a URL is given. Loads nothing but node:http, and that
 * without its WebSocket, because a health check runs every few seconds.
 */
import { existsSync } from 'node:fs';
import { controlSocketOf } from '../control-socket.ts';
import { CommandError, EXIT } from './command.ts';

// An import makes all that a module exports, for node:http the whole of undici: some 50 ms.
const { request } = process.getBuiltinModule('node:http');

/** Where a broker is looked for that nobody has named, the first that is there. */
const USUAL_DIRECTORIES = ['./data', '/var/lib/rabbitmq', '/var/lib/warren'];

/** How a command finds its broker. */
export interface Target {
  /** `http://user:password@host:15672`; undefined for the control socket. */
  readonly url: string | undefined;
  readonly dataDirectory: string | undefined;
  readonly timeoutMs: number;
}

/** An answer of the broker. */
export interface Reply {
  readonly status: number;
  /** Parsed JSON, or the text if it is none; undefined if there is none. */
  readonly body: unknown;
}

/** Where a broker on this machine keeps its data. */
export function dataDirectoryOf(named: string | undefined): string {
  const { WARREN_DATA_DIR, RABBITMQ_MNESIA_BASE } = process.env;
  const given = named ?? WARREN_DATA_DIR ?? RABBITMQ_MNESIA_BASE;
  if (given !== undefined) return given;
  const running = USUAL_DIRECTORIES.find((folder) => existsSync(controlSocketOf(folder)));
  return running ?? (USUAL_DIRECTORIES[0] as string);
}

export class ApiClient {
  private readonly target: Target;

  constructor(target: Target) {
    this.target = target;
  }

  /** What is at a path. @throws CommandError if it is not there, or the broker is not */
  async get<T>(path: string): Promise<T> {
    const { status, body } = await this.call('GET', path);
    if (status !== 200) throw refusal(status, body);
    return body as T;
  }

  /** Changes something. @throws CommandError if the broker refuses */
  async change(method: 'PUT' | 'POST' | 'DELETE', path: string, body?: unknown): Promise<unknown> {
    const reply = await this.call(method, path, body);
    if (reply.status >= 300) throw refusal(reply.status, reply.body);
    return reply.body;
  }

  /** A request with whatever answer there is. @throws CommandError if there is no broker */
  call(method: string, path: string, body?: unknown, headers = {}): Promise<Reply> {
    const payload = body === undefined ? undefined : JSON.stringify(body);
    return new Promise((resolve, reject) => {
      const options = { ...this.address(), method, path, headers, timeout: this.target.timeoutMs };
      const sent = request(options, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString('utf8');
          resolve({ status: response.statusCode ?? 0, body: parsed(text) });
        });
      });
      sent.on('timeout', () => sent.destroy(new Error('timed out')));
      sent.on('error', (error) => reject(this.unreachable(error)));
      sent.end(payload);
    });
  }

  private address() {
    const { url, dataDirectory } = this.target;
    if (url === undefined) return { socketPath: controlSocketOf(dataDirectoryOf(dataDirectory)) };
    const { hostname, port, username, password } = new URL(url);
    const auth = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
    return { host: hostname, port: port === '' ? 15672 : Number(port), auth };
  }

  private unreachable(error: Error): CommandError {
    const { url } = this.target;
    const where = url === undefined ? this.address().socketPath : new URL(url).host;
    const hint =
      url === undefined
        ? 'Is it running, as this user, with this data directory (--data-dir, WARREN_DATA_DIR)?'
        : 'Is it running, with its management API there?';
    const why = `unable to reach the broker at ${where}: ${error.message}`;
    return new CommandError(EXIT.unavailable, `Error: ${why}\n${hint}`);
  }
}

function parsed(text: string): unknown {
  if (text === '') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** Is there a broker in the process that answers? Over the network there is, or no answer. */
export async function isRunning(api: ApiClient): Promise<boolean> {
  const { status, body } = await api.call('GET', '/control/ping');
  return status === 200 ? (body as { running?: boolean }).running !== false : status < 500;
}

/** What the broker says when it refuses, with the exit code that RabbitMQ's tools have for it. */
function refusal(status: number, body: unknown): CommandError {
  if ((body as { error?: unknown } | undefined)?.error === 'not_running') {
    const hint = ' * Suggestion: start it with "rabbitmqctl start_app" and try again';
    return new CommandError(EXIT.unavailable, `Error: this node runs no broker\n${hint}`);
  }
  const reason = (body as { reason?: unknown } | undefined)?.reason ?? `status ${status}`;
  const text = Array.isArray(reason) ? reason.join(': ') : String(reason);
  const noUser = text.startsWith('no_such_user') || text === 'vhost_or_user_not_found';
  return new CommandError(noUser ? EXIT.noUser : EXIT.data, `Error:\n${text}`);
}
