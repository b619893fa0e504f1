/**
 * Every protocol over every transport: MQTT.js, stomp.js, stompit and amqplib come in by TCP, TLS,
 * WebSocket and both, and on the management port. What each publishes is answered by one AMQP
 * client over TLS, so that each case is a message there and another one back.
 */
import { readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { Client as Stomp } from '@stomp/stompjs';
import amqplib from 'amqplib';
import mqtt from 'mqtt';
import { connect as connectStompit } from 'stompit';
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import WebSocket from 'ws';
import { loopbackConfig } from '../../src/listeners.ts';
import { silentLog } from '../../src/log.ts';
import { RunningBroker } from '../../src/running-broker.ts';
import { Certificates, describeWithOpenssl } from '../support/certificates.ts';

vi.setConfig({ testTimeout: 30_000, hookTimeout: 60_000 });

const LISTENERS = [
  ...['listeners.tcp.default', 'listeners.ssl.default'],
  ...['mqtt.listeners.tcp.default', 'mqtt.listeners.ssl.default'],
  ...['web_mqtt.tcp.port', 'web_mqtt.ssl.port'],
  ...['stomp.listeners.tcp.default', 'stomp.listeners.ssl.default'],
  ...['web_stomp.tcp.port', 'web_stomp.ssl.port'],
  ...['management.tcp.port', 'management.ssl.port'],
];

describeWithOpenssl('a message there and back', () => {
  let files: Certificates;
  let ca: Buffer;
  let running: RunningBroker;
  const goodbyes: (() => unknown)[] = [];

  beforeAll(async () => {
    files = new Certificates();
    const root = files.authority('root');
    const server = files.leaf('server', root);
    ca = readFileSync(root.cert);
    const config = loopbackConfig({
      ...Object.fromEntries(LISTENERS.map((key) => [key, '127.0.0.1:0'])),
      'ssl_options.certfile': server.cert,
      'ssl_options.keyfile': server.key,
    });
    running = await RunningBroker.start({ config, log: silentLog });
    await answerAll();
  });
  afterEach(async () => {
    for (const goodbye of goodbyes.splice(0)) await goodbye();
  });
  afterAll(async () => {
    await running?.stop('over');
    files?.remove();
  });

  function portOf(id: string): number {
    const http = running.http?.portOf(id);
    return http ?? running.listeners.find((listener) => listener.id === id)!.port;
  }

  /** Answers `ask.<name>` with `answer.<name>`, by AMQP over TLS. */
  async function answerAll(): Promise<void> {
    const connection = await amqplib.connect(`amqps://127.0.0.1:${portOf('amqp/ssl')}`, { ca });
    const channel = await connection.createChannel();
    const { queue } = await channel.assertQueue('', { exclusive: true });
    await channel.bindQueue(queue, 'amq.topic', 'ask.#');
    await channel.consume(
      queue,
      (message) => {
        const key = message!.fields.routingKey.replace('ask', 'answer');
        channel.publish('amq.topic', key, Buffer.from(`${message!.content} answered`));
      },
      { noAck: true },
    );
  }

  it.each([
    ['mqtt', 'mqtt', ''],
    ['mqtts', 'mqtt/ssl', ''],
    ['ws', 'http/web-mqtt', '/ws'],
    ['wss', 'https/web-mqtt', '/ws'],
    ['ws', 'http', '/ws/mqtt'],
    ['wss', 'https', '/ws/mqtt'],
  ])('by MQTT as %s on the listener %s', async (scheme, id, path) => {
    const client = await mqtt.connectAsync(`${scheme}://127.0.0.1:${portOf(id)}${path}`, {
      ...{ username: 'guest', password: 'guest', protocolVersion: 5, reconnectPeriod: 0, ca },
    });
    goodbyes.push(() => client.endAsync(true));
    const name = `${scheme}-${id.replace('/', '-')}`;
    await client.subscribeAsync(`answer/${name}`, { qos: 1 });
    const answered = new Promise<string>((resolve) => {
      client.on('message', (_, payload) => resolve(String(payload)));
    });
    await client.publishAsync(`ask/${name}`, 'hello', { qos: 1 });
    expect(await answered).toBe('hello answered');
  });

  it.each([
    ['ws', 'http/web-stomp', '/ws'],
    ['wss', 'https/web-stomp', '/ws'],
    ['ws', 'http', '/ws/stomp'],
    ['wss', 'https', '/ws/stomp'],
  ])('by STOMP as %s on the listener %s', async (scheme, id, path) => {
    const url = `${scheme}://127.0.0.1:${portOf(id)}${path}`;
    const client = new Stomp({
      connectHeaders: { login: 'guest', passcode: 'guest' },
      reconnectDelay: 0,
      webSocketFactory: () => new WebSocket(url, ['v12.stomp'], { ca }),
    });
    goodbyes.push(() => client.deactivate({ force: true }));
    await new Promise<void>((resolve, reject) => {
      client.onConnect = () => resolve();
      client.onWebSocketError = reject;
      client.activate();
    });
    const name = `${scheme}-${id.replace('/', '-')}-stomp`;
    const answered = new Promise<string>((resolve) => {
      client.subscribe(`/topic/answer.${name}`, ({ body }) => resolve(body));
    });
    client.publish({ destination: `/topic/ask.${name}`, body: 'hello' });
    expect(await answered).toBe('hello answered');
  });

  it.each(['stomp', 'stomp/ssl'])('by STOMP with stompit on the listener %s', async (id) => {
    const ssl = id.endsWith('ssl');
    const connectHeaders = { host: '/', login: 'guest', passcode: 'guest' };
    const where = { host: '127.0.0.1', port: portOf(id) };
    const options = { ...where, connectHeaders, ...(ssl && { ssl: true, ca }) };
    const name = id.replace('/', '-');
    const answer = await new Promise<string>((resolve, reject) => {
      connectStompit(options, (error, client) => {
        if (error !== null) return reject(error);
        goodbyes.push(() => client.destroy());
        client.subscribe({ destination: `/topic/answer.${name}`, ack: 'auto' }, (_, message) => {
          if (message !== undefined) resolve(text(message));
        });
        client.send({ destination: `/topic/ask.${name}` }).end('hello');
      });
    });
    expect(answer).toBe('hello answered');
  });
});
