/**
 * Statements of the specification that no other file is about, by number: strings, identifiers,
 * properties that pass unaltered, what a refused client may and may not do, WebSocket.
 */
import { once } from 'node:events';
import { generate, type IPublishPacket, type Packet } from 'mqtt-packet';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { connectPacket, freshId, RawMqtt, shown, startMqtt } from '../support/mqtt-client.ts';

let broker: Awaited<ReturnType<typeof startMqtt>>;
beforeAll(async () => {
  broker = await startMqtt({ 'web_mqtt.tcp.port': '127.0.0.1:0' });
});
afterEach(() => RawMqtt.destroyAll());
afterAll(() => broker.stop());

const login = (fields = {}) => RawMqtt.login(broker.mqttPort, 5, fields);
const freshTopic = (): string => `statement/${freshId()}`;

const publishes = (packets: readonly Packet[]): IPublishPacket[] =>
  packets.filter((packet) => packet.cmd === 'publish');

/** What a client gets that has subscribed with QoS 2, of a message with these fields. */
async function through(fields: Partial<IPublishPacket>): Promise<IPublishPacket> {
  const topic = freshTopic();
  const client = await login();
  await client.subscribe(topic, 2);
  client.publish(topic, fields.payload ?? 'x', { qos: 1, ...fields });
  return publishes(await client.ping())[0] as IPublishPacket;
}

const text = (value: string): number[] => [0, value.length, ...Buffer.from(value, 'latin1')];

/** A PUBLISH of QoS 0 to `a` with this block of properties. */
const withProperties = (...block: number[]): number[] => {
  const body = [...text('a'), block.length, ...block];
  return [0x30, body.length, ...body];
};

describe('strings', () => {
  it('keep a byte order mark [MQTT-1.5.4-3]', async () => {
    const client = await login();
    const topic = `\ufeff${freshTopic()}`;
    await client.subscribe(topic, 0);
    client.publish(topic, 'x');
    const [publish] = publishes(await client.ping());
    expect(publish!.topic.codePointAt(0)).toBe(0xfeff);
  });

  it.each([
    ['a user property [MQTT-1.5.7-1]', [0x26, 0, 1, 0xff, 0, 1, 0x61]],
    ['a content type [MQTT-3.3.2-19]', [0x03, 0, 1, 0xff]],
    ['a response topic [MQTT-3.3.2-13]', [0x08, 0, 1, 0xff]],
  ])('that are not UTF-8 are malformed in %s', async (_what, block) => {
    const client = await login();
    client.write(withProperties(...block));
    expect(await client.end()).toBe(0x81);
  });

  it('that are not UTF-8 are malformed in a will topic and a user name [MQTT-3.1.3-11], [MQTT-3.1.3-12]', async () => {
    const head = (flags: number) => [...text('MQTT'), 5, flags, 0, 0, 0, ...text('x')];
    for (const body of [
      [...head(0x06), 0, ...text('\xff'), ...text('p')],
      [...head(0x82), ...text('\xff')],
    ]) {
      const client = await RawMqtt.dial(broker.mqttPort, 5);
      client.write([0x10, body.length, ...body]);
      await client.closed;
      expect(client.unread).toEqual([]);
    }
  });
});

