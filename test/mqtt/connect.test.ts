/** CONNECT and CONNACK [MQTT 3.1, 3.2]: who gets in, on which terms, who does not. */
import type { IConnackPacket } from 'mqtt-packet';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { connectPacket, RawMqtt, startMqtt, type Version } from '../support/mqtt-client.ts';

let broker: Awaited<ReturnType<typeof startMqtt>>;
beforeAll(async () => {
  broker = await startMqtt();
});
afterEach(() => RawMqtt.destroyAll());
afterAll(() => broker.stop());

const VERSIONS: readonly Version[] = [3, 4, 5];

/** What the broker says to these bytes before it closes: packets, none at all for most. */
async function answerTo(bytes: Buffer | readonly number[], version: Version = 4) {
  const client = await RawMqtt.dial(broker.mqttPort, version);
  client.write(bytes);
  await client.closed;
  return client.unread;
}

/** A CONNECT by hand: protocol name, level, flags, keep-alive, and what follows. */
function connectBytes(name: string, level: number, flags: number, ...rest: number[]): Buffer {
  const body = [0, name.length, ...Buffer.from(name), level, flags, 0, 0, ...rest];
  return Buffer.from([0x10, body.length, ...body]);
}

const text = (value: string): number[] => [0, value.length, ...Buffer.from(value)];

describe.each(VERSIONS)('CONNECT of version %i', (version) => {
  it('is answered by CONNACK before anything else [MQTT-3.2.0-1]', async () => {
    const client = await RawMqtt.login(broker.mqttPort, version);
    expect(client.connack.returnCode ?? client.connack.reasonCode).toBe(0);
    expect(client.connack.sessionPresent).toBe(false);
  });

  it('has to be the first packet [MQTT-3.1.0-1]', async () => {
    expect(await answerTo([0xc0, 0], version)).toEqual([]);
    expect(await answerTo([0x30, 3, 0, 1, 0x61], version)).toEqual([]);
  });

  it('may not come twice [MQTT-3.1.0-2]', async () => {
    const client = await RawMqtt.login(broker.mqttPort, version);
    client.send(connectPacket(version));
    expect(await client.end()).toBe(version === 5 ? 0x82 : null);
  });

  it('with a wrong password is refused and closed [MQTT-3.1.4-2]', async () => {
    const fields = { username: 'guest', password: Buffer.from('wrong') };
    const client = await RawMqtt.login(broker.mqttPort, version, fields);
    expect(client.connack.returnCode ?? client.connack.reasonCode).toBe(version === 5 ? 0x86 : 4);
    await client.closed;
  });

  it('for a vhost that is not there is not authorized', async () => {
    const fields = { username: 'nowhere:guest', password: Buffer.from('guest') };
    const client = await RawMqtt.login(broker.mqttPort, version, fields);
    expect(client.connack.returnCode ?? client.connack.reasonCode).toBe(version === 5 ? 0x87 : 5);
    await client.closed;
  });

  it('may name its vhost in front of the user', async () => {
    const fields = { username: '/:guest', password: Buffer.from('guest') };
    const client = await RawMqtt.login(broker.mqttPort, version, fields);
    expect(client.connack.returnCode ?? client.connack.reasonCode).toBe(0);
  });

  it('may be followed by other packets at once [MQTT-3.1.4-5]', async () => {
    const client = await RawMqtt.dial(broker.mqttPort, version);
    client.send(connectPacket(version));
    client.send({ cmd: 'pingreq' });
    await client.expect('connack');
    await client.expect('pingresp');
  });

  it('with a reserved flag is not answered [MQTT-3.1.2-3]', async () => {
    const [name, level] = version === 3 ? ['MQIsdp', 3] : ['MQTT', version];
    const tail = version === 5 ? [0, ...text('x')] : text('x');
    expect(await answerTo(connectBytes(name as string, level as number, 3, ...tail))).toEqual([]);
  });

  it('may have a will of QoS 0, 1 or 2, not 3 [MQTT-3.1.2-12]', async () => {
    const [name, level] = version === 3 ? ['MQIsdp', 3] : ['MQTT', version];
    const properties = version === 5 ? [0] : [];
    const will = [...properties, ...text('t'), ...text('p')];
    const tail = [...properties, ...text('x'), ...will];
    const flags = (qos: number): number => 0x02 | 0x04 | (qos << 3);
    for (const qos of [0, 1, 2]) {
      const client = await RawMqtt.dial(broker.mqttPort, version);
      client.write(connectBytes(name as string, level as number, flags(qos), ...tail));
      await client.expect('connack');
    }
    const bad = connectBytes(name as string, level as number, flags(3), ...tail);
    expect(await answerTo(bad)).toEqual([]);
  });

  it('without will may have no QoS or retain for it [MQTT-3.1.2-11], [MQTT-3.1.2-13]', async () => {
    const [name, level] = version === 3 ? ['MQIsdp', 3] : ['MQTT', version];
    const tail = version === 5 ? [0, ...text('x')] : text('x');
    for (const flags of [0x0a, 0x22]) {
      const bytes = connectBytes(name as string, level as number, flags, ...tail);
      expect(await answerTo(bytes)).toEqual([]);
    }
  });

  it('with strings that are not UTF-8 is not answered [MQTT-1.5.4-1], [MQTT-3.1.3-4]', async () => {
    const [name, level] = version === 3 ? ['MQIsdp', 3] : ['MQTT', version];
    const properties = version === 5 ? [0] : [];
    for (const id of [
      [0xff, 0xfe],
      [0xed, 0xa0, 0x80],
      [0xc0, 0x80],
      [0x61, 0],
    ]) {
      const bytes = [...properties, 0, id.length, ...id];
      expect(await answerTo(connectBytes(name as string, level as number, 2, ...bytes))).toEqual(
        [],
      );
    }
  });

  it('that is longer or shorter than what is in it is not answered', async () => {
    const [name, level] = version === 3 ? ['MQIsdp', 3] : ['MQTT', version];
    const tail = version === 5 ? [0, ...text('x')] : text('x');
    const longer = connectBytes(name as string, level as number, 2, ...tail, 0);
    expect(await answerTo(longer)).toEqual([]);
    const shorter = connectBytes(name as string, level as number, 0x82, ...tail);
    expect(await answerTo(shorter)).toEqual([]);
  });
});

