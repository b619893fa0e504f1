/**
 * Hostile input: whatever a peer sends, it loses its own connection and nothing else: the broker
 * serves the others, and its memory stays bounded.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { generate, type Packet } from 'mqtt-packet';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Log } from '../../src/log.ts';
import { silentLog } from '../../src/log.ts';
import { connectPacket, freshId, RawMqtt, startMqtt } from '../support/mqtt-client.ts';
import { Random } from '../support/random.ts';

let broker: Awaited<ReturnType<typeof startMqtt>>;
let witness: RawMqtt;

/** What the broker says went wrong in itself. */
const errors: string[] = [];
const log: Log = { ...silentLog, error: (text: string) => void errors.push(text) };

beforeAll(async () => {
  broker = await startMqtt({}, undefined, log);
  witness = await RawMqtt.login(broker.mqttPort, 5, { clientId: 'witness' });
  await witness.subscribe('witness/#', 1);
});
afterEach(async () => {
  // It is served all the time.
  witness.publish('witness/x', 'x', { qos: 1 });
  const packets = await witness.ping();
  expect(packets.map(({ cmd }) => cmd).sort()).toEqual(['puback', 'publish']);
  const publish = packets.find(({ cmd }) => cmd === 'publish');
  witness.send({ cmd: 'puback', messageId: publish!.messageId as number });
  expect(errors).toEqual([]);
});
afterAll(async () => {
  await RawMqtt.destroyAll();
  await broker.stop();
});

const id = (value: string) => ({ clientId: value });

/** Every packet that a client may send, of a version. */
function packets(version: 4 | 5): Buffer[] {
  const properties = version === 5 ? { userProperties: { a: 'b' } } : {};
  const will = { topic: 'w', payload: Buffer.from('p'), qos: 1 as const, retain: true };
  const login = { username: 'guest', password: Buffer.from('guest') };
  const all: object[] = [
    connectPacket(version, { ...id('truncated'), will, ...login, keepalive: 10 }),
    { cmd: 'publish', topic: 'a/b', payload: 'xyz', qos: 2, messageId: 7, properties },
    ...['puback', 'pubrec', 'pubrel', 'pubcomp'].map((cmd) => {
      return { cmd, messageId: 9, ...(version === 5 && { reasonCode: 0x80, properties }) };
    }),
    { cmd: 'subscribe', messageId: 3, subscriptions: [{ topic: 'a/#', qos: 1 }], properties },
    { cmd: 'unsubscribe', messageId: 4, unsubscriptions: ['a/#'], properties },
    { cmd: 'pingreq' },
    { cmd: 'disconnect', ...(version === 5 && { reasonCode: 4, properties }) },
  ];
  if (version === 5) all.push({ cmd: 'auth', reasonCode: 0x18, properties });
  return all.map((packet) => generate(packet as Packet, { protocolVersion: version }));
}

/** A connection that has said these bytes; the broker may answer or close, as it likes. */
async function say(...chunks: readonly Buffer[]): Promise<Socket> {
  const socket = connect(broker.mqttPort, '127.0.0.1');
  socket.on('error', () => {});
  await once(socket, 'connect');
  socket.resume();
  for (const chunk of chunks) socket.write(chunk);
  return socket;
}

describe.each([4, 5] as const)('packets of version %i', (version) => {
  const login = () => generate(connectPacket(version, id(freshId())), { protocolVersion: version });

  it('may end at any byte', async () => {
    const sockets: Socket[] = [];
    for (const packet of packets(version)) {
      for (let end = 1; end < packet.length; end++) {
        const first = packet[0]! >> 4 === 1 ? [] : [login()];
        sockets.push(await say(...first, packet.subarray(0, end)));
      }
    }
    for (const socket of sockets) socket.destroy();
  });

  it('may say that they are shorter than they are', async () => {
    for (const packet of packets(version)) {
      for (let length = 0; length < packet.length - 2; length++) {
        const cut = Buffer.concat([packet.subarray(0, 2 + length), login()]);
        cut[1] = length;
        const first = packet[0]! >> 4 === 1 ? [] : [login()];
        (await say(...first, cut)).destroy();
      }
    }
  });

  it('may have any byte changed', async () => {
    const random = new Random(version);
    for (let round = 0; round < 300; round++) {
      const all = packets(version);
      const packet = Buffer.from(all[random.below(all.length)]!);
      for (let i = 0; i <= random.below(3); i++)
        packet[random.below(packet.length)] = random.below(256);
      const first = packet[0]! >> 4 === 1 ? [] : [login()];
      (await say(...first, packet, packets(version)[random.below(all.length)]!)).end();
    }
  });
});

describe('a peer that has not logged in', () => {
  it('cannot send much: a flood is not read on [MQTT-3.1.0-1]', async () => {
    const client = await RawMqtt.dial(broker.mqttPort);
    const flood = Buffer.alloc(1_000_000, generate({ cmd: 'pingreq' }));
    client.socket.write(flood);
    await client.closed;
  });

  it('cannot announce a large packet', async () => {
    const client = await RawMqtt.dial(broker.mqttPort);
    client.write([0x10, 0xff, 0xff, 0xff, 0x7f]);
    await client.closed;
  });

  it('that sends nonsense is let go', async () => {
    const random = new Random(1);
    for (let round = 0; round < 100; round++) {
      const client = await RawMqtt.dial(broker.mqttPort);
      const noise = Buffer.from(Array.from({ length: 100 }, () => random.below(256)));
      // A first byte of CONNECT could wait for more.
      if (noise[0]! >> 4 === 1) noise[0] = 0;
      client.write(noise);
      await client.closed;
    }
  });
});

