/**
 * The same clients' tests on the durable store: what a client sees must not depend on where its
 * messages are kept. In memory they run by themselves.
 */
import { describe } from 'vitest';

process.env.WARREN_TEST_STORE = 'disk';

const FILES = [
  './amqplib/acknowledging.test.ts',
  './amqplib/consuming.test.ts',
  './amqplib/dead-letters.test.ts',
  './amqplib/declaring.test.ts',
  './amqplib/limits.test.ts',
  './amqplib/publishing.test.ts',
  './amqplib/routing.test.ts',
  './cloudamqp.test.ts',
  './rabbitmq-client.test.ts',
];

for (const file of FILES) {
  describe(`on disk: ${file}`, async () => {
    await import(file);
  });
}