describe('CONNECT', () => {
  it.each(['MQTt', 'mqtt', 'HTTP', ''])(
    'of protocol %j is not answered [MQTT-3.1.2-1]',
    async (name) => {
      expect(await answerTo(connectBytes(name, 4, 2, ...text('x')))).toEqual([]);
    },
  );

  it.each([
    ['MQTT', 6],
    ['MQTT', 3],
    ['MQTT', 0],
    ['MQIsdp', 4],
  ])('of %s version %i is refused by return code 1 [MQTT-3.1.2-2]', async (name, level) => {
    const [connack] = await answerTo(connectBytes(name, level, 2, ...text('x')));
    expect((connack as IConnackPacket).returnCode).toBe(1);
  });

  it('of version 3.1.1 without identifier and with a session is refused by 2 [MQTT-3.1.3-8]', async () => {
    const client = await RawMqtt.login(broker.mqttPort, 4, { clientId: '', clean: false });
    expect(client.connack.returnCode).toBe(2);
    await client.closed;
  });

  it('of version 3.1 without identifier is refused by 2', async () => {
    const client = await RawMqtt.login(broker.mqttPort, 3, { clientId: '' });
    expect(client.connack.returnCode).toBe(2);
  });

  it('of version 3.1.1 without identifier and without session is fine [MQTT-3.1.3-6]', async () => {
    const client = await RawMqtt.login(broker.mqttPort, 4, { clientId: '', clean: true });
    expect(client.connack.returnCode).toBe(0);
  });

  it('of version 5 without identifier is given one [MQTT-3.2.2-16]', async () => {
    const [a, b] = [
      await RawMqtt.login(broker.mqttPort, 5, { clientId: '', clean: false }),
      await RawMqtt.login(broker.mqttPort, 5, { clientId: '' }),
    ];
    const ids = [a, b].map(({ connack }) => connack.properties?.assignedClientIdentifier);
    expect(ids[0]).toMatch(/^[\w-]{22}$/);
    expect(ids[1]).not.toBe(ids[0]);
  });

  it('of version 5 with identifier is not given one', async () => {
    const { connack } = await RawMqtt.login(broker.mqttPort, 5);
    expect(connack.properties?.assignedClientIdentifier).toBe(undefined);
  });

  it('of version 3.1.1 with a password but no user is not answered [MQTT-3.1.2-22]', async () => {
    expect(await answerTo(connectBytes('MQTT', 4, 0x42, ...text('x'), ...text('p')))).toEqual([]);
  });

  it('that asks for enhanced authentication is refused by 0x8C [MQTT-4.12.0-1]', async () => {
    const properties = { authenticationMethod: 'SCRAM-SHA-1' };
    const { connack } = await RawMqtt.login(broker.mqttPort, 5, { properties });
    expect(connack.reasonCode).toBe(0x8c);
  });

  it('is told the terms: receive maximum, packet size, aliases, expiry [MQTT 3.2.2.3]', async () => {
    const { connack } = await RawMqtt.login(broker.mqttPort, 5);
    const { receiveMaximum, maximumPacketSize, topicAliasMaximum } = connack.properties ?? {};
    expect({ receiveMaximum, maximumPacketSize, topicAliasMaximum }).toEqual({
      receiveMaximum: 4096,
      maximumPacketSize: 16 * 1024 * 1024,
      topicAliasMaximum: 16,
    });
    expect(connack.properties?.sessionExpiryInterval).toBe(undefined);
  });

  it('that asks for a longer session than allowed is told what it gets [MQTT-3.2.2-18]', async () => {
    const properties = { sessionExpiryInterval: 0xffff_ffff };
    const { connack } = await RawMqtt.login(broker.mqttPort, 5, { properties });
    expect(connack.properties?.sessionExpiryInterval).toBe(86_400);
  });

  it.each([
    ['receiveMaximum', [0x21, 0, 0]],
    ['maximumPacketSize', [0x27, 0, 0, 0, 0]],
    ['requestProblemInformation', [0x17, 2]],
    ['requestResponseInformation', [0x19, 2]],
    ['a property of PUBLISH', [0x23, 0, 1]],
    ['sessionExpiryInterval twice', [0x11, 0, 0, 0, 1, 0x11, 0, 0, 0, 1]],
    ['an unknown property', [0x7f, 0]],
    ['a property cut short', [0x11, 0]],
  ])('with a bad %s is not answered [MQTT-3.1.2.11]', async (_name, properties) => {
    const tail = [properties.length, ...properties, ...text('x')];
    expect(await answerTo(connectBytes('MQTT', 5, 2, ...tail), 5)).toEqual([]);
  });

  it('whose will has a wildcard in its topic is not answered [MQTT-3.1.2-8]', async () => {
    const tail = [...text('x'), ...text('a/#'), ...text('p')];
    expect(await answerTo(connectBytes('MQTT', 4, 6, ...tail))).toEqual([]);
  });

  it('larger than the limit before login is not answered', async () => {
    const bytes = Buffer.concat([Buffer.from([0x10, 0x80, 0x80, 0x04]), Buffer.alloc(100)]);
    expect(await answerTo(bytes)).toEqual([]);
  });
});

