/**
 * RawMqtt: an MQTT client made of packets, for tests that say what no library would say. Its codec
 * is mqtt-packet, so that ours is not its own judge; it answers nothing by itself.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import {
  generate,
  type IConnackPacket,
  type IConnectPacket,
  type IPublishPacket,
  type Packet,
  type Parser,
  parser,
} from 'mqtt-packet';
import type { Clock } from '../../src/clock.ts';
import type { Overrides } from '../../src/config.ts';
import { type EmbeddedBroker, startBroker } from '../../src/embed.ts';
import type { Log } from '../../src/log.ts';

export type Version = 3 | 4 | 5;

/** A broker with MQTT on a free port, where anybody may connect. */
export async function startMqtt(
  config: Overrides = {},
  clock?: Clock,
  log?: Log,
): Promise<EmbeddedBroker & { readonly mqttPort: number }> {
  const listening = { 'mqtt.listeners.tcp.default': '127.0.0.1:0', 'mqtt.allow_anonymous': true };
  const options = {
    config: { ...listening, ...config },
    ...(clock && { clock }),
    ...(log && { log }),
  };
  const broker = await startBroker(options);
  return { ...broker, mqttPort: broker.portOf('mqtt') as number };
}

type Connect = Partial<Omit<IConnectPacket, 'cmd'>>;

let clients = 0;

/** A client identifier that nobody else has. */
export function freshId(): string {
  return `client-${++clients}`;
}

export function connectPacket(version: Version, fields: Connect = {}): IConnectPacket {
  return {
    cmd: 'connect',
    protocolId: version === 3 ? 'MQIsdp' : 'MQTT',
    protocolVersion: version,
    clientId: freshId(),
    clean: true,
    keepalive: 0,
    ...fields,
  };
}

/** mqtt-packet makes no CONNECT without identifier, unless it is allowed. */
function withoutId(packet: IConnectPacket): Buffer {
  const { protocolVersion } = packet;
  const bytes = generate({ ...packet, clientId: 'x' }, { protocolVersion: protocolVersion ?? 4 });
  const at = bytes.lastIndexOf(Buffer.from([0, 1, 0x78]));
  bytes[1] = (bytes[1] as number) - 1;
  return Buffer.concat([bytes.subarray(0, at), Buffer.from([0, 0]), bytes.subarray(at + 3)]);
}

/** Those that are connected, so that a test that fails does not leave one to the next. */
const connected = new Set<RawMqtt>();

export class RawMqtt {
  readonly socket: Socket;
  readonly version: Version;
  readonly closed: Promise<void>;
  connack!: IConnackPacket;
  isClosed = false;
  private readonly parser: Parser;
  private readonly packets: Packet[] = [];
  private wake: (() => void) | null = null;
  private lastId = 0;

  private constructor(socket: Socket, version: Version) {
    this.socket = socket;
    this.version = version;
    this.parser = parser({ protocolVersion: version } as object);
    this.parser.on('packet', (packet: Packet) => {
      this.packets.push(packet);
      this.wake?.();
    });
    socket.on('data', (chunk) => this.parser.parse(chunk));
    socket.on('error', () => {});
    this.closed = new Promise((resolve) => {
      socket.once('close', () => {
        this.isClosed = true;
        connected.delete(this);
        this.wake?.();
        resolve();
      });
    });
  }

  /** Connects and says nothing. */
  static async dial(port: number, version: Version = 4): Promise<RawMqtt> {
    const client = new RawMqtt(connect({ port, host: '127.0.0.1' }), version);
    connected.add(client);
    await once(client.socket, 'connect');
    return client;
  }

  /** Connects and logs in; what the broker says to that is `connack`. */
  static async login(port: number, version: Version = 4, fields: Connect = {}): Promise<RawMqtt> {
    const client = await RawMqtt.dial(port, version);
    if (fields.clientId === '') client.write(withoutId(connectPacket(version, fields)));
    else client.send(connectPacket(version, fields));
    client.connack = (await client.expect('connack')) as IConnackPacket;
    return client;
  }

