/** What clients may do: users, permissions, topic permissions, and operators who change them. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { loopbackConfig } from '../../src/listeners.ts';
import { silentLog } from '../../src/log.ts';
import { RunningBroker } from '../../src/running-broker.ts';
import { freshId, RawMqtt, shown, type Version } from '../support/mqtt-client.ts';

let running: RunningBroker;
let port: number;
const guest = { username: 'guest', password: Buffer.from('guest') };
const user = { username: 'device', password: Buffer.from('secret') };

beforeAll(async () => {
  const config = loopbackConfig({ 'mqtt.listeners.tcp.default': '127.0.0.1:0' });
  running = await RunningBroker.start({ config, log: silentLog });
  port = running.listeners.find(({ id }) => id === 'mqtt')!.port;
  const administration = running.broker.administration();
  await administration.users.put('device', { password: 'secret', tags: [] });
  const permissions = { configure: '^mqtt-', write: '^(mqtt-|amq\\.topic)', read: '.*' };
  await administration.permissions.put('device', '/', permissions);
  await administration.topicPermissions.put('device', '/', 'amq.topic', {
    write: '^own\\.{client_id}\\.',
    read: '^(own\\.{client_id}\\.|public\\.)',
  });
});
afterEach(() => RawMqtt.destroyAll());
afterAll(() => running.stop('over'));

const VERSIONS: readonly Version[] = [4, 5];

describe.each(VERSIONS)('a client of version %i', (version) => {
  const login = (clientId: string) => RawMqtt.login(port, version, { clientId, ...user });

  it('subscribes to what it may read, and is refused the rest [MQTT-3.9.3-2]', async () => {
    const id = freshId();
    const client = await login(id);
    const granted = async (topic: string) => (await client.subscribe(topic, 1)).granted[0];
    const refused = version === 5 ? 0x87 : 0x80;
    expect(await granted(`own/${id}/x`)).toBe(1);
    expect(await granted('public/#')).toBe(1);
    expect(await granted('own/somebody/x')).toBe(refused);
    expect(await granted('secret')).toBe(refused);
  });

  it('publishes to its own topics', async () => {
    const id = freshId();
    const client = await login(id);
    await client.subscribe(`own/${id}/x`, 0);
    client.publish(`own/${id}/x`, 'mine', { qos: 1 });
    const packets = (await client.ping()).map(shown);
    expect(packets.sort()).toEqual([`own/${id}/x mine qos=0`, 'puback']);
  });

  it('that publishes where it may not is told so, or disconnected', async () => {
    const client = await login(freshId());
    client.publish('own/somebody/x', 'not mine', { qos: 1 });
    if (version === 5) expect((await client.expect('puback')).reasonCode).toBe(0x87);
    else expect(await client.end()).toBe(null);
    const other = await login(freshId());
    other.publish('own/somebody/x', 'not mine', { qos: 0 });
    expect(await other.end()).toBe(version === 5 ? 0x87 : null);
  });

  it('leaves a will to its own topics, and to no others', async () => {
    const id = freshId();
    const watcher = await RawMqtt.login(port, 5, guest);
    await watcher.subscribe('own/#', 0);
    for (const topic of ['own/somebody/x', `own/${id}/x`]) {
      const will = { topic, payload: Buffer.from('gone'), qos: 0 as const, retain: false };
      await (await RawMqtt.login(port, version, { clientId: id, ...user, will })).destroy();
    }
    expect(shown(await watcher.next())).toBe(`own/${id}/x gone qos=0`);
  });

  it('that an operator disconnects is told why, and has its will published [MQTT-3.1.2-8]', async () => {
    const id = freshId();
    const watcher = await RawMqtt.login(port, 5, guest);
    await watcher.subscribe('own/#', 0);
    const will = {
      topic: `own/${id}`,
      payload: Buffer.from('gone'),
      qos: 0,
      retain: false,
    } as const;
    const client = await RawMqtt.login(port, version, { clientId: id, ...guest, will });
    const open = [...running.connections].find((one) => one.describe().clientId === id);
    open?.close('enough');
    expect(await client.end()).toBe(version === 5 ? 0x98 : null);
    expect(shown(await watcher.next())).toBe(`own/${id} gone qos=0`);
  });

  it('is let go when its user is deleted', async () => {
    const { users, permissions } = running.broker.administration();
    await users.put('passing', { password: 'x', tags: [] });
    await permissions.put('passing', '/', { configure: '.*', write: '.*', read: '.*' });
    const passing = { username: 'passing', password: Buffer.from('x') };
    const client = await RawMqtt.login(port, version, { clientId: freshId(), ...passing });
    await users.delete('passing');
    expect(await client.end()).toBe(version === 5 ? 0x98 : null);
  });

  it('finds nothing of a vhost that was deleted and made again', async () => {
    const { vhosts, permissions } = running.broker.administration();
    const make = async () => {
      await vhosts.put('again', {});
      await permissions.put('guest', 'again', { configure: '.*', write: '.*', read: '.*' });
    };
    await make();
    const session = version === 5 ? { properties: { sessionExpiryInterval: 100 } } : {};
    const fields = {
      ...{ username: 'again:guest', password: Buffer.from('guest') },
      ...{ clientId: `again-${version}`, clean: false, ...session },
    };
    const first = await RawMqtt.login(port, version, fields);
    await first.subscribe('kept', 1);
    first.publish('kept', 'x', { qos: 1, retain: true });
    await first.ping();
    await first.disconnect();
    await vhosts.delete('again');
    await make();
    const back = await RawMqtt.login(port, version, fields);
    expect(back.connack.sessionPresent).toBe(false);
    await back.subscribe('#', 1);
    expect(await back.ping()).toEqual([]);
    await back.disconnect();
    await vhosts.delete('again');
  });

  it('may go to another vhost by its name, by the port, or not at all', async () => {
    const administration = running.broker.administration();
    const name = `vhost-${version}`;
    await administration.vhosts.put(name, {});
    await administration.permissions.put('guest', name, {
      configure: '.*',
      write: '.*',
      read: '.*',
    });
    const vhostOf = () => [...running.broker.sessions].map(({ vhost }) => vhost.name);
    const named = await RawMqtt.login(port, version, { ...guest, username: `${name}:guest` });
    expect(vhostOf()).toContain(name);
    await named.disconnect();
    await administration.parameters.putGlobal('mqtt_port_to_vhost_mapping', { [port]: name });
    const mapped = await RawMqtt.login(port, version, guest);
    expect(mapped.connack.returnCode ?? mapped.connack.reasonCode).toBe(0);
    expect(vhostOf()).toContain(name);
    await administration.parameters.putGlobal('mqtt_port_to_vhost_mapping', {});
    const refused = await RawMqtt.login(port, version, {
      ...{ clientId: freshId(), ...user, username: `${name}:device` },
    });
    expect(refused.connack.returnCode ?? refused.connack.reasonCode).toBe(version === 5 ? 0x87 : 5);
  });
});
