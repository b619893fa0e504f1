/**
 * Restarts: the process is killed in the middle of QoS 1 and 2 flows, and another one goes on with
 * what is on disk. Exactly once holds, nothing that was acknowledged is lost, sessions, retained
 * messages and shared subscriptions are there again.
 */

import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import mqtt, { type IClientOptions } from 'mqtt';
import type { IPublishPacket, Packet } from 'mqtt-packet';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ManualClock } from '../../src/clock.ts';
import type { EmbeddedBroker } from '../../src/embed.ts';
import { Child } from '../support/child.ts';
import { FREE_PORTS } from '../support/free-ports.ts';
import { RawMqtt, shown, startMqtt, type Version } from '../support/mqtt-client.ts';

const root = path.join(import.meta.dirname, '../..');
let folder: string;
let child: Child | null = null;
let embedded: EmbeddedBroker | null = null;
let port: number;
/** Where it listens, for clients that connect again by themselves; 0 anywhere. */
let fixedPort = 0;

/** A process of its own, which can be killed; or a broker in ours, which can only be stopped. */
async function start(signal: NodeJS.Signals): Promise<void> {
  if (signal === 'SIGTERM') {
    const broker = await startMqtt({ data_dir: folder });
    embedded = broker;
    port = broker.mqttPort;
    return;
  }
  const env = {
    ...process.env,
    ...FREE_PORTS,
    WARREN_DATA_DIR: folder,
    WARREN_MQTT_LISTENERS_TCP_DEFAULT: String(fixedPort),
    WARREN_MQTT_ALLOW_ANONYMOUS: 'true',
  };
  child = new Child(process.execPath, ['src/main.ts'], { cwd: root, env });
  const [, found] = await child.printed(/^MQTT listening on \S+:(\d+)$/m);
  await child.printed(/Server startup complete/);
  port = Number(found);
}

/** A port that is free, and likely to stay so until the broker has it again. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port: found } = server.address() as AddressInfo;
  await new Promise((done) => server.close(done));
  return found;
}

/** The process ends without goodbye, or with one, and another takes its place. */
async function restart(signal: NodeJS.Signals): Promise<void> {
  child?.signal(signal);
  await child?.ended;
  await embedded?.stop();
  await start(signal);
}

beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'warren-mqtt-'));
});

afterEach(async () => {
  await RawMqtt.destroyAll();
  await child?.destroy();
  await embedded?.stop();
  [child, embedded] = [null, null];
  await rm(folder, { recursive: true, force: true });
});

const keeping = (version: Version, clientId: string) => ({
  clientId,
  clean: false,
  ...(version === 5 && { properties: { sessionExpiryInterval: 1000 } }),
});

/** Is a text in some bytes of the catalog on disk? */
async function isWritten(text: string): Promise<boolean> {
  const definitions = path.join(folder, 'definitions');
  const names = await readdir(definitions);
  const files = await Promise.all(names.map((name) => readFile(path.join(definitions, name))));
  const bytes = files.flatMap((file) => [...String(file).matchAll(/"([\w+/]{8,}={0,2})"/g)]);
  return bytes.some(([, base64]) => Buffer.from(base64 ?? '', 'base64').includes(text));
}

const publishes = (packets: readonly Packet[]): IPublishPacket[] =>
  packets.filter((packet) => packet.cmd === 'publish');

/** The publishes that come, until so many have. */
async function take(client: RawMqtt, count: number): Promise<IPublishPacket[]> {
  const found: IPublishPacket[] = [];
  while (found.length < count) {
    const packet = await client.next();
    if (packet.cmd === 'publish') found.push(packet);
  }
  return found;
}

