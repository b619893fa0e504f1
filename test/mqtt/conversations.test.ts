/**
 * What one client says, byte by byte, and what it is answered: a table of edge cases for every
 * version. A row without `own` is answered alike by mosquitto 2.0.21: with WARREN_MQTT_ORACLE_PORT
 * the same rows are put to the broker that listens there.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { RawMqtt, shown, startMqtt, type Version } from '../support/mqtt-client.ts';

const ORACLE_PORT = process.env.WARREN_MQTT_ORACLE_PORT;
const PING = [0xc0, 0];

let broker: Awaited<ReturnType<typeof startMqtt>>;
beforeAll(async () => {
  broker = await startMqtt();
});
afterEach(() => RawMqtt.destroyAll());
afterAll(() => broker.stop());

type Bytes = readonly number[];

function text(value: string): number[] {
  const bytes = Buffer.from(value);
  return [bytes.length >> 8, bytes.length & 0xff, ...bytes];
}

/** A packet from what is in it; nothing here is longer than two bytes can say. */
function packet(first: number, ...parts: readonly Bytes[]): number[] {
  const body = parts.flat();
  const { length } = body;
  return [first, ...(length < 128 ? [length] : [(length & 127) | 128, length >> 7]), ...body];
}

/** The parts of version 5 that older ones do not have. */
const properties = (version: Version, ...block: Bytes): Bytes =>
  version === 5 ? [block.length, ...block] : [];

interface Row {
  readonly what: string;
  readonly versions?: readonly Version[];
  /** What the client says after its CONNECT; a PING is added. */
  says(version: Version): readonly Bytes[];
  /** The answers but CONNACK, and `end` with the code of DISCONNECT if the broker closes. */
  readonly answers: string | ((version: Version) => string);
  /** The specification leaves it open, or mosquitto is not as strict. */
  readonly own?: true;
}

const ALL: readonly Version[] = [3, 4, 5];
const FINE = 'pingresp';
/** Closed; version 5 is told why. */
const ends = (code: number) => (version: Version) => (version === 5 ? `end ${code}` : 'end');

const subscribe = (version: Version, filter: string, options = 0, id = 1): Bytes =>
  packet(0x82, [0, id], properties(version), text(filter), [options]);
const unsubscribe = (version: Version, filter: string): Bytes =>
  packet(0xa2, [0, 2], properties(version), text(filter));
const publish = (version: Version, topic: string, first = 0x30, id: Bytes = []): Bytes =>
  packet(first, text(topic), id, properties(version), [0x78]);
const carrying = (...block: Bytes): readonly Bytes[] => [
  packet(0x32, text('t'), [0, 1], [block.length], block, [0x78]),
];

const TOPICS = ['/', '//', 'a/', '/a', 'a//b', ' ', '$dollar/x', '中/é', 'x'.repeat(300)];

