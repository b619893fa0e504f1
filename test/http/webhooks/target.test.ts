/** Where webhooks may be sent: private addresses are refused, by whatever name they go. */

import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import {
  checkTarget,
  ForbiddenTarget,
  isPrivate,
  publicLookup,
} from '../../../protocols/http/webhooks/target.ts';
import { Certificates, describeWithOpenssl } from '../../support/certificates.ts';
import { type ApiBroker, startApi } from '../../support/management.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const brokers: ApiBroker[] = [];

afterEach(async () => {
  for (const broker of brokers.splice(0)) await broker.stop();
});

async function start(config: Record<string, string | boolean> = {}): Promise<ApiBroker> {
  const broker = await startApi({ config });
  brokers.push(broker);
  await broker.call('PUT', '/api/queues/%2F/q', { durable: true });
  return broker;
}

describe('an address', () => {
  it.each([
    ...['127.0.0.1', '127.8.8.8', '10.0.0.1', '172.31.255.255', '192.168.1.1', '169.254.169.254'],
    ...['0.0.0.0', '100.64.0.1', '224.0.0.1', '255.255.255.255', '198.18.0.1'],
    ...['::', '::1', '::ffff:127.0.0.1', '::ffff:8.8.8.8', '::7f00:1', '64:ff9b::7f00:1'],
    ...['fc00::1', 'fd12::1', 'fe80::1', 'fec0::1', 'ff02::1', '2002:7f00:1::', '2001:db8::1'],
  ])('%s is nobody’s on the internet', (address) => {
    expect(isPrivate(address)).toBe(true);
  });

  it.each(['8.8.8.8', '172.32.0.1', '192.169.0.1', '100.128.0.1', '2606:4700::1111'])(
    '%s is somebody’s',
    (address) => {
      expect(isPrivate(address)).toBe(false);
    },
  );
});

describe('a URL', () => {
  it.each([
    ...['http://127.1/', 'http://2130706433/', 'http://0x7f.1/', 'http://0177.0.0.1/'],
    ...['http://[::1]/', 'http://[::ffff:10.0.0.1]/', 'http://localhost/', 'http://a.localhost./'],
  ])('%s is refused', (url) => {
    expect(() => checkTarget(new URL(url), false)).toThrow(ForbiddenTarget);
    expect(() => checkTarget(new URL(url), true)).not.toThrow();
  });

  it('with a public name or address is not', () => {
    for (const url of ['http://example.com/', 'https://8.8.8.8/', 'https://[2606:4700::1111]/']) {
      expect(() => checkTarget(new URL(url), false)).not.toThrow();
    }
  });
});

it.each([{ all: true }, { all: false }])(
  'a name that leads to a private address is not looked up: %j',
  async (options) => {
    const error = await new Promise((resolve) => publicLookup('localhost', options, resolve));
    expect(error).toBeInstanceOf(ForbiddenTarget);
  },
);

it('a webhook to a private address is refused unless an operator allows it', async () => {
  const settings = { queue: 'q', url: 'http://127.0.0.1:9/' };
  const path = '/v1/vhosts/%2F/webhooks/w';
  const careful = await start();
  const { status, body } = await careful.call('PUT', path, settings);
  expect([status, body.detail]).toEqual([400, expect.stringContaining('webhooks.private_targets')]);
  const open = await start({ 'webhooks.private_targets': true });
  expect((await open.call('PUT', path, settings)).status).toBe(201);
});

describeWithOpenssl('over TLS', () => {
  const certificates = new Certificates();
  const root = certificates.authority('root');
  const { cert, key } = certificates.leaf('target', root);
  const server = createServer({ cert: readFileSync(cert), key: readFileSync(key) });
  let url: string;
  let requests = 0;

  beforeAll(async () => {
    server.on('request', (request, response) => {
      requests++;
      request.resume();
      response.writeHead(200).end();
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    url = `https://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  });

  afterAll(() => {
    server.closeAllConnections();
    server.close();
    certificates.remove();
  });

  async function attempt(config: Record<string, string | boolean>) {
    const broker = await start({ 'webhooks.private_targets': true, ...config });
    const settings = { queue: 'q', url, max_attempts: 1 };
    await broker.call('PUT', '/v1/vhosts/%2F/webhooks/w', settings);
    const to = '/v1/vhosts/%2F/exchanges/amq.default/messages?routing_key=q';
    await broker.call('POST', to, undefined, { raw: 'x' });
    return vi.waitFor(
      async () => {
        const { body } = await broker.get('/v1/vhosts/%2F/webhooks/w');
        expect(body.delivered + body.failed).toBe(1);
        return body;
      },
      { timeout: 20_000 },
    );
  }

  it('a certificate that nobody vouches for is refused', async () => {
    const { failed, last_error: error } = await attempt({});
    expect([failed, requests]).toEqual([1, 0]);
    expect(error).toMatch(/certificate/);
  });

  it('one of an authority in webhooks.cacertfile is taken', async () => {
    const { delivered } = await attempt({ 'webhooks.cacertfile': root.cert });
    expect([delivered, requests]).toEqual([1, 1]);
  });
});
