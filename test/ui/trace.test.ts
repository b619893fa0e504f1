import amqplib, { type Channel, type ChannelModel } from 'amqplib';
import mqtt, { type MqttClient } from 'mqtt';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { testWithChromium } from '../support/chromium.ts';
import { barriers, ConsoleRig, overflowing, PATIENCE_MS } from '../support/console-rig.ts';

let rig: ConsoleRig;
let client: ChannelModel;
let channel: Channel;
let sensor: MqttClient;

const traces = async (): Promise<number> => (await rig.call('GET', '/api/x/traces')).body.length;

beforeAll(async () => {
  rig = await ConsoleRig.start();
  client = await amqplib.connect(rig.broker?.url ?? '', {
    clientProperties: { connection_name: 'billing-worker' },
  });
  channel = await client.createChannel();
  await channel.assertQueue('orders.new', { durable: false });
  await channel.bindQueue('orders.new', 'amq.topic', 'sensors.#');
  await channel.consume('orders.new', (message) => message && channel.ack(message));
  sensor = await mqtt.connectAsync(`mqtt://guest:guest@127.0.0.1:${rig.ports.mqtt}`, {
    clientId: 'sensor-1',
  });
}, 60_000);

afterEach(() => rig?.calm());

afterAll(async () => {
  await sensor?.endAsync(true);
  await client?.close();
  await rig?.stop();
});

testWithChromium('a message is followed from MQTT to AMQP, and its steps are told', async () => {
  const page = await rig.visit('/trace');
  expect(await traces()).toBe(0);
  await page.getByRole('button', { name: 'Start tracing' }).click();
  await page.getByText('Nothing has been published since').waitFor();
  await sensor.publishAsync('sensors/meadow', '{"celsius": 21}', { qos: 1 });
  const row = page.getByRole('row', { name: /sensor-1.*orders\.new.*billing-worker.*acked/ });
  await row.waitFor();
  expect(await barriers(page)).toEqual([]);
  await row.getByRole('button').click();
  const drawer = page.getByRole('dialog', { name: /^Message/ });
  await drawer.getByText(/sensor-1 → amq.topic → orders.new → billing-worker/).waitFor();
  const steps = drawer.getByRole('listitem');
  expect(await steps.allTextContents()).toEqual([
    expect.stringContaining('Published'),
    expect.stringContaining('Routed to orders.new'),
    expect.stringContaining('Delivered to'),
    expect.stringContaining('Acknowledged by'),
  ]);
  await drawer.getByText('"celsius": 21').waitFor();
  expect(await barriers(page)).toEqual([]);
  await page.keyboard.press('Escape');
  await drawer.waitFor({ state: 'detached' });
  await page.goto(`${rig.url}#/queues`);
  // Nobody looks any more: the broker has nothing left to do.
  await expect.poll(traces, { timeout: PATIENCE_MS }).toBe(0);
});

testWithChromium('a filter is kept in the address and holds for the trace', async () => {
  const page = await rig.visit('/trace?client=sensor-1');
  await page.getByRole('button', { name: 'Start tracing' }).click();
  await page.getByText('Nothing has been published since').waitFor();
  channel.publish('amq.topic', 'sensors.amqp', Buffer.from('not from the sensor'));
  await sensor.publishAsync('sensors/one', '1', { qos: 1 });
  const rows = page.getByRole('row', { name: /orders\.new/ });
  await rows.filter({ hasText: 'sensor-1' }).waitFor();
  expect(await rows.count()).toBe(1);
  await page.getByLabel('Client or user').fill('nobody');
  await page.getByRole('button', { name: 'Apply' }).click();
  await page.getByText('Nothing has been published since').waitFor();
  expect(page.url()).toContain('client=nobody');
});

testWithChromium('a pause holds the picture still, and nothing is lost by it', async () => {
  const page = await rig.visit('/trace', { theme: 'dark', width: 360, height: 780 });
  await page.getByRole('button', { name: 'Start tracing' }).click();
  await page.getByText('Nothing has been published since').waitFor();
  await sensor.publishAsync('sensors/before', '1', { qos: 1 });
  const rows = page.getByRole('row', { name: /orders\.new/ });
  await expect.poll(() => rows.count(), { timeout: PATIENCE_MS }).toBe(1);
  await page.getByRole('button', { name: 'Pause' }).click();
  await sensor.publishAsync('sensors/after', '2', { qos: 1 });
  await page.getByRole('button', { name: 'Go on' }).waitFor();
  expect(await rows.count()).toBe(1);
  await page.getByRole('button', { name: 'Go on' }).click();
  await expect.poll(() => rows.count(), { timeout: PATIENCE_MS }).toBe(2);
  expect(await overflowing(page)).toEqual([]);
});
