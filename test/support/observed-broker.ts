/**
 * ObservedBroker: a running broker whose inside a test can look at, and a well-behaved client
 * (amqplib, so that the judge is not our own code) that has to be served all the time.
 */
import amqplib, { type ChannelModel, type ConfirmChannel } from 'amqplib';
import { Amqp } from '../../protocols/index.ts';
import { Broker } from '../../src/broker/broker.ts';
import type { Catalog } from '../../src/broker/catalog.ts';
import { type Clock, SystemClock } from '../../src/clock.ts';
import type { Overrides } from '../../src/config.ts';
import { loopbackConfig } from '../../src/listeners.ts';
import { type Log, silentLog } from '../../src/log.ts';
import { RunningBroker } from '../../src/running-broker.ts';
import { Listener } from '../../src/server/listener.ts';
import { Shared } from '../../src/server/shared.ts';
import { MemoryStore } from '../../src/storage/memory-store.ts';

export interface ObservedBroker {
  readonly broker: Broker;
  readonly port: number;
  /** The port of another listener, by the name that RabbitMQ's API has for it: `stomp`. */
  portOf(listener: string): number;
  stop(): Promise<void>;
}

/** A broker as embed.ts starts it. */
export async function startObserved(
  config: Overrides = {},
  clock: Clock = new SystemClock(),
  log: Log = silentLog,
): Promise<ObservedBroker> {
  const parsed = loopbackConfig(config);
  const running = await RunningBroker.start({ config: parsed, log, clock });
  const port = running.listeners[0]!.port;
  const portOf = (id: string) => running.listeners.find((listener) => listener.id === id)!.port;
  return { broker: running.broker, port, portOf, stop: () => running.stop('shutdown') };
}

/** A broker on a catalog of the test's own. */
export async function startOnCatalog(catalog: Catalog): Promise<ObservedBroker> {
  const broker = await Broker.open({
    clock: new SystemClock(),
    log: silentLog,
    store: new MemoryStore(),
    catalog,
    defaults: {
      ...{ vhost: '/', user: 'guest', password: 'guest', tags: ['administrator'] },
      permissions: { configure: '.*', write: '.*', read: '.*' },
    },
    loopbackUsers: ['guest'],
    maxMessageBytes: 16 * 1024 * 1024,
  });
  const amqp = new Amqp(broker, {
    identity: { clusterName: 'test', version: '0' },
    tuning: { channelMax: 2047, frameMax: 131_072, heartbeat: 0 },
    initialFrameMax: 8192,
    mechanisms: ['PLAIN'],
    handshakeTimeoutMs: 10_000,
  });
  const address = { host: '127.0.0.1', port: 0, backlog: 128, noDelay: true, keepAlive: false };
  const listener = new Listener(amqp, { id: 'amqp', ...address }, new Shared(silentLog));
  await listener.start();
  const stop = async () => {
    await listener.stop('shutdown');
    await broker.close();
  };
  return { broker, port: listener.port, portOf: () => listener.port, stop };
}

/** A client that does nothing wrong. */
export class Witness {
  private readonly connection: ChannelModel;
  private readonly channel: ConfirmChannel;
  private readonly queue: string;
  private readonly arrived = new Map<string, () => void>();
  private sent = 0;

  private constructor(connection: ChannelModel, channel: ConfirmChannel, queue: string) {
    this.connection = connection;
    this.channel = channel;
    this.queue = queue;
  }

  static async connect(port: number): Promise<Witness> {
    const connection = await amqplib.connect(`amqp://127.0.0.1:${port}?heartbeat=0`);
    const channel = await connection.createConfirmChannel();
    const { queue } = await channel.assertQueue('', { exclusive: true });
    const witness = new Witness(connection, channel, queue);
    await channel.consume(queue, (message) => {
      if (message === null) return;
      channel.ack(message);
      witness.arrived.get(message.content.toString())?.();
    });
    return witness;
  }

  /** Publishes a message, sees it confirmed, and gets it. */
  async isServed(): Promise<void> {
    const text = `message ${++this.sent}`;
    const arrival = new Promise<void>((resolve) => this.arrived.set(text, resolve));
    this.channel.sendToQueue(this.queue, Buffer.from(text));
    await this.channel.waitForConfirms();
    await arrival;
    this.arrived.delete(text);
  }

  async close(): Promise<void> {
    await this.connection.close();
  }
}