describe('a client that has logged in', () => {
  it('that announces a packet of 256 MiB is let go at once', async () => {
    const client = await RawMqtt.login(broker.mqttPort, 5);
    client.write([0x30, 0xff, 0xff, 0xff, 0x7f]);
    expect(await client.end()).toBe(0x95);
  });

  it('costs no memory for what it only announces', async () => {
    const before = process.memoryUsage().arrayBuffers;
    const clients = await Promise.all(
      Array.from({ length: 50 }, () => RawMqtt.login(broker.mqttPort, 4)),
    );
    // 16 MiB each are allowed; a kilobyte each comes.
    for (const client of clients) client.write([0x30, 0xff, 0xff, 0xff, 0x07], Buffer.alloc(1000));
    await witness.ping();
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64 * 1024 * 1024);
    await Promise.all(clients.map((client) => client.destroy()));
  });

  it('may drip its packets byte by byte', async () => {
    const client = await RawMqtt.login(broker.mqttPort, 5);
    const packet = generate({ cmd: 'pingreq' });
    const publish = generate(
      {
        cmd: 'publish',
        topic: 'drip',
        payload: 'x',
        qos: 1,
        messageId: 5,
        dup: false,
        retain: false,
      },
      { protocolVersion: 5 },
    );
    for (const byte of Buffer.concat([publish, packet])) client.write([byte]);
    expect((await client.expect('puback')).messageId).toBe(5);
    await client.expect('pingresp');
  });

  it('may subscribe to very deep and very many filters, within bounds', async () => {
    const client = await RawMqtt.login(broker.mqttPort, 5);
    const deep = Array.from({ length: 30_000 }, () => '+').join('/');
    expect((await client.subscribe(deep, 0)).granted).toEqual([0x8f]);
    const most = Array.from({ length: 201 }, () => '+').join('/');
    expect((await client.subscribe(most, 0)).granted).toEqual([0]);
    client.publish(Array.from({ length: 201 }, () => 'x').join('/'), 'x');
    expect((await client.ping()).map(({ cmd }) => cmd)).toEqual(['publish']);
    client.publish(deep.replaceAll('+', 'x'), 'x');
    expect(await client.end()).toBe(0x90);
  });

  it('is refused filters beyond its quota', async () => {
    const client = await RawMqtt.login(broker.mqttPort, 5);
    let granted = 0;
    let refused = 0;
    for (let batch = 0; batch < 25; batch++) {
      const subscriptions = Array.from({ length: 1000 }, (_, index) => {
        return { topic: `many/${batch}/${index}/+`, qos: 0 as const, nl: false, rap: false, rh: 0 };
      });
      client.send({ cmd: 'subscribe', messageId: batch + 1, subscriptions });
      const suback = await client.expect('suback');
      for (const code of suback.granted) code === 0 ? granted++ : refused++;
    }
    expect([granted, refused]).toEqual([20_000, 5_000]);
    await client.destroy();
  }, 60_000);

  it.each([0, 17, 65_535])('may not use topic alias %i [MQTT-3.3.2-8, 9]', async (topicAlias) => {
    const client = await RawMqtt.login(broker.mqttPort, 5);
    const body = [0, 1, 0x61, 3, 0x23, topicAlias >> 8, topicAlias & 255];
    client.write([0x30, body.length, ...body]);
    expect(await client.end()).toBe(0x94);
  });

  it('may not use an alias that stands for nothing, nor one of a connection before', async () => {
    const first = await RawMqtt.login(broker.mqttPort, 5, id('aliases'));
    first.publish('alias/topic', 'x', { properties: { topicAlias: 1 } });
    first.publish('', 'y', { properties: { topicAlias: 1 } });
    await first.ping();
    await first.destroy();
    const second = await RawMqtt.login(broker.mqttPort, 5, id('aliases'));
    second.publish('', 'z', { properties: { topicAlias: 1 } });
    expect(await second.end()).toBe(0x82);
  });

  it('that never reads is waited for by its queue, and holds nobody up', async () => {
    const slow = await RawMqtt.login(broker.mqttPort, 4);
    await slow.subscribe('slow/#', 0);
    slow.socket.pause();
    const payload = Buffer.alloc(100_000);
    for (let i = 0; i < 400; i++) witness.publish('slow/x', payload);
    expect(await witness.ping()).toEqual([]);
    await slow.destroy();
  });

  it('that publishes and never reads its acknowledgements is not read from', async () => {
    const client = await RawMqtt.login(broker.mqttPort, 4);
    client.socket.pause();
    const publish = generate({
      ...{ cmd: 'publish', topic: 'ack/flood', payload: '', qos: 1, messageId: 1 },
      ...{ dup: false, retain: false },
    } as Packet);
    for (let i = 0; i < 50; i++) client.socket.write(Buffer.alloc(publish.length * 2000, publish));
    await witness.ping();
    await client.destroy();
  });
});

describe('many idle clients', () => {
  it('cost little memory each, and are served', async () => {
    const count = 500;
    const clients: RawMqtt[] = [];
    for (let i = 0; i < count; i += 50) {
      const some = Array.from({ length: 50 }, () => RawMqtt.login(broker.mqttPort, 4));
      clients.push(...(await Promise.all(some)));
    }
    await Promise.all(clients.map((client) => client.ping()));
    await Promise.all(clients.map((client) => client.destroy()));
  }, 60_000);
});