describe('properties', () => {
  it.each([
    ['two content types', [0x03, 0, 1, 0x61, 0x03, 0, 1, 0x61], 0x82],
    ['two topic aliases', [0x23, 0, 1, 0x23, 0, 1], 0x82],
    ['a payload format of 2', [0x01, 2], 0x82],
    ['a session expiry', [0x11, 0, 0, 0, 1], 0x82],
    ['a reason string', [0x1f, 0, 1, 0x61], 0x82],
    ['an identifier that nobody knows', [0x50], 0x81],
    ['one that is cut short', [0x02, 0, 0], 0x81],
    ['a subscription identifier [MQTT-3.3.4-6]', [0x0b, 1], 0x82],
    ['a response topic with a wildcard [MQTT-3.3.2-14]', [0x08, 0, 1, 0x23], 0x82],
  ])('of PUBLISH may not be %s [MQTT-2.2.2-2]', async (_what, block, code) => {
    const client = await login();
    client.write(withProperties(...block));
    expect(await client.end()).toBe(code);
  });

  it.each([
    ['a topic alias', [0x23, 0, 1], 0x82],
    ['a response topic with a wildcard [MQTT-3.3.2-14]', [0x08, 0, 3, 0x61, 0x2f, 0x23], 0x82],
    ['a response topic that is not UTF-8 [MQTT-3.1.3-14]', [0x08, 0, 1, 0xff], 0x81],
  ])('of a will may not be %s', async (_what, block) => {
    const client = await RawMqtt.dial(broker.mqttPort, 5);
    const will = [block.length, ...block, ...text('w'), ...text('p')];
    const body = [...text('MQTT'), 5, 0x06, 0, 0, 0, ...text('x'), ...will];
    client.write([0x10, body.length, ...body]);
    await client.closed;
    expect(client.unread).toEqual([]);
  });

  it('are an empty block where there are none [MQTT-2.2.2-1]', async () => {
    const { properties } = await through({});
    expect(properties).toBe(undefined);
  });

  it('payload format, content type, response topic and correlation data pass unaltered [MQTT-3.3.2-4], [MQTT-3.3.2-15], [MQTT-3.3.2-16], [MQTT-3.3.2-20]', async () => {
    const properties = {
      payloadFormatIndicator: true,
      contentType: 'ü'.repeat(300),
      responseTopic: `a.b/${'c'.repeat(300)}`,
      correlationData: Buffer.from([0, 255, 128]),
    };
    expect((await through({ properties })).properties).toEqual(properties);
    const off = { payloadFormatIndicator: false };
    expect((await through({ properties: off })).properties).toEqual(off);
  });

  it('user properties pass all, in their order [MQTT-3.3.2-17], [MQTT-3.3.2-18]', async () => {
    const topic = freshTopic();
    const client = await login();
    await client.subscribe(topic, 0);
    const pair = (name: string, value: string) => [0x26, ...text(name), ...text(value)];
    const block = [...pair('a', '1'), ...pair('CC', '2'), ...pair('a', '1'), ...pair('', '')];
    const body = [...text(topic), block.length, ...block];
    const raw = new Promise<Buffer>((resolve) => client.socket.once('data', resolve));
    client.write([0x30, body.length, ...body]);
    expect(await raw).toEqual(Buffer.from([0x30, body.length, ...body]));
  });

  it('of a will arrive in their order, too [MQTT-3.1.3-10]', async () => {
    const topic = freshTopic();
    const watcher = await login();
    await watcher.subscribe(topic, 0);
    const properties = { userProperties: { b: ['2', '1'], a: '3' } };
    const will = { topic, payload: Buffer.from('x'), qos: 0, retain: false, properties };
    await (await login({ will })).destroy();
    const { properties: found } = (await watcher.next()) as IPublishPacket;
    expect(JSON.stringify(found?.userProperties)).toBe('{"b":["2","1"],"a":"3"}');
  });
});

describe('topic aliases to a client', () => {
  it('are not more than it takes, and the topic comes with a new one [MQTT-3.1.2-26]', async () => {
    const topic = freshTopic();
    const client = await login({ properties: { topicAliasMaximum: 2 } });
    await client.subscribe(`${topic}/+`, 1);
    const seen: unknown[] = [];
    for (const name of ['a', 'b', 'c', 'a', 'b', 'c']) {
      client.publish(`${topic}/${name}`, name, { qos: 1 });
      const [publish] = publishes(await client.ping());
      seen.push([publish!.topic.slice(-1), publish!.properties?.topicAlias]);
    }
    expect(seen).toEqual([
      ['a', 1],
      ['b', 2],
      ['c', undefined],
      ['', 1],
      ['', 2],
      ['c', undefined],
    ]);
  });

  it('are not sent to one that takes none [MQTT-3.1.2-27], [MQTT-3.2.2-17]', async () => {
    expect((await through({})).properties?.topicAlias).toBe(undefined);
  });
});

