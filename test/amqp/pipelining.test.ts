/**
 * Requests that do not wait for answers. On a catalog that takes its time, a channel keeps its
 * order, the others go on, what waits is bounded, and whatever ends the channel or the connection
 * meanwhile leaves nothing behind.
 */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { methodFrame } from '../../protocols/amqp/compile.ts';
import type { Catalog, CatalogHost, CatalogReport, Command } from '../../src/broker/catalog.ts';
import type { QueueId } from '../../src/storage/message-store.ts';
import {
  type ObservedBroker,
  startObserved,
  startOnCatalog,
  Witness,
} from '../support/observed-broker.ts';
import {
  acked,
  CONNECTION_CLOSE,
  channelClose,
  channelOpen,
  closeOf,
  consuming,
  declared,
  headerFrame,
  opening,
  published,
  RawClient,
  rawFrame,
} from '../support/raw-client.ts';

/** Applies commands when the test says so; until it is told to wait, at once. */
class SlowCatalog implements Catalog {
  slow = false;
  /** What refuses the next commands, if anything. */
  failure: Error | null = null;
  private host: CatalogHost | null = null;
  private lastQueueId: QueueId = 0;
  private readonly pending: (() => void)[] = [];

  async open(host: CatalogHost): Promise<CatalogReport> {
    this.host = host;
    return { complete: true };
  }

  async propose(command: Command): Promise<void> {
    if (this.slow) await new Promise<void>((resolve) => this.pending.push(resolve));
    if (this.failure !== null) throw this.failure;
    this.host?.apply(command);
  }

  /** How many commands wait. */
  get waiting(): number {
    return this.pending.length;
  }

  /** Lets the oldest command through. */
  one(): void {
    this.pending.shift()?.();
  }

  /** Lets everything through from now on. */
  all(): void {
    this.slow = false;
    for (const resolve of this.pending.splice(0)) resolve();
  }

  allocateQueueId(): QueueId {
    return ++this.lastQueueId;
  }

  reserveQueueIds(): void {}

  async close(): Promise<void> {}
}

const NACK_ALL = { deliveryTag: 0, multiple: true, requeue: true };

function queuesOf(warren: ObservedBroker): { name: string; size: number; unsettled: number }[] {
  const { queues } = warren.broker.vhosts.get('/')!.topology;
  return [...queues.values()].map(({ name, size, unsettled }) => ({ name, size, unsettled }));
}

describe('a client that says everything at once', () => {
  let warren: ObservedBroker;

  beforeEach(async () => {
    warren = await startObserved();
  });

  afterEach(async () => {
    await RawClient.destroyAll();
    await warren.stop();
  });

  it('has its publishes and acks count that lie between a declare and its close', async () => {
    const client = await RawClient.connect(warren.port);
    const consume = consuming(1, 'q', { consumerTag: 'tag' });
    const cancel = methodFrame('basic.cancel', 1, { consumerTag: 'tag', noWait: false });
    client.write(opening(), channelOpen(1), declared(1, 'q'));
    client.write(published(1, 'q', 'one'), published(1, 'q', 'two'), published(1, 'q', 'three'));
    client.write(consume, cancel, acked(1, 2, true), CONNECTION_CLOSE);
    const names = await client.namesUntil('connection.close-ok');
    expect(names.slice(3)).toEqual([
      ...['channel.open-ok', 'queue.declare-ok', 'basic.consume-ok'],
      ...['basic.deliver', 'header', 'body', 'basic.deliver', 'header', 'body'],
      ...['basic.deliver', 'header', 'body', 'basic.cancel-ok', 'connection.close-ok'],
    ]);
    await client.closed;
    expect(queuesOf(warren)).toEqual([{ name: 'q', size: 1, unsettled: 0 }]);
  });

  it('is answered in its order on every channel', async () => {
    const client = await RawClient.login(warren.port, {}, 3);
    const asks = [1, 2, 3].flatMap((channel) => [
      declared(channel, `q${channel}`, { exclusive: true }),
      methodFrame('basic.get', channel, { queue: '', noAck: true }),
      published(channel, `q${channel}`, 'x'),
      methodFrame('basic.get', channel, { queue: '', noAck: true }),
      methodFrame('queue.delete', channel, {
        ...{ queue: '', ifUnused: false, ifEmpty: false, noWait: false },
      }),
      channelClose(channel),
    ]);
    client.write(...asks);
    const answers = new Map<number, string[]>();
    for (let closed = 0; closed < 3; ) {
      const { channel, name } = await client.next();
      answers.set(channel, [...(answers.get(channel) ?? []), name]);
      if (name === 'channel.close-ok') closed++;
    }
    const expected = [
      ...['queue.declare-ok', 'basic.get-empty', 'basic.get-ok', 'header', 'body'],
      ...['queue.delete-ok', 'channel.close-ok'],
    ];
    expect([...answers.values()]).toEqual([expected, expected, expected]);
  });
});

