/**
 * HttpClient: asks a server over HTTP for something small: a backend for logins, the keys of an
 * identity provider. Every request has its time and its size; connections are kept. Knows nothing
 * about what is asked.
 */
import http, { type ClientRequest, type IncomingMessage } from 'node:http';
import https from 'node:https';
import type { ConnectionOptions } from 'node:tls';
import { AUTH_CALLS_MAX, AUTH_REQUEST_TRIES } from '../limits-auth.ts';

export interface HttpClientOptions {
  readonly timeoutMs: number;
  readonly connectTimeoutMs: number;
  readonly maxReplyBytes: number;
  /** What servers are shown and have to show. */
  readonly tls: ConnectionOptions;
}

/** What came back. */
export interface HttpReply {
  readonly status: number;
  readonly body: string;
}

export class HttpClient {
  private readonly options: HttpClientOptions;
  private readonly plain: http.Agent;
  private readonly secure: https.Agent;

  constructor(options: HttpClientOptions) {
    this.options = options;
    const limits = { keepAlive: true, maxSockets: AUTH_CALLS_MAX, maxFreeSockets: 8 };
    this.plain = new http.Agent(limits);
    this.secure = new https.Agent({ ...limits, ...options.tls });
  }

  /** @throws Error with what went wrong, never with what was asked */
  get(url: string): Promise<HttpReply> {
    return this.request(new URL(url), null);
  }

  /** @throws as get() */
  post(url: string, form: URLSearchParams): Promise<HttpReply> {
    return this.request(new URL(url), form.toString());
  }

  private async request(url: URL, form: string | null): Promise<HttpReply> {
    for (let tries = 1; ; tries++) {
      const sent: { request: ClientRequest | null } = { request: null };
      try {
        return await this.once(url, form, sent);
      } catch (error) {
        // The server has closed a connection that we meant to use again.
        const { code } = error as NodeJS.ErrnoException;
        const stale = sent.request?.reusedSocket === true && code === 'ECONNRESET';
        if (!stale || tries >= AUTH_REQUEST_TRIES) throw new Error(reasonOf(error, url));
      }
    }
  }

  private once(
    url: URL,
    form: string | null,
    sent: { request: ClientRequest | null },
  ): Promise<HttpReply> {
    const { timeoutMs, maxReplyBytes } = this.options;
    const secure = url.protocol === 'https:';
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const options = {
      agent: secure ? this.secure : this.plain,
      method: form === null ? 'GET' : 'POST',
      headers: form === null ? {} : { ...headers, 'content-length': Buffer.byteLength(form) },
      signal: AbortSignal.timeout(timeoutMs),
    };
    return new Promise((resolve, reject) => {
      const request = (secure ? https : http).request(url, options, (response) => {
        readBody(response, maxReplyBytes).then((body) => {
          resolve({ status: response.statusCode ?? 0, body });
        }, reject);
      });
      sent.request = request;
      request.on('error', reject);
      this.limitConnecting(request, secure);
      request.end(form ?? undefined);
    });
  }

  private limitConnecting(request: ClientRequest, secure: boolean): void {
    const { connectTimeoutMs } = this.options;
    request.once('socket', (socket) => {
      if (!socket.connecting) return;
      const late = (): void => {
        request.destroy(new Error(`no connection within ${connectTimeoutMs} ms`));
      };
      const timer = setTimeout(late, connectTimeoutMs).unref();
      socket.once(secure ? 'secureConnect' : 'connect', () => clearTimeout(timer));
      socket.once('close', () => clearTimeout(timer));
    });
  }
}

async function readBody(response: IncomingMessage, maxBytes: number): Promise<string> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of response) {
    bytes += (piece as Buffer).length;
    if (bytes > maxBytes) {
      response.destroy();
      throw new Error(`the answer is longer than ${maxBytes} bytes`);
    }
    pieces.push(piece as Buffer);
  }
  return Buffer.concat(pieces).toString('utf8');
}

/** Without the query: it may have a password in it. */
function reasonOf(error: unknown, { origin, pathname }: URL): string {
  const { name, message, code } = error as NodeJS.ErrnoException;
  const why = name === 'TimeoutError' || name === 'AbortError' ? 'no answer in time' : message;
  return `${origin}${pathname}: ${why || code || 'failed'}`;
}