describe('a broker that is killed again and again', () => {
  it('delivers every QoS 2 message exactly once [MQTT-4.3.3-1], [MQTT-4.3.3-7]', async () => {
    fixedPort = await freePort();
    await start('SIGKILL');
    const options = (clientId: string): IClientOptions => ({
      ...{ clientId, clean: false, protocolVersion: 5, reconnectPeriod: 50 },
      properties: { sessionExpiryInterval: 1000 },
    });
    const url = `mqtt://127.0.0.1:${port}`;
    const [reader, writer] = [
      await mqtt.connectAsync(url, options('reader')),
      await mqtt.connectAsync(url, options('writer')),
    ];
    for (const client of [reader, writer]) client.on('error', () => {});
    const seen: string[] = [];
    reader.on('message', (_topic, payload) => seen.push(String(payload)));
    await reader.subscribeAsync('chaos', { qos: 2 });
    const sending: Promise<unknown>[] = [];
    for (let round = 0; round < 3; round++) {
      for (let i = 0; i < 200; i++) {
        sending.push(writer.publishAsync('chaos', String(sending.length), { qos: 2 }));
      }
      // In the middle of it: some have been taken, the others have not.
      await sending[round * 200 + 50];
      await restart('SIGKILL');
    }
    await Promise.all(sending);
    while (new Set(seen).size < sending.length)
      await new Promise((resolve) => reader.once('message', resolve));
    expect(seen.map(Number).sort((a, b) => a - b)).toEqual(sending.map((_, index) => index));
    await Promise.all([reader.endAsync(true), writer.endAsync(true)]);
    fixedPort = 0;
  }, 120_000);
});

