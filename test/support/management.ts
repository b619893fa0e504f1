/**
 * A broker with its management API on a free port, and a plain client of it: fetch, with paths as
 * they are written, so that nothing between test and broker decodes them.
 */
import { request } from 'node:http';
import type { StartOptions } from '../../src/embed.ts';
import { startBroker } from '../../src/embed.ts';

export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** As it came. */
  readonly text: string;
  /** Parsed if it is JSON; '' if there is none. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into whatever comes
  readonly body: any;
}

export interface ApiBroker {
  readonly port: number;
  readonly url: string;
  readonly apiPort: number;
  readonly metricsPort: number;
  /** Of another listener, see EmbeddedBroker. */
  portOf(listener: string): number | undefined;
  /** A request as guest, or as `user:password`, or as nobody. */
  call(method: string, path: string, body?: unknown, options?: CallOptions): Promise<Reply>;
  get(path: string, options?: CallOptions): Promise<Reply>;
  stop(): Promise<void>;
}

export interface CallOptions {
  readonly as?: string | null;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as it is. */
  readonly raw?: string | Buffer;
}

/** Starts one. */
export async function startApi(options: StartOptions = {}): Promise<ApiBroker> {
  const ports = { 'management.tcp.port': '127.0.0.1:0', 'prometheus.tcp.port': '127.0.0.1:0' };
  const config = { ...ports, ...options.config };
  const broker = await startBroker({ ...options, config });
  const apiPort = broker.managementPort as number;
  const call = caller(apiPort);
  return {
    port: broker.port,
    url: broker.url,
    apiPort,
    metricsPort: broker.metricsPort as number,
    portOf: (listener) => broker.portOf(listener),
    call,
    get: (path, callOptions) => call('GET', path, undefined, callOptions),
    stop: () => broker.stop(),
  };
}

/** Requests to whatever speaks HTTP on a port of this machine. */
export function caller(port: number): ApiBroker['call'] {
  return (method, path, body, { as = 'guest:guest', headers = {}, raw } = {}) => {
    const payload = raw ?? (body === undefined ? undefined : JSON.stringify(body));
    const authorization: Record<string, string> =
      as === null ? {} : { authorization: `Basic ${Buffer.from(as).toString('base64')}` };
    return new Promise((resolve, reject) => {
      const sent = request(
        { host: '127.0.0.1', port, method, path, headers: { ...authorization, ...headers } },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('end', () => {
            const text = Buffer.concat(chunks).toString('utf8');
            const { statusCode = 0, headers: got } = response;
            resolve({ status: statusCode, headers: got, text, body: parsed(text) });
          });
        },
      );
      sent.on('error', reject);
      sent.end(payload);
    });
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
