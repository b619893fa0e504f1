/** Who sends how much to whom, as details of channels, exchanges and queues show it. */
import amqplib, { type Channel, type ChannelModel } from 'amqplib';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { ManualClock } from '../../src/clock.ts';
import { FLOWS_WATCHED_MS } from '../../src/limits.ts';
import { type ApiBroker, startApi } from '../support/management.ts';

const INTERVAL_MS = 5000;

let clock: ManualClock;
let broker: ApiBroker;
let client: ChannelModel;
let channel: Channel;

async function start(mode: 'basic' | 'detailed'): Promise<void> {
  clock = new ManualClock(1_000_000_000_000);
  broker = await startApi({ clock, config: { 'management.rates_mode': mode, heartbeat: 0 } });
  client = await amqplib.connect(broker.url);
  channel = await client.createChannel();
  await channel.assertExchange('orders', 'fanout');
  await channel.assertQueue('new');
  await channel.bindQueue('new', 'orders', '');
  await channel.consume('new', (message) => message && channel.ack(message));
}

afterEach(async () => {
  await client?.close();
  await broker?.stop();
});

/** Publishes, and waits until everything has come and been acked. */
async function send(count: number): Promise<void> {
  const acked = async () => (await broker.get('/api/overview')).body.message_stats.ack ?? 0;
  const before = await acked();
  for (let i = 0; i < count; i++) channel.publish('orders', '', Buffer.from('x'));
  await vi.waitFor(async () => expect(await acked()).toBe(before + count), 10_000);
}

/** Lets the sampler do a round, which it does in slices. */
async function sample(): Promise<void> {
  clock.advance(INTERVAL_MS);
  await new Promise((resolve) => setImmediate(resolve));
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
}

const queue = async () => (await broker.get('/api/queues/%2F/new')).body;
const exchange = async () => (await broker.get('/api/exchanges/%2F/orders')).body;
const channelDetails = async () => {
  const [{ name }] = (await broker.get('/api/channels')).body;
  return (await broker.get(`/api/channels/${encodeURIComponent(name)}`)).body;
};

describe('in the usual mode', () => {
  beforeEach(() => start('basic'));

  test('flows are counted from the first look on, with rates, at both ends', async () => {
    await send(10);
    expect(await exchange()).toMatchObject({ incoming: [], outgoing: [] });
    await sample();
    await send(50);
    await sample();
    const published = { publish: 50, publish_details: { rate: 10 } };
    const [connection] = (await broker.get('/api/connections')).body;
    const name = `${connection.name} (1)`;
    const details = { name, connection_name: connection.name, number: 1, user: 'guest' };
    const ends = { exchange: { name: 'orders', vhost: '/' }, queue: { name: 'new', vhost: '/' } };
    expect(await exchange()).toMatchObject({
      incoming: [{ channel_details: details, stats: published }],
      outgoing: [{ queue: ends.queue, stats: published }],
    });
    const delivered = { deliver: 60, deliver_details: { rate: 10 }, ack: 60 };
    expect(await queue()).toMatchObject({
      incoming: [{ exchange: ends.exchange, stats: published }],
      deliveries: [{ channel_details: details, stats: delivered }],
    });
    expect(await channelDetails()).toMatchObject({
      publishes: [{ exchange: ends.exchange, stats: published }],
      deliveries: [{ queue: ends.queue, stats: delivered }],
    });
  });

  test('they are not counted any more when nobody has looked for a while', async () => {
    await exchange();
    await send(5);
    expect((await exchange()).outgoing).toHaveLength(1);
    for (let ms = 0; ms <= FLOWS_WATCHED_MS; ms += INTERVAL_MS) await sample();
    await send(5);
    expect((await exchange()).outgoing).toEqual([]);
  });

  test('an end that is deleted is no longer shown', async () => {
    await exchange();
    await send(5);
    await channel.deleteQueue('new');
    await sample();
    expect((await exchange()).outgoing).toEqual([]);
  });
});

describe('with rates_mode = detailed', () => {
  beforeEach(() => start('detailed'));

  test('they are counted before anybody looks', async () => {
    await sample();
    await send(5);
    expect((await broker.get('/api/overview')).body.rates_mode).toBe('detailed');
    expect((await exchange()).outgoing[0].stats.publish).toBe(5);
  });
});
