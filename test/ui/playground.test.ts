import { execFileSync } from 'node:child_process';
import amqplib, { type Channel, type ChannelModel } from 'amqplib';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { testWithChromium } from '../support/chromium.ts';
import {
  barriers,
  ConsoleRig,
  overflowing,
  PATIENCE_MS,
  type WatchedPage,
} from '../support/console-rig.ts';

let rig: ConsoleRig;
let client: ChannelModel;
let channel: Channel;

beforeAll(async () => {
  rig = await ConsoleRig.start();
  client = await amqplib.connect(rig.broker?.url ?? '');
  channel = await client.createChannel();
  await channel.assertQueue('hello', { durable: false });
}, 60_000);

afterEach(() => rig?.calm());

afterAll(async () => {
  await client?.close();
  await rig?.stop();
});

const inbox = (page: WatchedPage) =>
  page.getByRole('list', { name: 'Received messages' }).getByRole('listitem');

async function subscribe(page: WatchedPage, protocol: string, label: string, where: string) {
  const panel = page.getByRole('region', { name: 'Subscribe' });
  await panel.getByRole('button', { name: protocol }).click();
  await panel.getByLabel(label).fill(where);
  await panel.getByRole('button', { name: 'Subscribe', exact: true }).click();
  await panel.getByText(`subscribed by ${protocol}`).waitFor();
}

async function publish(page: WatchedPage, protocol: string, label: string, where: string) {
  const panel = page.getByRole('region', { name: 'Publish', exact: true });
  await panel.getByRole('button', { name: protocol }).click();
  await panel.getByLabel(label).fill(where);
  await panel.getByRole('button', { name: 'Publish', exact: true }).click();
  return panel.getByText(/Acknowledged: every queue has it|sent a receipt|Safe in/);
}

testWithChromium('what is published by one protocol comes by every other', async () => {
  const page = await rig.visit('/playground');
  await subscribe(page, 'STOMP', 'Destination', '/topic/play.#');
  const said = await publish(page, 'MQTT', 'Topic', 'play/mqtt');
  await said.waitFor();
  await inbox(page).filter({ hasText: '/topic/play.mqtt' }).waitFor();
  await (await publish(page, 'STOMP', 'Destination', '/topic/play.stomp')).waitFor();
  await inbox(page).filter({ hasText: '/topic/play.stomp' }).waitFor();
  await page.getByRole('button', { name: 'Unsubscribe' }).click();
  await subscribe(page, 'MQTT', 'Topic filter', 'play/#');
  const publishing = page.getByRole('region', { name: 'Publish', exact: true });
  await publishing.getByRole('button', { name: 'HTTP' }).click();
  await publishing.getByLabel('Routing key').fill('play.http');
  await (await publish(page, 'HTTP', 'Exchange', 'amq.topic')).waitFor();
  await inbox(page).filter({ hasText: 'play/http' }).waitFor();
  await inbox(page).filter({ hasText: 'play/http' }).first().click();
  await page.getByText('content type').first().waitFor();
  expect(await barriers(page)).toEqual([]);
});

testWithChromium('AMQP clients get it, and what they send comes here over HTTP', async () => {
  const page = await rig.visit('/playground');
  await subscribe(page, 'HTTP', 'Queue', 'hello');
  channel.publish('', 'hello', Buffer.from('from amqp'), { appId: 'a-program' });
  await inbox(page).filter({ hasText: 'from amqp' }).waitFor();
  await page.getByRole('button', { name: 'Unsubscribe' }).click();
  const consumers = async () => (await rig.call('GET', '/api/queues/%2F/hello')).body.consumers;
  await expect.poll(consumers, { timeout: PATIENCE_MS }).toBe(0);
  const panel = page.getByRole('region', { name: 'Publish', exact: true });
  await panel.getByRole('button', { name: 'STOMP' }).click();
  await panel.getByLabel('Destination').fill('/amq/queue/hello');
  await panel.getByLabel('Payload').fill('käse: "a"\nb\\c');
  await panel.getByRole('button', { name: 'Publish', exact: true }).click();
  await panel.getByText('sent a receipt').waitFor();
  const got = await channel.get('hello', { noAck: true });
  expect(got && String(got.content)).toBe('käse: "a"\nb\\c');
});

testWithChromium('refusals are said in the words of the broker', async () => {
  const page = await rig.visit('/playground');
  const subscribing = page.getByRole('region', { name: 'Subscribe' });
  await subscribing.getByRole('button', { name: 'HTTP' }).click();
  await subscribing.getByLabel('Queue').fill('not.there');
  await subscribing.getByRole('button', { name: 'Subscribe', exact: true }).click();
  await subscribing.getByText(/no queue 'not\.there'/).waitFor();
  const publishing = page.getByRole('region', { name: 'Publish', exact: true });
  await publishing.getByRole('button', { name: 'STOMP' }).click();
  await publishing.getByLabel('Destination').fill('/exchange/not.there/key');
  await publishing.getByRole('button', { name: 'Publish', exact: true }).click();
  await publishing.getByText(/no exchange 'not\.there'/).waitFor();
});

testWithChromium(
  'every program is there, and those in JavaScript and Python are well-formed',
  async () => {
    const page = await rig.visit('/playground', { width: 360, height: 780 });
    await page.getByLabel('Payload').fill('it\'s "quoted" \\ here');
    const code = page.getByRole('region', { name: 'The same as a program' });
    for (const way of ['Publish', 'Subscribe']) {
      await code.getByRole('button', { name: way, exact: true }).click();
      for (const protocol of ['AMQP', 'MQTT', 'STOMP', 'HTTP']) {
        await code.getByRole('button', { name: protocol }).click();
        for (const language of ['Python', 'JavaScript', 'Java', 'Go', 'C#', 'Shell']) {
          await code.getByRole('button', { name: language, exact: true }).click();
          const text = (await code.locator('pre').textContent()) ?? '';
          expect(text.length, `${language} ${protocol}`).toBeGreaterThan(40);
          expect(text).not.toMatch(/undefined|\[object/);
          if (language === 'JavaScript')
            checkSyntax(process.execPath, ['--check', '--input-type=module', '-'], text);
          if (language === 'Python')
            checkSyntax('python3', ['-c', 'import ast, sys; ast.parse(sys.stdin.read())'], text);
          if (language === 'Shell') checkSyntax('sh', ['-n'], text);
        }
      }
    }
    expect(await overflowing(page)).toEqual([]);
  },
);

function checkSyntax(command: string, args: string[], input: string): void {
  try {
    execFileSync(command, args, { input, stdio: ['pipe', 'ignore', 'pipe'] });
  } catch (error) {
    throw new Error(`${(error as { stderr: Buffer }).stderr}\n${input}`);
  }
}