describe.each(['SIGKILL', 'SIGTERM'] as const)('after %s', (signal) => {
  beforeEach(() => start(signal), 60_000);

  it('sessions, subscriptions and their messages are there again', async () => {
    const first = await RawMqtt.login(port, 5, keeping(5, 'reader'));
    await first.subscribe('a/+', 1, { rap: true }, { subscriptionIdentifier: 77 });
    await first.subscribe('$share/g/s/#', 1);
    await first.disconnect();
    const publisher = await RawMqtt.login(port, 4);
    for (const topic of ['a/1', 's/x', 'a/2']) publisher.publish(topic, topic, { qos: 1 });
    for (let i = 0; i < 3; i++) await publisher.expect('puback');
    await restart(signal);
    const again = await RawMqtt.login(port, 5, keeping(5, 'reader'));
    expect(again.connack.sessionPresent).toBe(true);
    const found = await take(again, 3);
    expect(found.map(({ topic }) => topic).sort()).toEqual(['a/1', 'a/2', 's/x']);
    const ids = found.map(({ properties }) => properties?.subscriptionIdentifier);
    expect(ids.filter((id) => id === 77)).toHaveLength(2);
    const other = await RawMqtt.login(port, 4);
    other.publish('a/3', 'after', { qos: 1, retain: true });
    const [live] = await take(again, 1);
    expect(shown(live!)).toBe('a/3 after qos=1 retain');
  }, 60_000);

  it('retained messages are there again, and deleted ones are not', async () => {
    const first = await RawMqtt.login(port, 5);
    const properties = { userProperties: { a: 'b' }, contentType: 'text/plain' };
    first.publish('r/kept', 'x', { qos: 1, retain: true, properties });
    first.publish('r/changed', 'old', { qos: 1, retain: true });
    first.publish('r/changed', 'new', { qos: 2, retain: true });
    first.publish('r/gone', 'x', { qos: 1, retain: true });
    first.publish('r/gone', '', { qos: 1, retain: true });
    for (let i = 0; i < 5; i++) await first.next();
    await restart(signal);
    const late = await RawMqtt.login(port, 5);
    await late.subscribe('r/#', 2);
    const found = publishes(await late.ping());
    expect(found.map(shown).sort()).toEqual([
      'r/changed new qos=2 retain',
      'r/kept x qos=1 retain',
    ]);
    const kept = found.find(({ topic }) => topic === 'r/kept');
    expect(kept?.properties).toMatchObject(properties);
  }, 60_000);

  it('a QoS 2 message that came before is not taken again [MQTT-4.3.3-10]', async () => {
    const reader = await RawMqtt.login(port, 4, keeping(4, 'reader'));
    await reader.subscribe('t', 1);
    await reader.disconnect();
    const first = await RawMqtt.login(port, 4, keeping(4, 'writer'));
    for (const id of [1, 2, 3]) first.publish('t', String(id), { qos: 2, messageId: id });
    for (let i = 0; i < 3; i++) await first.expect('pubrec');
    first.send({ cmd: 'pubrel', messageId: 1 });
    await first.expect('pubcomp');
    await restart(signal);
    const again = await RawMqtt.login(port, 4, keeping(4, 'writer'));
    expect(again.connack.sessionPresent).toBe(true);
    // 2 and 3 were not released: the client sends them again. 1 is another message now.
    again.publish('t', 'not 1', { qos: 2, messageId: 1, dup: true });
    again.publish('t', '2', { qos: 2, messageId: 2, dup: true });
    again.publish('t', '3', { qos: 2, messageId: 3, dup: true });
    for (let i = 0; i < 3; i++) await again.expect('pubrec');
    for (const id of [1, 2, 3]) again.send({ cmd: 'pubrel', messageId: id });
    for (let i = 0; i < 3; i++) await again.expect('pubcomp');
    const back = await RawMqtt.login(port, 4, keeping(4, 'reader'));
    const found = await take(back, 4);
    expect(found.map(({ payload }) => String(payload))).toEqual(['1', '2', '3', 'not 1']);
    expect(publishes(await back.ping())).toEqual([]);
  }, 60_000);

  it('a QoS 2 message that the client has is released, not sent again [MQTT-4.4.0-1]', async () => {
    const reader = await RawMqtt.login(port, 4, keeping(4, 'reader'));
    await reader.subscribe('t', 2);
    const writer = await RawMqtt.login(port, 4);
    for (const id of [1, 2, 3]) {
      writer.publish('t', String(id), { qos: 2, messageId: id });
      await writer.expect('pubrec');
    }
    const sent = await take(reader, 3);
    const idOf = (index: number): number => sent[index]!.messageId as number;
    reader.send({ cmd: 'pubrec', messageId: idOf(0) });
    await reader.expect('pubrel');
    reader.send({ cmd: 'pubcomp', messageId: idOf(0) });
    reader.send({ cmd: 'pubrec', messageId: idOf(1) });
    await reader.expect('pubrel');
    await restart(signal);
    const again = await RawMqtt.login(port, 4, keeping(4, 'reader'));
    expect(again.connack.sessionPresent).toBe(true);
    const released = await again.expect('pubrel');
    const packets: Packet[] = [released];
    while (publishes(packets).length === 0) packets.push(await again.next());
    packets.push(...(await again.ping()));
    // The first may be released once more: its PUBCOMP need not have been written.
    const pubrels = packets.filter(({ cmd }) => cmd === 'pubrel').map((one) => one.messageId);
    expect(pubrels).toContain(idOf(1));
    const [third, ...others] = publishes(packets);
    expect(others).toEqual([]);
    expect(shown(third!)).toMatch(/^t 3 qos=2( dup)?$/);
    expect(third?.messageId).toBe(idOf(2));
  }, 60_000);

  it('a will whose delay runs is published when it is due, and once', async () => {
    const watcher = await RawMqtt.login(port, 5, keeping(5, 'watcher'));
    await watcher.subscribe('will', 1);
    const client = await RawMqtt.login(port, 5, {
      ...keeping(5, 'lost'),
      will: {
        ...{ topic: 'will', payload: Buffer.from('gone'), qos: 1, retain: true },
        properties: { willDelayInterval: 4, contentType: 'text/plain' },
      },
    });
    await client.destroy();
    await expect.poll(() => isWritten('will'), { timeout: 20_000 }).toBe(true);
    await restart(signal);
    const again = await RawMqtt.login(port, 5, keeping(5, 'watcher'));
    const [will] = await take(again, 1);
    // On a slow machine it was due before the end: then it comes again.
    expect(shown(will!)).toMatch(/^will gone qos=1( dup)?$/);
    expect(will!.properties?.contentType).toBe('text/plain');
    again.send({ cmd: 'puback', messageId: will!.messageId as number });
    await again.ping();
    // What was acknowledged just before a kill may come again; a proper stop writes that down.
    await restart('SIGTERM');
    const late = await RawMqtt.login(port, 5, keeping(5, 'watcher'));
    expect(publishes(await late.ping()).filter(({ dup }) => !dup)).toEqual([]);
    await late.subscribe('will', 1);
    const found = publishes([...(await take(late, 1)), ...(await late.ping())]);
    expect(found.map(shown)).toContain('will gone qos=1 retain');
  }, 60_000);

  it('messages of QoS 1 that were acknowledged to their publisher reach their subscriber', async () => {
    const reader = await RawMqtt.login(port, 4, keeping(4, 'reader'));
    await reader.subscribe('t', 1);
    const writer = await RawMqtt.login(port, 4);
    for (let i = 0; i < 200; i++) writer.publish('t', String(i), { qos: 1 });
    for (let i = 0; i < 200; i++) {
      let packet = await writer.next();
      while (packet.cmd !== 'puback') packet = await writer.next();
    }
    await restart(signal);
    const again = await RawMqtt.login(port, 4, keeping(4, 'reader'));
    const seen: string[] = [];
    while (seen.length < 200) {
      const [publish] = await take(again, 1);
      again.send({ cmd: 'puback', messageId: publish!.messageId as number });
      seen.push(String(publish!.payload));
    }
    expect(seen).toEqual(seen.map((_, index) => String(index)));
  }, 60_000);
});

