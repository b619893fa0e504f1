/**
 * The same scenarios against Warren and against other brokers, packet by packet: aedes, which comes
 * with the tests, for 3.1.1; and whatever listens on WARREN_MQTT_ORACLE_PORT (mosquitto, say) for
 * 3.1.1 and 5. Where they may differ by the specification, the transcript does not say it.
 */

import type { AddressInfo } from 'node:net';
import { createServer, type Server } from 'node:net';
import { Aedes } from 'aedes';
import type { Packet } from 'mqtt-packet';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { freshId, RawMqtt, shown, startMqtt, type Version } from '../support/mqtt-client.ts';

const ORACLE_PORT = process.env.WARREN_MQTT_ORACLE_PORT;

let broker: Awaited<ReturnType<typeof startMqtt>>;
let aedes: Aedes;
let server: Server;

beforeAll(async () => {
  broker = await startMqtt();
  aedes = await Aedes.createBroker();
  server = createServer(aedes.handle);
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
});
afterEach(() => RawMqtt.destroyAll());
afterAll(async () => {
  await broker.stop();
  await new Promise<void>((done) => aedes.close(done));
  server.close();
});

/** What is the same everywhere about a packet. */
function said(packet: Packet): string {
  if (packet.cmd === 'publish') return shown(packet);
  if (packet.cmd === 'suback') return `suback ${packet.granted}`;
  return packet.cmd;
}

/** One side of a comparison: clients of one broker, and what they were told. */
class Transcript {
  readonly lines: string[] = [];
  readonly topic: string;
  private readonly port: number;
  private readonly version: Version;
  private readonly prefix: string;

  constructor(port: number, version: Version, prefix: string) {
    this.port = port;
    this.version = version;
    this.prefix = prefix;
    this.topic = `diff/${prefix}`;
  }

  async login(name: string, fields: object = {}): Promise<RawMqtt> {
    const session = this.version === 5 ? { properties: { sessionExpiryInterval: 100 } } : {};
    const keeping = 'clean' in fields ? session : {};
    const clientId = `${this.prefix}-${name}`;
    const client = await RawMqtt.login(this.port, this.version, {
      clientId,
      ...keeping,
      ...fields,
    });
    this.lines.push(`${name} present=${client.connack.sessionPresent}`);
    return client;
  }

  /** What a client is told until its ping is answered, acknowledged as it should be. */
  async hear(name: string, client: RawMqtt, rounds = 3): Promise<void> {
    for (let round = 0; round < rounds; round++) {
      for (const packet of await client.ping()) {
        const { messageId } = packet as { messageId: number };
        if (packet.cmd === 'publish' && packet.qos === 1) client.send({ cmd: 'puback', messageId });
        if (packet.cmd === 'publish' && packet.qos === 2) client.send({ cmd: 'pubrec', messageId });
        if (packet.cmd === 'pubrec') client.send({ cmd: 'pubrel', messageId });
        if (packet.cmd === 'pubrel') client.send({ cmd: 'pubcomp', messageId });
        this.lines.push(`${name}: ${said(packet)}`.replaceAll(this.topic, 'T'));
      }
    }
  }

  async closes(name: string, client: RawMqtt): Promise<void> {
    await client.closed;
    this.lines.push(`${name}: closed`);
  }
}

type Scenario = (side: Transcript) => Promise<void>;

