/**
 * AuthServer: a web service that decides about logins and rights, by RabbitMQ's protocol, for tests
 * of the HTTP backend. It counts what it is asked, and can hang, fail or talk nonsense.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Overrides } from '../../src/config.ts';

export type Question = 'user' | 'vhost' | 'resource' | 'topic';

export interface Asked {
  readonly method: string;
  readonly question: Question;
  readonly fields: Readonly<Record<string, string>>;
}

/** Its certificate. */
export interface AuthServerTls {
  readonly cert: Buffer;
  readonly key: Buffer;
}

export class AuthServer {
  readonly asked: Asked[] = [];
  /** What it answers; null never comes. A number is a status without sense. */
  answer: (asked: Asked) => string | number | null;
  private readonly server: ReturnType<typeof createServer | typeof createSecureServer>;
  private readonly scheme: 'http' | 'https';

  private constructor(answer: AuthServer['answer'], tls: AuthServerTls | null) {
    this.answer = answer;
    this.scheme = tls === null ? 'http' : 'https';
    const take = (request: IncomingMessage, response: ServerResponse): void => {
      void this.take(request, response);
    };
    this.server = tls === null ? createServer(take) : createSecureServer(tls, take);
  }

  static async start(
    answer: AuthServer['answer'],
    tls: AuthServerTls | null = null,
  ): Promise<AuthServer> {
    const one = new AuthServer(answer, tls);
    one.server.listen(0, '127.0.0.1');
    await once(one.server, 'listening');
    return one;
  }

  get url(): string {
    return `${this.scheme}://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Settings of a broker that asks it. */
  config(method: 'get' | 'post' = 'post'): Overrides {
    return {
      'auth_backends.1': 'http',
      'auth_http.http_method': method,
      'auth_http.user_path': `${this.url}/auth/user`,
      'auth_http.vhost_path': `${this.url}/auth/vhost`,
      'auth_http.resource_path': `${this.url}/auth/resource`,
      'auth_http.topic_path': `${this.url}/auth/topic`,
    };
  }

  /** What it was asked of a kind. */
  of(question: Question): Asked['fields'][] {
    return this.asked.filter((one) => one.question === question).map(({ fields }) => fields);
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }

  private async take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '', 'http://localhost');
    let body = '';
    for await (const piece of request) body += piece;
    const form = request.method === 'POST' ? new URLSearchParams(body) : url.searchParams;
    const question = url.pathname.split('/').at(-1) as Question;
    const asked = { method: request.method ?? '', question, fields: Object.fromEntries(form) };
    this.asked.push(asked);
    const answer = this.answer(asked);
    if (answer === null) return;
    response.statusCode = typeof answer === 'number' ? answer : 200;
    response.end(String(answer));
  }
}