  static async destroyAll(): Promise<void> {
    await Promise.all([...connected].map((client) => client.destroy()));
  }

  send(packet: Packet): void {
    this.socket.write(generate(packet, { protocolVersion: this.version }));
  }

  /** Bytes that are a packet, or are not. */
  write(...parts: readonly (Buffer | readonly number[])[]): void {
    this.socket.write(Buffer.concat(parts.map((part) => Buffer.from(part as Buffer))));
  }

  /** The next packet. @throws Error if the broker closes instead */
  async next(): Promise<Packet> {
    for (;;) {
      const packet = this.packets.shift();
      if (packet !== undefined) return packet;
      if (this.isClosed) throw new Error('the broker closed the connection');
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
  }

  /** The next packet, which has to be of that type. */
  async expect<C extends Packet['cmd']>(cmd: C): Promise<Extract<Packet, { cmd: C }>> {
    const packet = await this.next();
    if (packet.cmd === cmd) return packet as Extract<Packet, { cmd: C }>;
    throw new Error(`${cmd} expected, got ${JSON.stringify(packet)}`);
  }

  /** The next packet of that type; those before it are dropped. */
  async until<C extends Packet['cmd']>(cmd: C): Promise<Extract<Packet, { cmd: C }>> {
    for (;;) {
      const packet = await this.next();
      if (packet.cmd === cmd) return packet as Extract<Packet, { cmd: C }>;
    }
  }

  /** Packets that came and that nobody has asked for. */
  get unread(): readonly Packet[] {
    return this.packets;
  }

  subscribe(topic: string, qos: 0 | 1 | 2 = 0, more: object = {}, properties: object = {}) {
    const messageId = ++this.lastId;
    const options = this.version === 5 ? { nl: false, rap: false, rh: 0 } : {};
    this.send({
      cmd: 'subscribe',
      messageId,
      subscriptions: [{ topic, qos, ...options, ...more }],
      properties,
    } as Packet);
    return this.expect('suback');
  }

  async unsubscribe(topic: string) {
    const packet = { cmd: 'unsubscribe', messageId: ++this.lastId, unsubscriptions: [topic] };
    this.send(packet as Packet);
    return this.expect('unsuback');
  }

  /** Sends a PUBLISH. Returns its packet identifier. */
  publish(topic: string, payload: string | Buffer, fields: Partial<IPublishPacket> = {}): number {
    const qos = fields.qos ?? 0;
    const messageId = fields.messageId ?? (qos > 0 ? ++this.lastId : undefined);
    const packet = { cmd: 'publish', topic, payload, qos, dup: false, retain: false, ...fields };
    this.send({ ...packet, ...(messageId !== undefined && { messageId }) } as Packet);
    return messageId ?? 0;
  }

  /** A question and its answer: everything before has been dealt with. Publishes may come first. */
  async ping(): Promise<Packet[]> {
    this.send({ cmd: 'pingreq' });
    const before: Packet[] = [];
    for (;;) {
      const packet = await this.next();
      if (packet.cmd === 'pingresp') return before;
      before.push(packet);
    }
  }

  /** Says goodbye, and sees the broker close. */
  async disconnect(fields: object = {}): Promise<void> {
    this.send({ cmd: 'disconnect', ...fields } as Packet);
    this.socket.end();
    await this.closed;
  }

  /** Closes by force, as a client that dies does. */
  async destroy(): Promise<void> {
    this.socket.destroy();
    await this.closed;
  }

  /** What the broker says before it closes: the code of its DISCONNECT, or null. */
  async end(): Promise<number | null> {
    await this.closed;
    const last = this.packets.at(-1);
    return last?.cmd === 'disconnect' ? (last.reasonCode ?? 0) : null;
  }
}

/** What a PUBLISH says, in short: `a/b payload qos=1 retain dup`. */
export function shown(packet: Packet): string {
  if (packet.cmd !== 'publish') return packet.cmd;
  const { topic, payload, qos, retain, dup } = packet;
  return `${topic} ${payload} qos=${qos}${retain ? ' retain' : ''}${dup ? ' dup' : ''}`;
}
