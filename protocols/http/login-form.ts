/**
 * LoginForm: `POST /api/login`, as a form on a page sends it: a name and a password that are good
 * are answered with a cookie that holds them, for the page's own scripts (RabbitMQ's console). No
 * request is let in by that cookie: other pages could then make a browser send requests with it.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Log } from '../../src/log.ts';
import { plainAddress } from '../../src/server/origin.ts';
import { ApiError } from './answer.ts';
import type { Logins } from './login.ts';
import { API_HEADERS, sendError } from './routing.ts';
import { Viewer } from './viewer.ts';

const ALLOW = 'POST, OPTIONS';

/** Adds it to an HTTP server. */
export function addLoginForm(app: FastifyInstance, prefix: string, logins: Logins, log: Log): void {
  const url = `${prefix}/api/login`;
  app.post(url, async (request, reply) => {
    try {
      return await logIn(request, reply, logins, prefix);
    } catch (error) {
      return sendError(reply.headers(API_HEADERS), error, log);
    }
  });
  app.options(url, (_request, reply) => reply.headers({ ...API_HEADERS, allow: ALLOW }).send());
  app.route({
    method: ['GET', 'HEAD', 'PUT', 'DELETE', 'PATCH'],
    url,
    handler: (_request, reply) =>
      reply
        .code(405)
        .headers({ ...API_HEADERS, allow: ALLOW })
        .send(),
  });
}

async function logIn(
  request: FastifyRequest,
  reply: FastifyReply,
  logins: Logins,
  prefix: string,
): Promise<unknown> {
  const form = new URLSearchParams((request.body as Buffer | undefined)?.toString('utf8') ?? '');
  const [username, password] = [form.get('username'), form.get('password')];
  if (username === null || password === null) {
    throw new ApiError(401, 'not_authorized', 'Not_Authorized');
  }
  const credentials = Buffer.from(`${username}:${password}`).toString('base64');
  const user = await logins.userOf(`Basic ${credentials}`, plainAddress(request.ip));
  new Viewer(user).check('management', null);
  const attributes = [`auth=${credentials}`, `Path=${prefix}/`, 'SameSite=Strict'];
  if (request.protocol === 'https') attributes.push('Secure');
  reply.headers({ ...API_HEADERS, 'set-cookie': attributes.join('; ') });
  return reply.type('application/json').send('"ok"');
}
