/** What the broker says about itself to clients: events and log lines, each if configured. */
import amqplib, { type Channel, type ChannelModel, type ConsumeMessage } from 'amqplib';
import { afterEach, describe, expect, test } from 'vitest';
import { type EmbeddedBroker, type StartOptions, startBroker } from '../src/embed.ts';

const open: { close(): Promise<void> }[] = [];

afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close();
});

async function start(config: StartOptions['config']): Promise<EmbeddedBroker> {
  const broker = await startBroker({ config: { memory_only: true, ...config } });
  open.push({ close: () => broker.stop() });
  return broker;
}

async function connect(broker: EmbeddedBroker): Promise<ChannelModel> {
  const client = await amqplib.connect(broker.url);
  open.push({ close: () => client.close() });
  return client;
}

/** Hears everything that an exchange says. */
class Ear {
  readonly heard: ConsumeMessage[] = [];
  private readonly waiting: (() => void)[] = [];

  static async to(client: ChannelModel, exchange: string): Promise<Ear> {
    const ear = new Ear();
    const channel: Channel = await client.createChannel();
    const { queue } = await channel.assertQueue('', { exclusive: true });
    await channel.bindQueue(queue, exchange, '#');
    await channel.consume(
      queue,
      (message) => {
        if (message !== null) ear.heard.push(message);
        for (const wake of ear.waiting.splice(0)) wake();
      },
      { noAck: true },
    );
    return ear;
  }

  /** The first with that key, now or later. */
  async hears(key: string, about = (_message: ConsumeMessage) => true): Promise<ConsumeMessage> {
    for (;;) {
      const fits = (one: ConsumeMessage) => one.fields.routingKey === key && about(one);
      const found = this.heard.find(fits);
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => this.waiting.push(resolve));
    }
  }
}

const headersOf = ({ properties }: ConsumeMessage) => properties.headers ?? {};

describe('amq.rabbitmq.event', () => {
  test('is not there unless it is wanted', async () => {
    const client = await connect(await start({}));
    const channel = await client.createChannel();
    const gone = new Promise((resolve) => channel.once('error', resolve));
    await expect(channel.checkExchange('amq.rabbitmq.event')).rejects.toThrow(/NOT_FOUND/);
    await gone;
  });

  test('tells of queues, bindings, consumers, channels and connections', async () => {
    const broker = await start({ 'event_exchange.enabled': true });
    const ear = await Ear.to(await connect(broker), 'amq.rabbitmq.event');
    const client = await amqplib.connect(broker.url);
    const created = await ear.hears('connection.created');
    expect(headersOf(created)).toMatchObject({ user: 'guest', vhost: '/', protocol: 'amqp091' });
    expect(created.content).toHaveLength(0);
    expect(headersOf(created).timestamp_in_ms).toBeGreaterThan(0);
    const channel = await client.createChannel();
    await ear.hears('channel.created');
    await channel.assertQueue('watched', { maxLength: 5 });
    const queue = await ear.hears('queue.created', (one) => headersOf(one).name === 'watched');
    expect(headersOf(queue)).toMatchObject({ vhost: '/', durable: true, exclusive: false });
    await channel.bindQueue('watched', 'amq.direct', 'k');
    const binding = await ear.hears('binding.created', (one) => headersOf(one).routing_key === 'k');
    expect(headersOf(binding)).toMatchObject({
      source_name: 'amq.direct',
      destination_name: 'watched',
      destination_kind: 'queue',
    });
    await channel.consume('watched', () => {}, { consumerTag: 'eyes' });
    await ear.hears('consumer.created', (one) => headersOf(one).consumer_tag === 'eyes');
    await channel.cancel('eyes');
    await ear.hears('consumer.deleted', (one) => headersOf(one).consumer_tag === 'eyes');
    await channel.deleteQueue('watched');
    await ear.hears('queue.deleted');
    await client.close();
    await ear.hears('channel.closed');
    await ear.hears('connection.closed');
  });

  test('tells of logins that fail and that succeed', async () => {
    const broker = await start({ 'event_exchange.enabled': true });
    const ear = await Ear.to(await connect(broker), 'amq.rabbitmq.event');
    const url = broker.url.replace('guest:guest', 'guest:wrong');
    await expect(amqplib.connect(url)).rejects.toThrow(/ACCESS_REFUSED/);
    const failure = await ear.hears('user.authentication.failure');
    expect(headersOf(failure)).toMatchObject({ name: 'guest', protocol: 'amqp091' });
    await (await amqplib.connect(broker.url)).close();
    await ear.hears('user.authentication.success');
  });
});

test('amq.rabbitmq.log has the lines of the log, by level', async () => {
  const broker = await start({ 'log.exchange': true, 'log.exchange.level': 'info' });
  const ear = await Ear.to(await connect(broker), 'amq.rabbitmq.log');
  const client = await amqplib.connect(broker.url);
  const line = await ear.hears('info', ({ content }) => String(content).includes('authenticated'));
  expect(line.properties.contentType).toBe('text/plain');
  await client.close();
  expect(ear.heard.map(({ fields }) => fields.routingKey)).not.toContain('debug');
});
