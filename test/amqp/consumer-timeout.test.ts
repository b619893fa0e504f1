/** A consumer that holds a message for too long, on the wire: who can be told is told. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { methodFrame } from '../../protocols/amqp/compile.ts';
import { ManualClock } from '../../src/clock.ts';
import { type ObservedBroker, startObserved } from '../support/observed-broker.ts';
import { acked, consuming, published, RawClient } from '../support/raw-client.ts';

let clock: ManualClock;
let warren: ObservedBroker;

beforeEach(async () => {
  clock = new ManualClock();
  warren = await startObserved({}, clock);
});

afterEach(async () => {
  await RawClient.destroyAll();
  await warren.stop();
});

/** A client that holds the only message of a quorum queue. */
async function holder(capabilities: readonly string[]): Promise<RawClient> {
  const client = await RawClient.login(warren.port, { capabilities: [...capabilities] });
  const flags = { passive: false, durable: true, exclusive: false, autoDelete: false };
  const args = new Map<string, string | number>([
    ['x-queue-type', 'quorum'],
    ['x-consumer-timeout', 1000],
  ]);
  const declaration = { queue: 'q', ...flags, noWait: true, arguments: args };
  client.write(methodFrame('queue.declare', 1, declaration), published(1, 'q', 'm'));
  client.write(consuming(1, 'q'));
  await client.until('body');
  return client;
}

const state = () => {
  const queue = warren.broker.vhosts.get('/')?.topology.queues.get('q');
  return [queue?.size, queue?.unsettled, queue?.subscriptions.size];
};

describe('a consumer that holds a message for too long', () => {
  it('is cancelled, and its channel goes on, if its client can be told', async () => {
    const client = await holder(['consumer_cancel_notify']);
    clock.advance(1000);
    await client.expect('basic.cancel');
    expect(state()).toEqual([1, 0, 0]);
    client.write(acked(1, 1), methodFrame('basic.qos', 1, NO_LIMIT));
    await client.expect('basic.qos-ok');
    expect(state()).toEqual([1, 0, 0]);
  });

  it('costs its client the channel if not', async () => {
    const client = await holder([]);
    clock.advance(1000);
    const { args } = await client.expect('channel.close');
    expect(args.replyCode).toBe(406);
    expect(args.replyText).toBe(
      'PRECONDITION_FAILED - delivery acknowledgement on channel 1 timed out. ' +
        'Timeout value used: 1000 ms. This timeout value can be configured, ' +
        'see consumers doc guide to learn more',
    );
    expect(state()).toEqual([1, 0, 0]);
  });
});

const NO_LIMIT = { prefetchSize: 0, prefetchCount: 0, global: false };
