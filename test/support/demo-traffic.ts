/**
 * A small business that keeps a broker busy: orders by AMQP, sensors by MQTT, a till by STOMP, with
 * queues that are healthy, growing, idle and dead. For the console's tests, and for looking at it:
 * `node test/support/demo-traffic.ts <amqp port> <mqtt port> <stomp port>` until Ctrl-C.
 */
import { createConnection, type Socket } from 'node:net';
import { type Channel, type ChannelModel, connect } from 'amqplib';
import mqtt, { type MqttClient } from 'mqtt';

/** Where the broker listens on 127.0.0.1. */
export interface DemoPorts {
  readonly amqp: number;
  readonly mqtt?: number;
  readonly stomp?: number;
}

/** Traffic that runs until it is stopped. */
export class DemoTraffic {
  private readonly connections: ChannelModel[] = [];
  private readonly clients: MqttClient[] = [];
  private readonly sockets: Socket[] = [];
  private readonly timers: NodeJS.Timeout[] = [];
  private count = 0;
  private stopped = false;

  /** Declares everything and starts to publish and consume. */
  static async start(ports: DemoPorts): Promise<DemoTraffic> {
    const demo = new DemoTraffic();
    const url = `amqp://guest:guest@127.0.0.1:${ports.amqp}`;
    const shop = await demo.connection(url, 'shop');
    await declareShop(shop);
    await demo.consume(url);
    demo.publish(shop);
    if (ports.mqtt !== undefined) await demo.sensors(ports.mqtt);
    if (ports.stomp !== undefined) await demo.till(ports.stomp);
    return demo;
  }

  async stop(): Promise<void> {
    this.stopped = true;
    for (const timer of this.timers) clearInterval(timer);
    for (const client of this.clients) await client.endAsync(true);
    for (const socket of this.sockets) socket.destroy();
    for (const connection of this.connections) await connection.close().catch(() => {});
  }

  private async connection(url: string, name: string): Promise<Channel> {
    const options = { clientProperties: { connection_name: name } };
    const connection = await connect(url, options);
    connection.on('error', () => {});
    this.connections.push(connection);
    return connection.createChannel();
  }

  private every(ms: number, action: () => void): void {
    this.timers.push(setInterval(() => unlessClosed(action), ms));
  }

  private publish(shop: Channel): void {
    this.every(50, () => {
      const many = 1 + Math.round(3 + 3 * Math.sin(Date.now() / 20_000));
      for (let i = 0; i < many; i++) this.order(shop);
    });
    this.every(900, () => {
      const line = JSON.stringify({ at: new Date().toISOString(), user: 'ada', action: 'login' });
      shop.publish('audit', '', Buffer.from(line), { contentType: 'application/json' });
      shop.publish('orders', 'order.unknown.route', Buffer.from('lost'));
    });
  }

  private order(shop: Channel): void {
    const number = ++this.count;
    const kinds = ['new', 'paid', 'shipped'];
    const kind = kinds[number % kinds.length];
    const order = { id: number, kind, customer: `c-${number % 97}`, total: (number * 7) % 400 };
    shop.publish('orders', `order.${kind}.eu`, Buffer.from(JSON.stringify(order)), {
      contentType: 'application/json',
      persistent: true,
      messageId: `order-${number}`,
      timestamp: Math.floor(Date.now() / 1000),
      headers: { region: 'eu', attempt: 1, tags: ['web', kind] },
    });
  }

  private async consume(url: string): Promise<void> {
    for (const [name, queue, prefetch] of CONSUMERS) {
      const channel = await this.connection(url, name);
      await channel.prefetch(prefetch);
      await channel.consume(queue, (message) => {
        if (message === null) return;
        const reject = queue === 'orders.paid' && message.fields.deliveryTag % 40 === 0;
        this.timers.push(
          setTimeout(() => {
            if (this.stopped) return;
            unlessClosed(() => {
              if (reject) channel.nack(message, false, false);
              else channel.ack(message);
            });
          }, 30),
        );
        if (this.timers.length > 5000) this.timers.splice(100, 2000);
      });
    }
  }

  private async sensors(port: number): Promise<void> {
    const url = `mqtt://guest:guest@127.0.0.1:${port}`;
    for (const room of ['meadow', 'burrow', 'warren']) {
      const client = await mqtt.connectAsync(url, { clientId: `sensor-${room}` });
      this.clients.push(client);
      this.every(400, () => {
        const value = { celsius: 18 + Math.round(Math.random() * 60) / 10 };
        client.publish(`sensors/${room}/temperature`, JSON.stringify(value), { qos: 1 });
      });
    }
    const board = await mqtt.connectAsync(url, { clientId: 'dashboard', protocolVersion: 5 });
    this.clients.push(board);
    await board.subscribeAsync('sensors/+/temperature', { qos: 1 });
  }

  private async till(port: number): Promise<void> {
    const socket = createConnection(port, '127.0.0.1');
    socket.on('error', () => {});
    this.sockets.push(socket);
    const frame = (text: string) => socket.write(`${text}\0`);
    frame('CONNECT\naccept-version:1.2\nhost:/\nlogin:guest\npasscode:guest\n\n');
    frame('SUBSCRIBE\nid:1\nack:client-individual\ndestination:/queue/till.receipts\n\n');
    socket.resume();
    this.every(700, () => frame('SEND\ndestination:/exchange/audit\n\n{"till":1,"sum":12.5}'));
  }
}

/** Whoever looks at the console may close the connection that something is sent over. */
function unlessClosed(action: () => void): void {
  try {
    action();
  } catch (error) {
    if ((error as Error).name !== 'IllegalOperationError') throw error;
  }
}

const CONSUMERS = [
  ['billing-worker', 'orders.paid', 20],
  ['shipping-worker-1', 'orders.shipped', 10],
  ['shipping-worker-2', 'orders.shipped', 10],
  ['archive', 'orders.all', 50],
] as const;

async function declareShop(channel: Channel): Promise<void> {
  await channel.assertExchange('orders', 'topic');
  await channel.assertExchange('audit', 'fanout');
  await channel.assertExchange('dead', 'fanout');
  const dead = { deadLetterExchange: 'dead' };
  const queues: readonly (readonly [string, string, string, object])[] = [
    ['orders.new', 'orders', 'order.new.#', { ...dead, maxLength: 20_000 }],
    ['orders.paid', 'orders', 'order.paid.*', dead],
    ['orders.shipped', 'orders', 'order.shipped.*', { arguments: { 'x-queue-type': 'quorum' } }],
    ['orders.all', 'orders', 'order.*.eu', { messageTtl: 60_000 }],
    ['orders.failed', 'dead', '', {}],
    ['audit.log', 'audit', '', { arguments: { 'x-max-length-bytes': 10_000_000 } }],
    ['reports.nightly', 'audit', 'never', { maxPriority: 5 }],
  ];
  for (const [queue, exchange, key, options] of queues) {
    await channel.assertQueue(queue, { durable: true, ...options });
    if (queue !== 'reports.nightly') await channel.bindQueue(queue, exchange, key);
  }
  await channel.assertQueue('till.receipts', { durable: true });
}

if (import.meta.main) {
  const [amqp = 5672, mqttPort = 1883, stomp = 61_613] = process.argv.slice(2).map(Number);
  const demo = await DemoTraffic.start({ amqp, mqtt: mqttPort, stomp });
  process.stdout.write('traffic is running; Ctrl-C stops it\n');
  process.once('SIGINT', () => void demo.stop().then(() => process.exit(0)));
}