describe('a broker that takes nobody without a name', () => {
  it('refuses an anonymous CONNECT', async () => {
    const closed = await startMqtt({ 'mqtt.allow_anonymous': false });
    const client = await RawMqtt.login(closed.mqttPort, 4);
    expect(client.connack.returnCode).toBe(4);
    await closed.stop();
  });

  it('lets anonymous clients in when it is told who they are', async () => {
    const config = { 'mqtt.listeners.tcp.default': '127.0.0.1:0', anonymous_login_user: 'guest' };
    const { startBroker } = await import('../../src/embed.ts');
    const named = await startBroker({ config });
    const client = await RawMqtt.login(named.portOf('mqtt') as number, 4);
    expect(client.connack.returnCode).toBe(0);
    await named.stop();
  });

  it('does so by default', async () => {
    const { startBroker } = await import('../../src/embed.ts');
    const usual = await startBroker({ config: { 'mqtt.listeners.tcp.default': '127.0.0.1:0' } });
    const client = await RawMqtt.login(usual.portOf('mqtt') as number, 5);
    expect(client.connack.reasonCode).toBe(0x86);
    await usual.stop();
  });
});

describe('the broker', () => {
  it('tells clients of version 5 that it stops [MQTT 3.14.2.1]', async () => {
    const stopping = await startMqtt();
    const client = await RawMqtt.login(stopping.mqttPort, 5);
    const old = await RawMqtt.login(stopping.mqttPort, 4);
    await stopping.stop();
    expect(await client.end()).toBe(0x8b);
    expect(await old.end()).toBe(null);
  });
});