describe('packet identifiers', () => {
  it('are not in PUBLISH with QoS 0 [MQTT-2.2.1-2]', async () => {
    expect((await through({ qos: 0 })).messageId).toBe(undefined);
  });

  it('of an answer are those of the question [MQTT-2.2.1-5], [MQTT-2.2.1-6], [MQTT-3.8.4-2]', async () => {
    const client = await login();
    const subscriptions = [{ topic: 'x', qos: 0 as const, nl: false, rap: false, rh: 0 }];
    client.send({ cmd: 'subscribe', messageId: 300, subscriptions });
    expect((await client.expect('suback')).messageId).toBe(300);
    client.send({ cmd: 'unsubscribe', messageId: 301, unsubscriptions: ['x', 'y'] });
    expect(await client.expect('unsuback')).toMatchObject({ messageId: 301, granted: [0, 0x11] });
    client.publish(freshTopic(), 'x', { qos: 2, messageId: 302 });
    expect((await client.expect('pubrec')).messageId).toBe(302);
  });

  it.each([
    ['PUBACK [MQTT-3.4.2-1]', [0x40, 3, 0, 1, 0x92]],
    ['PUBREC [MQTT-3.5.2-1]', [0x50, 3, 0, 1, 0x04]],
    ['PUBREL [MQTT-3.6.2-1]', [0x62, 3, 0, 1, 0x10]],
    ['PUBCOMP [MQTT-3.7.2-1]', [0x70, 3, 0, 1, 0x80]],
  ])('come with no reason that is not one of %s', async (_what, bytes) => {
    const client = await login();
    client.write(bytes);
    expect(await client.end()).toBe(0x82);
  });

  it('of a message may be those of a question: the directions are apart [MQTT 2.2.1]', async () => {
    const topic = freshTopic();
    const client = await login();
    await client.subscribe(topic, 1);
    client.publish(topic, 'x', { qos: 1, messageId: 1 });
    const packets = await client.ping();
    expect(packets.map(({ messageId }) => messageId)).toEqual([1, 1]);
  });
});

describe('the DUP flag', () => {
  it('may be set by version 3.1 in whatever is sent again, and by no other', async () => {
    const again = [
      [0x8a, 6, 0, 1, 0, 1, 0x61, 0],
      [0xaa, 5, 0, 2, 0, 1, 0x61],
      [0x6a, 2, 0, 3],
    ];
    const old = await RawMqtt.login(broker.mqttPort, 3);
    old.write(...again);
    const answers = (await old.ping()).map(({ cmd }) => cmd);
    expect(answers).toEqual(['suback', 'unsuback', 'pubcomp']);
    for (const bytes of again) {
      const client = await RawMqtt.login(broker.mqttPort, 4);
      client.write(bytes);
      expect(await client.end()).toBe(null);
    }
  });

  it('of a delivery is its own, not the publisher’s [MQTT-3.3.1-3], [MQTT-4.3.2-2]', async () => {
    expect((await through({ dup: true })).dup).toBe(false);
  });

  it('is set on what is sent again [MQTT-3.3.1-1]', async () => {
    const [topic, clientId] = [freshTopic(), freshId()];
    const session = { clientId, clean: false, properties: { sessionExpiryInterval: 10 } };
    const first = await login(session);
    await first.subscribe(topic, 1);
    first.publish(topic, 'x', { qos: 1 });
    await first.ping();
    await first.destroy();
    const again = await login(session);
    expect(publishes(await again.ping()).map(shown)).toEqual([`${topic} x qos=1 dup`]);
  });
});

describe('a CONNECT', () => {
  it('that is refused has a code, no session, and is the end [MQTT-3.2.2-6], [MQTT-3.2.2-7], [MQTT-3.1.4-6]', async () => {
    const topic = freshTopic();
    const watcher = await login();
    await watcher.subscribe(topic, 0);
    const client = await RawMqtt.dial(broker.mqttPort, 5);
    client.send(connectPacket(5, { username: 'guest', password: Buffer.from('no') }));
    client.publish(topic, 'not to be seen');
    const connack = await client.expect('connack');
    expect(connack).toMatchObject({ reasonCode: 0x86, sessionPresent: false });
    await client.closed;
    expect(await watcher.ping()).toEqual([]);
  });

  it.each(['a', '0123456789abcdefghijklM', 'x'.repeat(500), 'ü/#+ $', '日本'])(
    'may have the client identifier %j [MQTT-3.1.3-5]',
    async (clientId) => {
      const client = await login({ clientId });
      expect(client.connack.reasonCode).toBe(0);
      await client.subscribe(freshTopic(), 1);
    },
  );

  it('names the session of its client, and no other [MQTT-3.1.3-2]', async () => {
    const session = { clean: false, properties: { sessionExpiryInterval: 10 } };
    const [one, other] = [freshId(), freshId()];
    await (await login({ ...session, clientId: one })).disconnect();
    expect((await login({ ...session, clientId: other })).connack.sessionPresent).toBe(false);
    expect((await login({ ...session, clientId: one })).connack.sessionPresent).toBe(true);
  });

  it('that is accepted is told no keep-alive but its own [MQTT-3.2.2-22]', async () => {
    const { connack } = await login({ keepalive: 77 });
    expect(connack.properties?.serverKeepAlive).toBe(undefined);
  });

  it('that does not ask for response information gets none [MQTT-3.1.2-28]', async () => {
    const { connack } = await login({ properties: { requestResponseInformation: false } });
    expect(connack.properties?.responseInformation).toBe(undefined);
  });
});