describe('a broker that stops', () => {
  it('has a will wait as long as it has to, unless its client is back [MQTT-3.1.3-9]', async () => {
    const clock = new ManualClock();
    const begin = async (): Promise<void> => {
      embedded = await startMqtt({ data_dir: folder }, clock);
      port = embedded.portOf('mqtt') as number;
    };
    await begin();
    const watcher = await RawMqtt.login(port, 5, keeping(5, 'watcher'));
    await watcher.subscribe('will/#', 1);
    for (const clientId of ['back', 'lost', 'forgotten']) {
      const will = { topic: `will/${clientId}`, payload: Buffer.from('gone'), qos: 1 as const };
      const properties = { willDelayInterval: clientId === 'forgotten' ? 0xffff_ffff : 30 };
      const fields = { will: { ...will, retain: false, properties }, ...keeping(5, clientId) };
      await (await RawMqtt.login(port, 5, fields)).destroy();
    }
    await embedded?.stop();
    await begin();
    const again = await RawMqtt.login(port, 5, keeping(5, 'watcher'));
    await RawMqtt.login(port, 5, keeping(5, 'back'));
    clock.advance(29_999);
    expect(publishes(await again.ping())).toEqual([]);
    clock.advance(1);
    expect((await take(again, 1)).map(shown)).toEqual(['will/lost gone qos=1']);
    expect(publishes(await again.ping())).toEqual([]);
    // When the session ends, the wait does, too.
    clock.advance(1_000_000);
    expect((await take(again, 1)).map(shown)).toEqual(['will/forgotten gone qos=1']);
  }, 60_000);

  it('publishes the wills of those who are connected [MQTT-3.1.2-8]', async () => {
    await start('SIGTERM');
    const watcher = await RawMqtt.login(port, 4, keeping(4, 'watcher'));
    await watcher.subscribe('will', 1);
    await watcher.disconnect();
    const will = { topic: 'will', payload: Buffer.from('gone'), qos: 1 as const, retain: false };
    const client = await RawMqtt.login(port, 5, { will });
    await restart('SIGTERM');
    expect(await client.end()).toBe(0x8b);
    const again = await RawMqtt.login(port, 4, keeping(4, 'watcher'));
    expect((await take(again, 1)).map(shown)).toEqual(['will gone qos=1']);
  }, 60_000);
});
