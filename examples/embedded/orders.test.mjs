/**
 * A test of a program that uses a message broker, with the broker inside the test: vitest.
 *
 *     npx vitest run orders.test.mjs
 */
import amqplib from 'amqplib';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startBroker } from 'warrenmq';

let broker;
let connection;

// A broker for every test takes a few milliseconds: nothing is left over from the one before.
beforeEach(async () => {
  broker = await startBroker();
  connection = await amqplib.connect(broker.url);
});

afterEach(async () => {
  await connection.close();
  await broker.stop();
});

test('A worker gets the urgent order first.', async () => {
  const channel = await connection.createConfirmChannel();
  await channel.assertQueue('orders', { maxPriority: 10 });
  channel.sendToQueue('orders', Buffer.from('usual'));
  channel.sendToQueue('orders', Buffer.from('urgent'), { priority: 9 });
  await channel.waitForConfirms();

  const seen = [];
  for (let i = 0; i < 2; i++) {
    const message = await channel.get('orders', { noAck: true });
    seen.push(message.content.toString());
  }
  expect(seen).toEqual(['urgent', 'usual']);
});

test('The next test finds an empty broker.', async () => {
  const channel = await connection.createChannel();
  expect(await channel.assertQueue('orders')).toMatchObject({ messageCount: 0 });
});
