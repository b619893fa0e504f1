/**
 * CloudEvents 1.0, judged by the public SDK (npm `cloudevents`): what it makes goes into the broker
 * over HTTP, AMQP or MQTT, and what comes out it reads as the same event, whichever way it takes.
 */
import { once } from 'node:events';
import { type ChannelModel, type ConfirmChannel, connect } from 'amqplib';
import { CloudEvent, type CloudEventV1, HTTP, type Message, MQTT } from 'cloudevents';
import { connectAsync, type MqttClient } from 'mqtt';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import WebSocket from 'ws';
import { type EmbeddedBroker, startBroker } from '../../../src/embed.ts';
import { caller } from '../../support/management.ts';
import { TargetServer } from '../webhooks/target-server.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const PATIENCE = { timeout: 20_000 };
let broker: EmbeddedBroker;
let call: ReturnType<typeof caller>;
let connection: ChannelModel;
let channel: ConfirmChannel;
let mqtt: MqttClient;
let target: TargetServer;

beforeAll(async () => {
  broker = await startBroker({
    config: {
      'management.tcp.port': '127.0.0.1:0',
      'mqtt.listeners.tcp.default': '127.0.0.1:0',
      'webhooks.private_targets': true,
    },
  });
  call = caller(broker.managementPort as number);
  connection = await connect(broker.url);
  channel = await connection.createConfirmChannel();
  const url = `mqtt://127.0.0.1:${broker.portOf('mqtt')}`;
  mqtt = await connectAsync(url, { protocolVersion: 5, username: 'guest', password: 'guest' });
  target = await TargetServer.start();
});

beforeEach(async () => {
  await channel.deleteQueue('events');
  await channel.assertQueue('events');
  await channel.bindQueue('events', 'amq.topic', 'events');
  target.hits.length = 0;
});

afterAll(async () => {
  target?.stop();
  await mqtt?.endAsync(true);
  await connection?.close();
  await broker?.stop();
});

const COMMON = { source: '/shop', type: 'order.created', time: '2026-11-26T07:00:00.000Z' };

/**
 * Each with something that is easily lost. The SDK does not percent-encode attributes in headers
 * [CloudEvents HTTP 3.1.3.2], so what has to be is in a test of its own.
 */
const EVENTS: Readonly<Record<string, CloudEvent<unknown>>> = {
  JSON: new CloudEvent({
    ...COMMON,
    id: 'a-1',
    subject: 'orders/a-1',
    datacontenttype: 'application/json',
    dataschema: 'https://example.com/order.json',
    data: { total: 12.5, items: ['ä', null] },
    partition: 'eu-1',
  }),
  text: new CloudEvent({ ...COMMON, id: 'a-2', datacontenttype: 'text/plain', data: 'grün\n' }),
  'no data': new CloudEvent({ ...COMMON, id: 'a-3' }),
  bytes: new CloudEvent({
    ...COMMON,
    id: 'a-4',
    datacontenttype: 'application/octet-stream',
    data_base64: Buffer.from([0, 255, 128]).toString('base64'),
  }),
};

/** What matters of an event, with its data as bytes, if that is what it is. */
function essence(event: CloudEventV1<unknown>): Record<string, unknown> {
  const { data, data_base64: encoded, ...attributes } = { ...event } as CloudEventV1<unknown>;
  delete (attributes as { warrentoken?: string }).warrentoken;
  const bytes = encoded ?? (ArrayBuffer.isView(data) ? Buffer.from(data as Buffer) : undefined);
  const shown = Buffer.isBuffer(bytes) ? bytes.toString('base64') : bytes;
  const content = shown === undefined ? { data } : { bytes: shown };
  // Of an event without data the SDK says that it would be JSON.
  if (!data && shown === undefined)
    return JSON.parse(JSON.stringify({ ...attributes, datacontenttype: undefined }));
  return JSON.parse(JSON.stringify({ ...attributes, ...content }));
}

async function publish({ headers, body }: Message): Promise<void> {
  const raw = typeof body === 'string' ? body : Buffer.from((body as Buffer) ?? '');
  const path = '/v1/vhosts/%2F/exchanges/amq.topic/messages?routing_key=events';
  const reply = await call('POST', path, undefined, {
    raw,
    headers: headers as Record<string, string>,
  });
  expect([reply.status, reply.body]).toEqual([200, { routed: 1 }]);
}

