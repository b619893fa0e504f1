/** The console in front of Debian's RabbitMQ: what it shows comes from the public API. */
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { ConsoleProxy } from '../support/console-proxy.ts';
import { ConsoleRig, overflowing, PATIENCE_MS } from '../support/console-rig.ts';
import { caller } from '../support/management.ts';
import { RabbitmqServer, testWithRabbitmq } from '../support/rabbitmq-server.ts';

/** Names of our own: the RabbitMQ may be somebody else's as well. */
const EXCHANGE = 'uiserver.orders';
const QUEUE = 'uiserver.orders.new';

let server: RabbitmqServer;
let proxy: ConsoleProxy;
let rig: ConsoleRig;

function call(method: string, path: string, body?: unknown) {
  return caller(server.apiPort)(method, path, body);
}

beforeAll(async () => {
  server = await RabbitmqServer.start();
  proxy = await ConsoleProxy.start(server.apiPort);
  rig = await ConsoleRig.start({ url: proxy.url });
  await call('PUT', `/api/exchanges/%2F/${EXCHANGE}`, { type: 'topic' });
  await call('PUT', `/api/queues/%2F/${QUEUE}`, { durable: true });
  await call('POST', `/api/bindings/%2F/e/${EXCHANGE}/q/${QUEUE}`, { routing_key: 'order.#' });
}, 180_000);

afterEach(() => rig?.calm());

afterAll(async () => {
  if (server !== undefined) {
    await call('DELETE', `/api/queues/%2F/${QUEUE}`);
    await call('DELETE', `/api/exchanges/%2F/${EXCHANGE}`);
  }
  await rig?.stop();
  await proxy?.stop();
  await server?.stop();
}, 60_000);

testWithRabbitmq(
  'every page is there, and none falls over what RabbitMQ does not tell',
  async () => {
    const page = await rig.visit('/');
    const heading = page.getByRole('heading', { level: 1 }).first();
    const pages = [
      ['/queues', 'Queues'],
      [`/queues/%2F/${QUEUE}`, QUEUE],
      [`/queues/%2F/${QUEUE}?tab=bindings`, QUEUE],
      [`/queues/%2F/${QUEUE}?tab=settings`, QUEUE],
      ['/exchanges', 'Exchanges'],
      [`/exchanges/%2F/${EXCHANGE}`, EXCHANGE],
      ['/connections', 'Connections'],
      ['/channels', 'Channels'],
      ['/consumers', 'Consumers'],
      ['/topology', 'Topology'],
      ['/messages', 'Messages'],
      ['/trace', 'Live trace'],
      ['/playground', 'Playground'],
      ['/nodes', ''],
      ['/users', 'Users'],
      ['/users/guest', 'guest'],
      ['/vhosts', 'Virtual hosts'],
      ['/vhosts/%2F', '/'],
      ['/policies', 'Policies'],
      ['/limits', 'Limits'],
      ['/definitions', 'Definitions'],
      ['/parameters', 'Parameters'],
      ['/feature-flags', 'Feature flags'],
    ] as const;
    for (const [where, title] of pages) {
      await page.goto(`${rig.url}#${where}`);
      await expect
        .poll(() => heading.textContent(), { timeout: PATIENCE_MS, message: where })
        .toContain(title);
      const waiting = page.locator('.skeleton, .spinner');
      await expect.poll(() => waiting.count(), { timeout: PATIENCE_MS, message: where }).toBe(0);
      expect(await page.getByText('Reload the page; if it stays').count(), where).toBe(0);
    }
  },
);

testWithRabbitmq('the overview says whose it is, and what waits is listed', async () => {
  const page = await rig.visit('/');
  await page
    .getByText(/RabbitMQ 3\.|RabbitMQ 4\./)
    .first()
    .waitFor();
  await page.goto(`${rig.url}#/queues?q=uiserver`);
  await page.getByRole('row', { name: new RegExp(QUEUE) }).waitFor();
});

testWithRabbitmq('the map is put together from what the API lists', async () => {
  const page = await rig.visit(`/topology?view=table&find=uiserver`);
  const row = page.getByRole('row', { name: new RegExp(`^${EXCHANGE} topic exchange`) });
  await row.getByText(`${QUEUE} (order.#)`).waitFor();
});

testWithRabbitmq('what only Warren can is said to be so, with another way', async () => {
  const page = await rig.visit('/trace');
  await page.getByText(/rabbitmqctl trace_on/).waitFor();
  await page.goto(`${rig.url}#/messages?queue=${QUEUE}`);
  await page.getByText('This broker shows no messages in place').waitFor();
  await page.goto(`${rig.url}#/playground`);
  await page.getByText('This broker takes no WebSockets here').waitFor();
});

testWithRabbitmq('a message is published to it from the playground, on a phone', async () => {
  const page = await rig.visit('/playground', { width: 360, height: 780 });
  const panel = page.getByRole('region', { name: 'Publish', exact: true });
  await panel.getByLabel('Exchange').fill(EXCHANGE);
  await panel.getByLabel('Routing key').fill('order.eu.new');
  await panel.getByRole('button', { name: 'Publish', exact: true }).click();
  await panel.getByText('Published and routed.').waitFor();
  expect(await overflowing(page)).toEqual([]);
});