const SCENARIOS: Readonly<Record<string, Scenario>> = {
  'every QoS by every QoS': async (side) => {
    const [publisher, subscriber] = [await side.login('p'), await side.login('s')];
    for (const granted of [0, 1, 2] as const) {
      const topic = `${side.topic}/${granted}`;
      side.lines.push(said(await subscriber.subscribe(topic, granted)));
      for (const qos of [0, 1, 2] as const) {
        publisher.publish(topic, `q${qos}`, { qos });
        await side.hear('p', publisher);
        await side.hear('s', subscriber);
      }
    }
  },
  'retained messages, replaced and deleted': async (side) => {
    const publisher = await side.login('p');
    const keep = (name: string, text: string) =>
      publisher.publish(`${side.topic}/${name}`, text, { qos: 1, retain: true });
    keep('a', 'one');
    keep('a', 'two');
    keep('b', 'gone');
    keep('b', '');
    await side.hear('p', publisher);
    const late = await side.login('s');
    await late.subscribe(`${side.topic}/#`, 1);
    await side.hear('s', late);
    keep('a', 'three');
    await side.hear('p', publisher);
    await side.hear('s', late);
    keep('a', '');
  },
  unsubscribing: async (side) => {
    const client = await side.login('c');
    await client.subscribe(`${side.topic}/a`, 1);
    await client.subscribe(`${side.topic}/+/b`, 1);
    side.lines.push(said(await client.unsubscribe(`${side.topic}/a`)));
    side.lines.push(said(await client.unsubscribe(`${side.topic}/never`)));
    for (const name of ['a', 'a/b', 'a/b/c']) client.publish(`${side.topic}/${name}`, 'x');
    await side.hear('c', client);
  },
  'a session that waits': async (side) => {
    const first = await side.login('s', { clean: false });
    await first.subscribe(side.topic, 1);
    await first.disconnect();
    const publisher = await side.login('p');
    for (const text of ['a', 'b', 'c']) publisher.publish(side.topic, text, { qos: 1 });
    await side.hear('p', publisher);
    const again = await side.login('s', { clean: false });
    await side.hear('s', again);
    await again.disconnect();
    const clean = await side.login('s', { clean: true });
    publisher.publish(side.topic, 'd', { qos: 1 });
    await side.hear('p', publisher);
    await side.hear('s', clean);
  },
  'redelivery after a lost connection': async (side) => {
    const first = await side.login('s', { clean: false });
    await first.subscribe(side.topic, 2);
    const publisher = await side.login('p');
    for (const qos of [1, 2] as const) publisher.publish(side.topic, `q${qos}`, { qos });
    await side.hear('p', publisher);
    const before = (await first.ping()).map(said);
    side.lines.push(...before.map((line) => line.replace(side.topic, 'T')));
    await first.destroy();
    const again = await side.login('s', { clean: false });
    await side.hear('s', again);
  },
  'a will': async (side) => {
    const watcher = await side.login('w');
    await watcher.subscribe(side.topic, 1);
    const will = { topic: side.topic, payload: Buffer.from('gone'), qos: 1, retain: false };
    const client = await side.login('c', { will });
    await client.destroy();
    const packet = await watcher.next();
    side.lines.push(said(packet).replace(side.topic, 'T'));
    await (await side.login('d', { will })).disconnect();
    watcher.send({ cmd: 'puback', messageId: (packet as { messageId: number }).messageId });
    await side.hear('w', watcher);
  },
  'a takeover': async (side) => {
    const first = await side.login('c', { clean: false });
    await first.subscribe(side.topic, 1);
    const second = await side.login('c', { clean: false });
    await side.closes('c', first);
    second.publish(side.topic, 'x', { qos: 1 });
    const packets = (await second.ping()).map(said).sort();
    side.lines.push(...packets.map((line) => line.replace(side.topic, 'T')));
  },
  'filters, level by level': async (side) => {
    const filters = ['#', '+', '+/+', '/+', 'a/#', 'a/+', 'a/+/c', '+/b/#'];
    const topics = ['a', 'a/', '/a', 'a/b', 'a/b/c', 'a//c', 'b/b/b/b', '/'];
    const publisher = await side.login('p');
    for (const [index, filter] of filters.entries()) {
      const client = await side.login(`f${index}`);
      await client.subscribe(`${side.topic}/${filter}`, 0);
      for (const topic of topics) publisher.publish(`${side.topic}/${topic}`, 'x');
      await side.hear('p', publisher);
      await side.hear(filter, client);
      await client.disconnect();
    }
  },
};

/** What closes a connection, as bytes: the same in every version. */
const FATAL: Readonly<Record<string, readonly number[]>> = {
  'QoS 3': [0x36, 5, 0, 1, 0x61, 0, 1],
  'a topic with a wildcard': [0x30, 3, 0, 1, 0x23],
  'SUBSCRIBE with wrong flags': [0x80, 6, 0, 1, 0, 1, 0x61, 0],
  'UNSUBSCRIBE with wrong flags': [0xa0, 5, 0, 1, 0, 1, 0x61],
  'PUBREL with wrong flags': [0x60, 2, 0, 1],
  'packet type 0': [0x00, 0],
  'a second CONNECT': [0x10, 13, 0, 4, 0x4d, 0x51, 0x54, 0x54, 4, 2, 0, 0, 0, 1, 0x78],
};

async function compare(other: number, version: Version, scenario: Scenario): Promise<void> {
  const prefix = freshId();
  const sides = [broker.mqttPort, other].map((port) => new Transcript(port, version, prefix));
  for (const side of sides) await scenario(side);
  expect(sides[0]!.lines).toEqual(sides[1]!.lines);
  expect(sides[0]!.lines.length).toBeGreaterThan(1);
}

async function compareEnds(other: number, version: Version, bytes: readonly number[]) {
  for (const port of [broker.mqttPort, other]) {
    const client = await RawMqtt.login(port, version);
    client.write(bytes);
    await client.closed;
  }
}

/** aedes sends messages to a client that comes back in its own way: it is not asked. */
const NOT_AEDES: readonly string[] = ['redelivery after a lost connection', 'a takeover'];

describe('Warren does what aedes does, version 3.1.1', () => {
  const port = (): number => (server.address() as AddressInfo).port;
  const scenarios = Object.entries(SCENARIOS).filter(([name]) => !NOT_AEDES.includes(name));

  it.each(scenarios)('in %s', (_name, scenario) => compare(port(), 4, scenario), 30_000);
});

if (ORACLE_PORT !== undefined) {
  describe.each([4, 5] as const)('Warren does what the oracle does, version %i', (version) => {
    const port = Number(ORACLE_PORT);
    const all = Object.entries(SCENARIOS);
    it.each(all)('in %s', (_name, scenario) => compare(port, version, scenario), 30_000);

    const fatal = Object.entries(FATAL);
    it.each(fatal)('closes on %s', (_name, bytes) => compareEnds(port, version, bytes), 30_000);
  });
}
