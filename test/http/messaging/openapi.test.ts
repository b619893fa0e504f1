/**
 * The OpenAPI document, judged by an independent validator, and beside the routes: what it says is
 * there is there.
 */
import { Validator } from '@seriousme/openapi-schema-validator';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { COMMANDS } from '../../../protocols/http/messaging/socket/commands.ts';
import { EVENTS_OF_SOCKET } from '../../../protocols/http/messaging/socket/events.ts';
import { type ApiBroker, startApi } from '../../support/management.ts';

let broker: ApiBroker;
// biome-ignore lint/suspicious/noExplicitAny: tests look into whatever comes
let document: any;

beforeAll(async () => {
  broker = await startApi();
  document = (await broker.get('/v1/openapi.json', { as: null })).body;
});

afterAll(() => broker?.stop());

test('it is OpenAPI 3.1, without a mistake', async () => {
  const validator = new Validator();
  const result = await validator.validate(document);
  expect(result).toEqual({ valid: true });
  expect(validator.version).toBe('3.1');
});

test('the validator finds mistakes', async () => {
  const broken = structuredClone(document);
  broken.paths['/vhosts/{vhost}/socket'].get.responses = 7;
  expect((await new Validator().validate(broken)).valid).toBe(false);
});

test('every operation of it is a route, which wants a login', async () => {
  for (const [path, methods] of Object.entries<object>(document.paths)) {
    for (const method of Object.keys(methods)) {
      const url = `/v1${path.replaceAll(/\{\w+\}/g, 'x')}`;
      const { status } = await broker.call(method.toUpperCase(), url, undefined, { as: null });
      expect([method, path, status]).toEqual([method, path, 401]);
    }
  }
});

test('every operation has an id of its own, and says what it answers', () => {
  const operations = Object.values<object>(document.paths).flatMap((one) => Object.values(one));
  const ids = operations.map(({ operationId }) => operationId);
  expect(new Set(ids).size).toBe(ids.length);
  for (const { responses, summary } of operations) {
    expect(Object.keys(responses).length).toBeGreaterThan(1);
    expect(summary).not.toBe('');
  }
});

test('it has every command and event of a socket', () => {
  const typesOf = (name: string): string[] =>
    document.components.schemas[name].oneOf.map(
      (one: { properties: { type: { enum: string[] } } }) => one.properties.type.enum[0],
    );
  expect(typesOf('SocketCommand')).toEqual(Object.keys(COMMANDS));
  expect(typesOf('SocketEvent')).toEqual(Object.keys(EVENTS_OF_SOCKET));
});