/** As the SDK makes them over HTTP; bytes it sends as they are. */
function binaryOf(event: CloudEvent<unknown>): Message {
  const message = HTTP.binary(event) as Message;
  const bytes = event.data_base64;
  return bytes === undefined ? message : { ...message, body: Buffer.from(bytes, 'base64') };
}

const PUBLISHERS: Readonly<Record<string, (event: CloudEvent<unknown>) => Promise<void>>> = {
  'HTTP, binary': (event) => publish(binaryOf(event)),
  'HTTP, structured': (event) => publish(HTTP.structured(event) as Message),
  'HTTP, batch': async (event) => {
    const path = '/v1/vhosts/%2F/exchanges/amq.topic/messages:batch?routing_key=events';
    const headers = { 'content-type': 'application/cloudevents-batch+json' };
    const { status } = await call('POST', path, [event], { headers });
    expect(status).toBe(200);
  },
  // [CloudEvents AMQP 3.1]: attributes are application properties with a prefix.
  'AMQP, binary': async (event) => {
    const {
      data,
      data_base64: encoded,
      datacontenttype: contentType,
      ...attributes
    } = { ...event };
    const named = Object.entries(attributes).map(([name, value]) => [`cloudEvents:${name}`, value]);
    const text = typeof data === 'string' ? data : JSON.stringify(data ?? null);
    const plain = Buffer.from(data === undefined ? '' : text);
    const body = encoded === undefined ? plain : Buffer.from(encoded, 'base64');
    const options = { headers: Object.fromEntries(named), ...(contentType && { contentType }) };
    channel.publish('amq.topic', 'events', body, options);
    await channel.waitForConfirms();
  },
  // [CloudEvents MQTT 3.1]: they are user properties, without one.
  'MQTT, binary': async (event) => {
    const message = MQTT.binary(event);
    const properties = Object.entries(message['User Properties'] ?? {}).filter(
      ([name, value]) => value !== undefined && !name.startsWith('data'),
    );
    const schema = event.dataschema === undefined ? [] : [['dataschema', event.dataschema]];
    const { data, data_base64: encoded, datacontenttype: contentType } = event;
    const text = typeof data === 'string' ? data : JSON.stringify(data ?? null);
    const plain = Buffer.from(data === undefined ? '' : text);
    const body = encoded === undefined ? plain : Buffer.from(encoded, 'base64');
    await mqtt.publishAsync('events', body, {
      qos: 1,
      properties: {
        userProperties: Object.fromEntries([...properties, ...schema]),
        ...(contentType !== undefined && { contentType }),
      },
    });
  },
  'MQTT, structured': async (event) => {
    const message = MQTT.structured(event);
    const contentType = 'application/cloudevents+json; charset=utf-8';
    const body = typeof message.body === 'string' ? message.body : JSON.stringify(message.body);
    await mqtt.publishAsync('events', body, { qos: 1, properties: { contentType } });
  },
};

const QUEUE = '/v1/vhosts/%2F/queues/events';

async function byWebhook(format: string): Promise<CloudEventV1<unknown>> {
  const path = '/v1/vhosts/%2F/webhooks/w';
  await call('PUT', path, { queue: 'events', url: target.url, format });
  try {
    await vi.waitFor(() => expect(target.hits).toHaveLength(1), PATIENCE);
  } finally {
    await call('DELETE', path);
  }
  const { headers, body } = target.hits[0]!;
  const isText = !String(headers['content-type']).startsWith('application/octet');
  const message = { headers, body: isText ? body.toString() : body };
  expect(HTTP.isEvent(message)).toBe(true);
  return HTTP.toEvent(message) as CloudEventV1<unknown>;
}

