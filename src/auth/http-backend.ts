/**
 * HttpBackend: logins and rights that a web service decides, by RabbitMQ's protocol
 * (rabbit_auth_backend_http): a question is a request with a form, the answer a line of text,
 * `allow` with the user's tags or `deny` with a reason. What is remembered of the answers is
 * asked-rights.ts.
 */
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import { AskedRights, type Authorizer } from './asked-rights.ts';
import type { Authenticator, Login, LoginVerdict } from './authenticator.ts';
import { CallLimit } from './call-limit.ts';
import { Complaints } from './complaints.ts';
import type { HttpClient, HttpReply } from './http-client.ts';
import { type Authority, User } from './user.ts';

export interface HttpBackendOptions {
  readonly method: 'get' | 'post';
  /** Where each kind of question goes. */
  readonly paths: Readonly<Record<Question, string>>;
  readonly client: HttpClient;
  readonly clock: Clock;
  readonly log: Log;
  /** How long an answer about rights is good for. */
  readonly ttlMs: number;
}

type Question = 'user' | 'vhost' | 'resource' | 'topic';

type Form = readonly (readonly [name: string, value: string])[];

/** The last word of an answer, and what came with it. */
type Answer =
  | { readonly allowed: true; readonly rest: string }
  | { readonly allowed: false; readonly reason: string };

export class HttpBackend implements Authenticator {
  private readonly options: HttpBackendOptions;
  private readonly calls = new CallLimit();
  private readonly complaints: Complaints;

  constructor(options: HttpBackendOptions) {
    this.options = options;
    this.complaints = new Complaints('HTTP auth backend', options);
  }

  async authenticate(login: Login): Promise<LoginVerdict> {
    const { username, password, vhost, clientId } = login;
    const answer = await this.ask('user', [
      ['username', username],
      ...optional('password', password),
      ...optional('vhost', vhost),
      ...optional('client_id', clientId),
    ]);
    if (!answer.allowed)
      return `denied by the HTTP backend${answer.reason && `: ${answer.reason}`}`;
    const tags = answer.rest.split(/\s+/).filter((tag) => tag !== '');
    return new User(username, tags, this.authorityOf(login, tags));
  }

  private authorityOf(login: Login, tags: readonly string[]): Authority {
    const known = new Map<string, AskedRights>();
    const authorizer = this.authorizerOf(login, tags);
    return {
      key: JSON.stringify(['http', login.peer.remoteAddress, login.clientId ?? null, ...tags]),
      expiresAtMs: Number.POSITIVE_INFINITY,
      rightsIn: (vhost) => {
        let rights = known.get(vhost);
        if (rights === undefined) {
          rights = new AskedRights(authorizer, vhost, this.options);
          known.set(vhost, rights);
        }
        return rights;
      },
      renew: (password) => this.authenticate({ ...login, password }),
      forget: () => {
        for (const rights of known.values()) rights.forget();
      },
    };
  }

  private authorizerOf(login: Login, tags: readonly string[]): Authorizer {
    const context = optional('client_id', login.clientId);
    const user = ['username', login.username] as const;
    const tagged = ['tags', tags.join(' ')] as const;
    return {
      anyKey: false,
      mayEnter: (vhost) => {
        const { remoteAddress: ip } = login.peer;
        return this.decide('vhost', [user, ['vhost', vhost], ['ip', ip], tagged, ...context]);
      },
      mayUse: (vhost, permission, kind, name) => {
        const what = [user, ['vhost', vhost], ['resource', kind], ['name', name]] as const;
        return this.decide('resource', [...what, ['permission', permission], tagged, ...context]);
      },
      mayUseKey: (vhost, permission, { exchange, routingKey, variables }) => {
        const values = [...variables].map(
          ([name, value]) => [`variable_map.${name}`, value] as const,
        );
        const what = [user, ['vhost', vhost], ['resource', 'topic'], ['name', exchange]] as const;
        const how = [['permission', permission], tagged, ['routing_key', routingKey]] as const;
        return this.decide('topic', [...what, ...how, ...values]);
      },
    };
  }

  /** @throws Error if nobody can be asked; that has been logged */
  private async decide(question: Question, form: Form): Promise<boolean> {
    try {
      return (await this.ask(question, form)).allowed;
    } catch (error) {
      this.complaints.about(error as Error);
      throw error;
    }
  }

  /** @throws Error if there is no answer that makes sense */
  private async ask(question: Question, form: Form): Promise<Answer> {
    const { client, method, paths, log } = this.options;
    const url = paths[question];
    const fields = new URLSearchParams(
      form.map(([name, value]): [string, string] => [name, value]),
    );
    const reply = await this.calls.run(() => {
      if (method === 'post') return client.post(url, fields);
      return client.get(`${url}${url.includes('?') ? '&' : '?'}${fields}`);
    });
    const answer = answerIn(reply, url);
    if (!answer.allowed && answer.reason !== '') {
      log.info(`HTTP auth backend: ${question} '${form[0]?.[1]}' denied: ${answer.reason}`);
    }
    return answer;
  }
}

function optional(name: string, value: string | null | undefined): Form {
  return value === null || value === undefined ? [] : [[name, value]];
}

/** @throws Error if it is none */
function answerIn({ status, body }: HttpReply, url: string): Answer {
  if (status !== 200 && status !== 201) throw new Error(`${url}: status ${status}`);
  const [, word = '', rest = ''] = /^\s*(\w*)\s*(.*?)\s*$/s.exec(body) ?? [];
  if (word.toLowerCase() === 'allow') return { allowed: true, rest };
  if (word.toLowerCase() === 'deny') return { allowed: false, reason: rest };
  throw new Error(`${url}: the answer is neither 'allow' nor 'deny'`);
}
