/**
 * A test of a program that uses a message broker, with the broker inside the test: node:test.
 *
 *     node --test expiry.node-test.mjs
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import amqplib from 'amqplib';
import { ManualClock, startBroker } from 'warrenmq';

const DAY_MS = 24 * 60 * 60 * 1000;

// Time stands still until the test moves it: TTLs, delays and the broker's heartbeats with it.
const clock = new ManualClock();
let broker;
let connection;

before(async () => {
  broker = await startBroker({ clock });
  connection = await amqplib.connect(`${broker.url}?heartbeat=0`);
});

after(async () => {
  await connection.close();
  await broker.stop();
});

test('An order that nobody takes for a day is given up.', async () => {
  const channel = await connection.createConfirmChannel();
  await channel.assertQueue('given_up');
  await channel.assertQueue('orders', {
    messageTtl: DAY_MS,
    deadLetterExchange: '',
    deadLetterRoutingKey: 'given_up',
  });
  channel.sendToQueue('orders', Buffer.from('order 1'));
  await channel.waitForConfirms();

  clock.advance(DAY_MS - 1);
  assert.equal(await channel.get('given_up'), false);
  clock.advance(1);
  const message = await channel.get('given_up', { noAck: true });
  assert.equal(message.content.toString(), 'order 1');
  assert.equal(message.properties.headers['x-death'][0].reason, 'expired');
});