describe('on a catalog that takes its time', () => {
  let catalog: SlowCatalog;
  let warren: ObservedBroker;
  let witness: Witness;

  beforeEach(async () => {
    catalog = new SlowCatalog();
    warren = await startOnCatalog(catalog);
    witness = await Witness.connect(warren.port);
    catalog.slow = true;
  });

  afterEach(async () => {
    catalog.all();
    await RawClient.destroyAll();
    await vi.waitFor(() => expect(warren.broker.sessions.size).toBe(1));
    await witness.isServed();
    await witness.close();
    await warren.stop();
  });

  /** Waits until so many commands wait. */
  async function pending(count: number): Promise<void> {
    await vi.waitFor(() => expect(catalog.waiting).toBe(count), { interval: 1 });
  }

  it('a channel keeps its order, contents included', async () => {
    const client = await RawClient.login(warren.port);
    client.write(declared(1, 'one', { exclusive: true }), published(1, 'one', 'for one'));
    client.write(declared(1, 'two', { exclusive: true }), published(1, 'two', 'for two'));
    client.write(methodFrame('basic.get', 1, { queue: 'one', noAck: true }));
    client.write(methodFrame('basic.get', 1, { queue: 'two', noAck: true }));
    await pending(1);
    catalog.one();
    await client.expect('queue.declare-ok');
    await pending(1);
    catalog.one();
    const names = await client.namesUntil('body');
    expect(names).toEqual(['queue.declare-ok', 'basic.get-ok', 'header', 'body']);
    expect(await client.namesUntil('body')).toEqual(['basic.get-ok', 'header', 'body']);
  });

  it('other channels of the connection go on', async () => {
    const client = await RawClient.login(warren.port, {}, 2);
    client.write(declared(1, 'slow', { exclusive: true }));
    await pending(1);
    await client.ping(2);
    client.write(published(2, 'nowhere', 'x', { mandatory: true }));
    expect(await client.namesUntil('body')).toEqual(['basic.return', 'header', 'body']);
    expect(catalog.waiting).toBe(1);
    catalog.one();
    await client.expect('queue.declare-ok');
  });

  it('confirms come after the answers before them', async () => {
    const client = await RawClient.login(warren.port);
    client.write(methodFrame('confirm.select', 1, { noWait: false }));
    await client.expect('confirm.select-ok');
    client.write(declared(1, 'q', { exclusive: true }), published(1, 'q'), published(1, 'q'));
    await pending(1);
    catalog.one();
    await client.expect('queue.declare-ok');
    const { args } = await client.expect('basic.ack');
    expect(args).toEqual({ deliveryTag: 2, multiple: true });
  });

  it('an error of a pending declare closes its channel only, and what came behind is ignored', async () => {
    const client = await RawClient.login(warren.port, {}, 2);
    client.write(declared(2, 'taken', { durable: true }));
    await pending(1);
    catalog.one();
    await client.expect('queue.declare-ok');
    client.write(declared(1, 'other', { exclusive: true }), declared(1, 'taken'));
    client.write(published(1, 'taken', 'ignored'), declared(1, 'ignored'));
    await pending(1);
    catalog.one();
    await client.expect('queue.declare-ok');
    expect(closeOf(await client.next())).toBe('channel.close 406');
    await client.ping(2);
    client.write(methodFrame('channel.close-ok', 1, {}), channelOpen(1));
    await client.expect('channel.open-ok');
    const names = queuesOf(warren).map(({ name, size }) => `${name.slice(0, 7)} ${size}`);
    expect(names).toEqual(['amq.gen 0', 'taken 0', 'other 0']);
  });

  it('an error of the catalog itself closes the connection of who asked', async () => {
    const client = await RawClient.login(warren.port);
    client.write(declared(1, 'q'));
    await pending(1);
    catalog.failure = new Error('disk full');
    catalog.one();
    expect(closeOf(await client.next())).toBe('connection.close 541');
    catalog.failure = null;
  });

  it('channel.close waits for what came before it', async () => {
    const client = await RawClient.login(warren.port);
    client.write(declared(1, 'q', { autoDelete: true }), published(1, 'q', 'x'), channelClose(1));
    await pending(1);
    catalog.one();
    expect(await client.namesUntil('channel.close-ok')).toEqual([
      ...['queue.declare-ok', 'channel.close-ok'],
    ]);
    expect(queuesOf(warren).find(({ name }) => name === 'q')?.size).toBe(1);
  });

  it('connection.close waits for what came before it, on every channel', async () => {
    const client = await RawClient.login(warren.port, {}, 2);
    client.write(declared(1, 'one'), published(1, 'one', 'x'));
    client.write(declared(2, 'two'), published(2, 'two', 'x'), published(2, 'two', 'y'));
    client.write(CONNECTION_CLOSE);
    await pending(2);
    catalog.one();
    await client.expect('queue.declare-ok');
    await witness.isServed();
    expect(client.isClosed).toBe(false);
    catalog.one();
    await client.expect('queue.declare-ok');
    await client.expect('connection.close-ok');
    await client.closed;
    const sizes = queuesOf(warren).map(({ size }) => size);
    expect(sizes).toEqual([0, 1, 2]);
  });

  it('acks behind a pending declare and before connection.close count', async () => {
    catalog.slow = false;
    const client = await RawClient.login(warren.port);
    client.write(declared(1, 'q'), published(1, 'q', 'one'), published(1, 'q', 'two'));
    client.write(consuming(1, 'q'));
    for (let i = 0; i < 2; i++) await client.until('body');
    catalog.slow = true;
    client.write(declared(1, 'late'), acked(1, 1), CONNECTION_CLOSE);
    await pending(1);
    catalog.one();
    await client.until('connection.close-ok');
    const q = queuesOf(warren).find(({ name }) => name === 'q');
    expect(q).toEqual({ name: 'q', size: 1, unsettled: 0 });
  });

  it('close-ok comes when the exclusive queues are gone', async () => {
    catalog.slow = false;
    const client = await RawClient.login(warren.port);
    client.write(declared(1, 'mine', { exclusive: true }));
    await client.expect('queue.declare-ok');
    catalog.slow = true;
    client.write(CONNECTION_CLOSE);
    await pending(1);
    await witness.isServed();
    expect(client.unread).toBe(0);
    catalog.one();
    await client.expect('connection.close-ok');
    expect(queuesOf(warren).some(({ name }) => name === 'mine')).toBe(false);
  });

  it('a connection that is lost while it waits leaves nothing behind', async () => {
    const client = await RawClient.login(warren.port, {}, 2);
    client.write(declared(1, 'mine', { exclusive: true }), published(1, 'mine', 'x'));
    client.write(declared(2, 'shared'), published(2, 'shared', 'dropped'));
    client.write(methodFrame('basic.nack', 1, NACK_ALL));
    await pending(2);
    await client.destroy();
    await vi.waitFor(() => expect(warren.broker.sessions.size).toBe(1));
    catalog.all();
    await witness.isServed();
    const left = queuesOf(warren).slice(1);
    expect(left).toEqual([{ name: 'shared', size: 0, unsettled: 0 }]);
  });

  it('what waits is bounded for all channels together, and nothing of it is lost', async () => {
    const channels = 40;
    const client = await RawClient.login(warren.port, {}, channels);
    const numbers = Array.from({ length: channels }, (_, index) => index + 1);
    client.write(...numbers.map((number) => declared(number, `q${number}`, { exclusive: true })));
    await pending(channels);
    const body = Buffer.alloc(100_000);
    for (let i = 0; i < 10; i++) {
      for (const number of numbers) client.socket.write(published(number, `q${number}`, body));
    }
    for (let i = 0; i < 50; i++) await witness.isServed();
    // 40 MB were sent: the client still has most of it.
    expect(client.socket.writableLength).toBeGreaterThan(20_000_000);
    catalog.all();
    for (const _ of numbers) await client.expect('queue.declare-ok');
    for (const number of numbers) await client.ping(number);
    const sizes = queuesOf(warren)
      .slice(1)
      .map(({ size }) => size);
    expect(sizes).toEqual(numbers.map(() => 10));
  });

  it('a content that begins behind a pending declare may end after it', async () => {
    const client = await RawClient.login(warren.port);
    const publish = published(1, 'q', 'abcdef');
    const begun = publish.length - 10;
    client.write(declared(1, 'q', { exclusive: true }), publish.subarray(0, begun));
    await pending(1);
    catalog.one();
    await client.expect('queue.declare-ok');
    client.write(publish.subarray(begun), methodFrame('basic.get', 1, { queue: 'q', noAck: true }));
    await client.expect('basic.get-ok');
    expect((await client.content()).body.toString()).toBe('abcdef');
  });

  it('an error among the frames that waited is answered as if they had not', async () => {
    const client = await RawClient.login(warren.port);
    client.write(declared(1, 'q', { exclusive: true }), headerFrame(1, 3));
    client.write(rawFrame(3, 1, Buffer.from('abc')), declared(1, 'ignored'));
    await pending(1);
    catalog.one();
    await client.expect('queue.declare-ok');
    expect(closeOf(await client.next())).toBe('connection.close 505');
  });
});