const CONSUMERS: Readonly<Record<string, () => Promise<CloudEventV1<unknown>>>> = {
  'a webhook, binary': () => byWebhook('cloudevents-binary'),
  'a webhook, structured': () => byWebhook('cloudevents-structured'),
  'a long poll': async () => {
    const order = { wait_ms: 10_000, format: 'cloudevents' };
    const { headers, text } = await call('POST', `${QUEUE}/messages:receive`, order);
    const [event] = HTTP.toEvent({ headers, body: text }) as CloudEventV1<unknown>[];
    const tokens = [(event as { warrentoken?: string } | undefined)?.warrentoken];
    expect((await call('POST', `${QUEUE}/messages:ack`, { tokens })).body.done).toBe(1);
    return event as CloudEventV1<unknown>;
  },
  'server-sent events': async () => {
    const url = `http://127.0.0.1:${broker.managementPort}${QUEUE}/events`;
    const leaving = new AbortController();
    const response = await fetch(`${url}?format=cloudevents&ack=auto`, {
      headers: { authorization: `Basic ${btoa('guest:guest')}` },
      signal: leaving.signal,
    });
    let text = '';
    for await (const chunk of response.body as ReadableStream<Uint8Array>) {
      text += Buffer.from(chunk).toString();
      if (/^data: .*\n\n/m.test(text)) break;
    }
    leaving.abort();
    return new CloudEvent(JSON.parse(/^data: (.*)$/m.exec(text)![1] as string));
  },
  'a WebSocket': async () => {
    const url = `ws://127.0.0.1:${broker.managementPort}/v1/vhosts/%2F/socket`;
    const socket = new WebSocket(url, { auth: 'guest:guest' });
    await once(socket, 'open');
    socket.send(JSON.stringify({ type: 'consume', queue: 'events', format: 'cloudevents' }));
    const event = await new Promise<CloudEventV1<unknown>>((resolve) => {
      socket.on('message', (data) => {
        const { messages } = JSON.parse(String(data));
        if (messages !== undefined) resolve(new CloudEvent(messages[0].event));
      });
    });
    socket.terminate();
    return event;
  },
};

const WAYS = Object.keys(PUBLISHERS).flatMap((from) =>
  Object.keys(CONSUMERS).map((to) => ({ from, to })),
);

describe.each(WAYS)('from $from to $to', ({ from, to }) => {
  test.each(Object.entries(EVENTS))('an event with %s is the same', async (_what, event) => {
    await PUBLISHERS[from]!(event);
    expect(essence(await CONSUMERS[to]!())).toEqual(essence(event));
  });
});

test('attributes in headers are percent-encoded UTF-8 both ways', async () => {
  const subject = 'Käse 50 %"';
  const encoded = 'K%C3%A4se%2050%20%25%22';
  const event = new CloudEvent({ ...COMMON, id: 'a-5', data: {} });
  const { headers, body } = HTTP.binary(event);
  await publish({ headers: { ...headers, 'ce-subject': encoded }, body });
  await byWebhook('cloudevents-binary');
  expect(target.hits[0]!.headers['ce-subject']).toBe(encoded);
  await publish(HTTP.structured(new CloudEvent({ ...event, subject })) as Message);
  expect(await CONSUMERS['a long poll']!()).toMatchObject({ subject });
});

describe('a message that is no event', () => {
  test('becomes one, whose id is that of the message', async () => {
    const options = { messageId: 'm-1', type: 'greeting', contentType: 'text/plain' };
    channel.publish('amq.topic', 'events', Buffer.from('hello'), { ...options, timestamp: 1e9 });
    await channel.waitForConfirms();
    const event = await CONSUMERS['a webhook, structured']!();
    expect(essence(event)).toEqual({
      ...{ specversion: '1.0', id: 'm-1', source: '/vhosts/%2F/queues/events', type: 'greeting' },
      ...{ subject: 'events', time: '2001-09-09T01:46:40.000Z', datacontenttype: 'text/plain' },
      data: 'hello',
    });
  });

  test('with nothing to say about itself is still a valid one', async () => {
    channel.publish('amq.topic', 'events', Buffer.from([255]));
    await channel.waitForConfirms();
    const event = new CloudEvent(await CONSUMERS['a long poll']!());
    expect(event.validate()).toBe(true);
    expect(event).toMatchObject({ type: 'warren.message', subject: 'events' });
  });

  test.each(['{', '{"specversion":"1.0"}'])('but says that it is one: %s is data', async (body) => {
    const contentType = 'application/cloudevents+json';
    channel.publish('amq.topic', 'events', Buffer.from(body), { contentType, messageId: 'm' });
    await channel.waitForConfirms();
    expect(await CONSUMERS['a long poll']!()).toMatchObject({ id: 'm', type: 'warren.message' });
  });
});
