import amqplib, { type Channel, type ChannelModel } from 'amqplib';
import { afterAll, afterEach, beforeAll, expect, vi } from 'vitest';
import { testWithChromium } from '../support/chromium.ts';
import { barriers, ConsoleRig, overflowing, PATIENCE_MS } from '../support/console-rig.ts';

let rig: ConsoleRig;
let client: ChannelModel;
let channel: Channel;

/** What the broker says of a queue; to see that looking at it changed nothing. */
async function stateOf(name: string): Promise<unknown> {
  const { body } = await rig.call('GET', `/api/queues/%2F/${name}`);
  const { messages_ready, messages_unacknowledged, message_stats } = body;
  return { messages_ready, messages_unacknowledged, got: message_stats?.get ?? 0 };
}

beforeAll(async () => {
  rig = await ConsoleRig.start();
  client = await amqplib.connect(rig.broker?.url ?? '', {
    clientProperties: { connection_name: 'billing' },
  });
  channel = await client.createChannel();
  await channel.assertExchange('dead', 'fanout', { durable: false });
  await channel.assertQueue('work', { durable: false, deadLetterExchange: 'dead' });
  await channel.assertQueue('failed', { durable: false });
  await channel.bindQueue('failed', 'dead', '');
  await channel.assertQueue('held', { durable: false });
  for (let i = 0; i < 120; i++) {
    const body = JSON.stringify({ order: i, name: i === 77 ? 'needle' : 'hay' });
    channel.publish('', 'work', Buffer.from(body), {
      contentType: 'application/json',
      headers: { tenant: i % 2 === 0 ? 'acme' : 'other' },
    });
  }
  channel.publish('', 'held', Buffer.from([0, 1, 2, 255]));
  await channel.consume('held', () => {}, {});
  const held = async () => (await rig.call('GET', '/api/queues/%2F/held')).body;
  await vi.waitUntil(async () => (await held()).messages_unacknowledged === 1, 10_000);
}, 60_000);

afterEach(() => rig?.calm());

afterAll(async () => {
  await client?.close();
  await rig?.stop();
});

testWithChromium('messages are looked at, page by page, and nothing is disturbed', async () => {
  const before = await stateOf('work');
  // So high that no row is half behind the edge, where axe takes it for too small.
  const page = await rig.visit('/messages?queue=work', { height: 3400 });
  const viewer = page.getByRole('article', { name: /^Message/ });
  await viewer.getByText('"order": 0').waitFor();
  const rows = page.getByRole('table', { name: /^Messages/ }).getByRole('row');
  expect(await rows.count()).toBe(51);
  await page.getByRole('button', { name: 'Later messages' }).click();
  await rows.filter({ hasText: '"order":50' }).waitFor();
  await page.getByRole('button', { name: 'Earlier messages' }).click();
  await rows.filter({ hasText: '"order":0,' }).waitFor();
  for (const view of ['Text', 'Hex', 'Base64', 'JSON']) {
    await viewer.getByRole('button', { name: view, exact: true }).click();
    await expect
      .poll(() => viewer.getByLabel('Payload').textContent(), { timeout: PATIENCE_MS })
      .not.toBe('');
  }
  expect(await barriers(page)).toEqual([]);
  expect(await stateOf('work')).toEqual(before);
});

testWithChromium(
  'a search finds in payloads, headers and places, and stands in the address',
  async () => {
    const page = await rig.visit('/queues/%2F/work?tab=messages');
    await page.getByLabel('Search in payloads, headers and keys').fill('needle');
    await page.keyboard.press('Enter');
    const rows = page.getByRole('table', { name: /^Messages/ }).getByRole('row');
    await rows.filter({ hasText: '"order":77' }).waitFor();
    await expect.poll(() => rows.count(), { timeout: PATIENCE_MS }).toBe(2);
    expect(page.url()).toContain('text=needle');
    await page.reload();
    await rows.filter({ hasText: '"order":77' }).waitFor();
    await page.getByRole('button', { name: 'More', exact: true }).click();
    await page.getByLabel('Has the header').fill('tenant=acme');
    await page.getByRole('button', { name: 'Apply' }).click();
    await page.getByText('No message is like that').waitFor();
    await page.goto(`${rig.url}#/messages?queue=work&from=-3`);
    await rows.filter({ hasText: '"order":119' }).waitFor();
    await expect.poll(() => rows.count(), { timeout: PATIENCE_MS }).toBe(4);
  },
);