describe('a reason in words', () => {
  const broken = [0x30, 3, ...text('#'), 0];

  it('is given with DISCONNECT [MQTT-4.13.1-1], [MQTT-3.14.2-1]', async () => {
    const client = await login();
    client.write([broken[0]!, 4, ...broken.slice(2)]);
    const packet = await client.expect('disconnect');
    expect(packet.reasonCode).toBe(0x90);
    expect(packet.properties?.reasonString).toMatch(/topic/);
  });

  it('is not given to a client that does not want it [MQTT-3.1.2-29]', async () => {
    const client = await login({ properties: { requestProblemInformation: false } });
    client.write([broken[0]!, 4, ...broken.slice(2)]);
    expect((await client.expect('disconnect')).properties).toBe(undefined);
  });
});

describe('AUTH', () => {
  it('without a method agreed on is a protocol error [MQTT 3.15], [MQTT-4.12.0-6]', async () => {
    const client = await login();
    client.write([0xf0, 2, 0x18, 0]);
    expect(await client.end()).toBe(0x82);
  });
});

describe('shared subscriptions', () => {
  it('deliver with the QoS that was granted to the member [MQTT-4.8.2-3]', async () => {
    const topic = freshTopic();
    const client = await login();
    expect((await client.subscribe(`$share/g/${topic}`, 1)).granted).toEqual([1]);
    client.publish(topic, 'x', { qos: 2 });
    expect(publishes(await client.ping()).map(shown)).toEqual([`${topic} x qos=1`]);
  });

  it('give a message that a member refuses to nobody else [MQTT-4.8.2-6]', async () => {
    const topic = freshTopic();
    const [one, other] = [await login(), await login()];
    await one.subscribe(`$share/g/${topic}`, 1);
    one.publish(topic, 'x', { qos: 1 });
    const [publish] = publishes(await one.ping());
    await other.subscribe(`$share/g/${topic}`, 1);
    const messageId = publish!.messageId as number;
    one.send({ cmd: 'puback', messageId, reasonCode: 0x83 });
    await one.ping();
    expect(await other.ping()).toEqual([]);
  });
});

describe('over WebSocket', () => {
  const url = (): string => `ws://127.0.0.1:${broker.portOf('http/web-mqtt')}/ws`;

  async function open(protocols: string[]): Promise<WebSocket> {
    const socket = new WebSocket(url(), protocols);
    await once(socket, 'open');
    return socket;
  }

  const connecting = () => generate(connectPacket(5), { protocolVersion: 5 });
  const ping = generate({ cmd: 'pingreq' });

  it('packets come in binary messages, by the subprotocol mqtt [MQTT-6.0.0-1], [MQTT-6.0.0-4]', async () => {
    const socket = await open(['other', 'mqtt']);
    expect(socket.protocol).toBe('mqtt');
    socket.send(connecting());
    const [bytes, binary] = (await once(socket, 'message')) as [Buffer, boolean];
    expect([bytes[0], binary]).toEqual([0x20, true]);
    socket.terminate();
  });

  it('packets need not end where messages end [MQTT-6.0.0-2]', async () => {
    const socket = await open(['mqtt']);
    const received: Buffer[] = [];
    socket.on('message', (bytes: Buffer) => received.push(bytes));
    const bytes = Buffer.concat([connecting(), ping, ping]);
    for (const byte of bytes) socket.send(Buffer.from([byte]));
    const whole = () => Buffer.concat(received);
    while (!whole().includes(Buffer.from([0xd0, 0, 0xd0, 0]))) await once(socket, 'message');
    socket.terminate();
  });

  it('a client has to ask for the subprotocol mqtt [MQTT-6.0.0-3]', async () => {
    const socket = new WebSocket(url(), ['other']);
    const [error] = await once(socket, 'error');
    expect(String(error)).toMatch(/subprotocol|400/i);
  });
});