const ROWS: readonly Row[] = [
  ...['#', '+', '/', '+/', '/#', '+/+/#', 'a/+/b', '$share/g/+/a/#', '$dollar/+'].map((filter) => ({
    what: `may subscribe to ${filter}`,
    says: (version: Version) => [subscribe(version, filter, 1), unsubscribe(version, filter)],
    answers: (version: Version) =>
      `suback 1, ${version === 5 ? 'unsuback 0' : 'unsuback'}, ${FINE}`,
  })),
  ...['a/#/b', '#a', 'a#', '+a', 'a+', ''].flatMap((filter) => [
    {
      what: `may not subscribe to "${filter}" [MQTT-4.7.1-1], [MQTT-4.7.1-2], [MQTT-4.7.3-1]`,
      says: (version: Version) => [subscribe(version, filter)],
      answers: ends(0x81),
    },
    {
      what: `may not unsubscribe from "${filter}"`,
      says: (version: Version) => [unsubscribe(version, filter)],
      answers: ends(0x81),
    },
  ]),
  ...['$share', '$share/', '$share/g', '$share/g/'].map((filter) => ({
    what: `may not share ${filter} [MQTT-4.8.2-1]`,
    says: (version: Version) => [subscribe(version, filter)],
    answers: ends(0x82),
  })),
  {
    what: 'may not share without a name [MQTT-4.8.2-1]',
    says: (version) => [subscribe(version, '$share//t')],
    answers: ends(0x82),
    own: true,
  },
  ...TOPICS.map((topic) => ({
    what: `is sent ${topic.slice(0, 20)} as it was published`,
    says: (version: Version) => [subscribe(version, topic), publish(version, topic)],
    answers: `suback 0, ${topic} x qos=0, ${FINE}`,
  })),
  {
    what: 'gets a message by + and # but not what begins with $ [MQTT-4.7.2-1]',
    says: (version) => [
      subscribe(version, '#', 0, 1),
      subscribe(version, '+/x', 0, 2),
      publish(version, '$own/x'),
    ],
    answers: `suback 0, suback 0, ${FINE}`,
  },
  {
    what: 'has QoS 2 acknowledged again when it sends it again [MQTT-4.3.3-10]',
    says: (version) => [publish(version, 't', 0x34, [0, 5]), publish(version, 't', 0x3c, [0, 5])],
    answers: `pubrec, pubrec, ${FINE}`,
  },
  {
    what: 'may acknowledge what it was not sent',
    says: () => [packet(0x40, [0, 9]), packet(0x70, [0, 9])],
    answers: FINE,
  },
  {
    what: 'is answered PUBREL to a PUBREC for what it was not sent, and PUBCOMP to PUBREL',
    says: () => [packet(0x50, [0, 9]), packet(0x62, [0, 9])],
    answers: `pubrel, pubcomp, ${FINE}`,
  },
  ...[0x40, 0x50, 0x62, 0x70].flatMap((first) => [
    {
      what: `may not send 0x${first.toString(16)} with wrong flags [MQTT-2.1.3-1]`,
      versions: [4, 5] as const,
      says: () => [packet(first ^ 1, [0, 9])],
      answers: ends(0x81),
    },
    {
      what: `may not send 0x${first.toString(16)} that is cut short`,
      says: () => [packet(first, [0])],
      answers: ends(0x81),
    },
  ]),
  {
    what: 'may not publish with QoS 3 [MQTT-3.3.1-4]',
    says: (version) => [publish(version, 'a', 0x36, [0, 1])],
    answers: ends(0x81),
  },
  {
    what: 'may not set DUP with QoS 0 [MQTT-3.3.1-2]',
    says: (version) => [publish(version, 'a', 0x38)],
    answers: ends(0x81),
  },
  {
    what: 'may not connect twice [MQTT-3.1.0-2]',
    says: () => [packet(0x10, text('MQTT'), [4, 2, 0, 0], text('again'))],
    answers: ends(0x82),
    own: true,
  },
  {
    what: 'may send only what clients send',
    says: () => [packet(0xd0)],
    answers: ends(0x82),
  },
  {
    what: 'may not send packets of type 0',
    says: () => [packet(0)],
    answers: ends(0x82),
  },
  {
    what: 'has its retained message once, and not again when it is deleted [MQTT-3.3.1-6]',
    says: (version) => [
      publish(version, 'kept/once', 0x31),
      subscribe(version, 'kept/+'),
      packet(0x31, text('kept/once'), properties(version)),
      subscribe(version, 'kept/+', 0, 2),
    ],
    answers: `suback 0, kept/once x qos=0 retain, kept/once  qos=0, suback 0, ${FINE}`,
  },
  ...(
    [
      ['alias 0 [MQTT-3.3.2-8]', [0x23, 0, 0], 'end 148', true],
      ['an alias that is too large [MQTT-3.3.2-9]', [0x23, 0xff, 0xff], 'end 148'],
      ['payload format 2', [1, 2], 'end 130'],
      ['a property twice [MQTT-2.2.2]', [1, 1, 1, 1], 'end 130'],
      ['a property of CONNECT', [0x21, 0, 1], 'end 130'],
      ['an unknown property', [0x7f, 1], 'end 129'],
      ['a response topic with a wildcard [MQTT-3.3.2-14]', [8, ...text('a/#')], 'end 130'],
      ['a subscription identifier [MQTT-3.3.4-6]', [0x0b, 1], 'end 130', true],
      ['an empty user property', [0x26, ...text(''), ...text('')], `puback 16, ${FINE}`],
    ] as const
  ).map(([name, block, answers, own]) => ({
    what: `publishes with ${name}`,
    versions: [5] as const,
    says: () => carrying(...block),
    answers,
    ...(own && { own }),
  })),
];

function said(one: Awaited<ReturnType<RawMqtt['next']>>): string {
  const { cmd } = one;
  if (cmd === 'publish') return shown(one);
  if (cmd === 'suback' || cmd === 'unsuback') {
    const codes = one.granted ?? [];
    return codes.length === 0 ? cmd : `${cmd} ${codes}`;
  }
  if (cmd === 'disconnect') return `end ${one.reasonCode}`;
  return cmd === 'puback' && one.reasonCode ? `${cmd} ${one.reasonCode}` : cmd;
}

/** Says it, and listens until the ping is answered or the broker closes. */
async function converse(port: number, version: Version, row: Row): Promise<string> {
  const client = await RawMqtt.login(port, version);
  client.write(...row.says(version), PING);
  const heard: string[] = [];
  try {
    for (let last = ''; last !== 'pingresp'; heard.push(last)) last = said(await client.next());
  } catch {
    if (!heard.at(-1)?.startsWith('end')) heard.push('end');
  }
  return heard.join(', ');
}

const expected = ({ answers }: Row, version: Version): string =>
  typeof answers === 'string' ? answers : answers(version);

/** Of why it ends, others say something else, or nothing. */
const bare = (answers: string): string => answers.replace(/end \d+/, 'end');

describe.each(ALL)('a client of version %i', (version) => {
  const rows = ROWS.filter(({ versions = ALL }) => versions.includes(version));

  it.each(rows)('$what', async (row) => {
    expect(await converse(broker.mqttPort, version, row)).toBe(expected(row, version));
  });

  if (ORACLE_PORT !== undefined) {
    it.each(rows.filter(({ own }) => !own))('$what: so says the oracle', async (row) => {
      const answers = await converse(Number(ORACLE_PORT), version, row);
      expect(bare(answers)).toBe(bare(expected(row, version)));
    });
  }
});