testWithChromium('what a consumer holds is shown with who holds it', async () => {
  const page = await rig.visit('/messages?queue=held&state=unacked');
  const viewer = page.getByRole('article', { name: /^Message/ });
  await viewer.getByRole('link', { name: 'billing' }).waitFor();
  await expect
    .poll(() => viewer.getByLabel('Payload').textContent(), { timeout: PATIENCE_MS })
    .toContain('00 01 02 ff');
});

testWithChromium('arrow keys go from message to message', async () => {
  const page = await rig.visit('/messages?queue=work');
  await page.getByRole('button', { name: /"order":0,/ }).focus();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowDown');
  const viewer = page.getByRole('article', { name: /^Message/ });
  await viewer.getByText('"order": 2').waitFor();
});

testWithChromium('a message is copied to where it should be, and edited in its place', async () => {
  const page = await rig.visit('/messages?queue=work');
  await page.getByRole('button', { name: 'Replay…' }).click();
  const replay = page.getByRole('dialog', { name: 'Replay a copy' });
  await replay.getByRole('button', { name: 'Into a queue' }).click();
  await replay.getByLabel('Queue').fill('failed');
  expect(await barriers(page)).toEqual([]);
  await replay.getByRole('button', { name: 'Replay', exact: true }).click();
  await page.getByText('A copy is in failed.').waitFor();
  await page.goto(`${rig.url}#/messages?queue=failed`);
  await page.getByRole('button', { name: 'Edit…' }).click();
  const edit = page.getByRole('dialog', { name: 'Edit a message' });
  await edit.getByLabel('Payload').fill('{"order": "changed"}');
  await edit.getByLabel('Headers').fill('not json');
  await edit.getByRole('button', { name: 'Put it in its place' }).click();
  await edit.getByRole('alert').filter({ hasText: 'not JSON' }).waitFor();
  await edit.getByLabel('Headers').fill('{"tenant": "new"}');
  await edit.getByRole('button', { name: 'Put it in its place' }).click();
  await page.getByText('The changed message stands in the queue.').waitFor();
  const got = await channel.get('failed', { noAck: true });
  expect(got && [String(got.content), got.properties.headers]).toEqual([
    '{"order": "changed"}',
    { tenant: 'new' },
  ]);
});

testWithChromium('dead letters go back to where they died, after a trial', async () => {
  await channel.purgeQueue('failed');
  for (let i = 0; i < 5; i++) {
    const got = await channel.get('work', { noAck: false });
    if (got) channel.nack(got, false, false);
  }
  await expect
    .poll(() => stateOf('failed'), { timeout: PATIENCE_MS })
    .toMatchObject({ messages_ready: 5 });
  const page = await rig.visit('/messages?queue=failed');
  await page.getByText('Why it died').waitFor();
  await page.getByRole('button', { name: 'Redrive or move…' }).click();
  const dialog = page.getByRole('dialog', { name: 'Move messages out of failed' });
  await dialog.getByLabel('At most').fill('3');
  await dialog.getByRole('button', { name: 'Try without moving' }).click();
  await dialog.getByRole('row', { name: /work .*3/ }).waitFor();
  expect(await barriers(page)).toEqual([]);
  expect(await stateOf('failed')).toMatchObject({ messages_ready: 5 });
  await dialog.getByRole('button', { name: 'Move 3' }).click();
  await dialog.getByText('3 of 3 moved.').waitFor();
  await expect
    .poll(() => stateOf('failed'), { timeout: PATIENCE_MS })
    .toMatchObject({ messages_ready: 2 });
});

testWithChromium('the page offers queues, and finds one among many by its name', async () => {
  const page = await rig.visit('/messages', { width: 360, height: 780 });
  await page.getByRole('button', { name: 'work', exact: true }).waitFor();
  expect(await overflowing(page)).toEqual([]);
  await page.getByRole('combobox', { name: 'Queue' }).fill('hel');
  await page.getByRole('combobox', { name: 'Queue' }).fill('held');
  await page.keyboard.press('Enter');
  await page.getByText('held is empty').or(page.getByText('No message is like that')).waitFor();
});
