/**
 * MqttLoad: publishers and subscribers of one MQTT 3.1.1 broker, made of packets that are encoded
 * beforehand, in a closed loop: at most so many messages are between publish and delivery. Counts
 * deliveries by their bytes; acknowledges QoS 1.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

export interface MqttScenario {
  readonly name: string;
  readonly qos: 0 | 1;
  readonly publishers: number;
  readonly subscribers: number;
  readonly bodyBytes: number;
  /** Messages between publish and delivery, for each subscriber. */
  readonly window: number;
  /** Deliveries in all. */
  readonly deliveries: number;
}

const TOPIC = 'bench/topic';
const BATCH = 500;
const MAX_ID = 65_535;

/** Nothing has come for so long: what is missing is lost. */
const STALL_MS = 3_000;

let clients = 0;

function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 255]), bytes]);
}

function packet(first: number, ...parts: readonly Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  const length: number[] = [];
  for (let rest = body.length; ; rest = rest >> 7) {
    length.push(rest > 127 ? (rest & 127) | 128 : rest);
    if (rest <= 127) break;
  }
  return Buffer.concat([Buffer.from([first, ...length]), body]);
}

async function logIn(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  socket.setNoDelay(true);
  const flags = Buffer.from([4, 0xc2, 0, 0]);
  const id = text(`bench-${process.pid}-${++clients}`);
  socket.write(packet(0x10, text('MQTT'), flags, id, text('guest'), text('guest')));
  const [answer] = (await once(socket, 'data')) as [Buffer];
  if (answer[3] !== 0) throw new Error(`the broker refuses the login: ${answer[3]}`);
  return socket;
}

/** One run; see run(). */
class Load {
  private readonly scenario: MqttScenario;
  private readonly publishers: Socket[] = [];
  private readonly subscribers: Socket[] = [];
  private readonly messages: number;
  private readonly template: Buffer;
  private readonly idAt: number;
  private sent = 0;
  private acked = 0;
  private delivered = 0;
  private nextId = 1;
  private finish: () => void = () => {};

  constructor(scenario: MqttScenario) {
    const { qos, bodyBytes, subscribers, deliveries } = scenario;
    this.scenario = scenario;
    this.messages = Math.ceil(deliveries / subscribers);
    const id = qos === 0 ? Buffer.alloc(0) : Buffer.alloc(2);
    this.template = packet(0x30 | (qos << 1), text(TOPIC), id, Buffer.alloc(bodyBytes, 'x'));
    this.idAt = this.template.length - bodyBytes - 2;
  }

  async open(port: number): Promise<void> {
    const { subscribers, publishers, qos } = this.scenario;
    for (let i = 0; i < subscribers; i++) {
      const socket = await logIn(port);
      socket.write(packet(0x82, Buffer.from([0, 1]), text(TOPIC), Buffer.from([qos])));
      await once(socket, 'data');
      this.subscribe(socket);
    }
    for (let i = 0; i < publishers; i++) {
      const socket = await logIn(port);
      socket.on('data', (chunk: Buffer) => {
        this.acked += chunk.length / 4;
        this.pump();
      });
      this.publishers.push(socket);
    }
  }

  /** Returns how many were delivered: some brokers drop QoS 0 when they are busy. */
  async run(): Promise<number> {
    const finished = new Promise<void>((resolve) => {
      this.finish = resolve;
    });
    let before = -1;
    const watch = setInterval(() => {
      if (this.delivered === before) this.finish();
      before = this.delivered;
    }, STALL_MS);
    this.pump();
    await finished;
    clearInterval(watch);
    return this.delivered;
  }

  close(): void {
    for (const socket of [...this.publishers, ...this.subscribers]) socket.destroy();
  }

  private subscribe(socket: Socket): void {
    this.subscribers.push(socket);
    const { length } = this.template;
    let rest: Buffer = Buffer.alloc(0);
    socket.on('data', (chunk: Buffer) => {
      const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      const count = Math.floor(bytes.length / length);
      if (this.scenario.qos === 1 && count > 0) {
        const acks = Buffer.alloc(4 * count);
        for (let i = 0; i < count; i++) {
          acks.set([0x40, 2], 4 * i);
          bytes.copy(acks, 4 * i + 2, i * length + this.idAt, i * length + this.idAt + 2);
        }
        socket.write(acks);
      }
      rest = bytes.subarray(count * length);
      this.delivered += count;
      if (count > 0) this.pump();
    });
  }

  /** Publishes as much as may be on its way. */
  private pump(): void {
    const { window, subscribers, qos } = this.scenario;
    for (;;) {
      let room = window - Math.ceil((this.sent * subscribers - this.delivered) / subscribers);
      if (qos === 1) room = Math.min(room, window - (this.sent - this.acked));
      const count = Math.min(room, this.messages - this.sent, BATCH);
      if (count <= 0) break;
      this.publish(count);
    }
    if (this.delivered >= this.messages * subscribers) this.finish();
  }

  private publish(count: number): void {
    const batch = Buffer.alloc(count * this.template.length);
    for (let i = 0; i < count; i++) {
      const at = i * this.template.length;
      this.template.copy(batch, at);
      if (this.scenario.qos === 0) continue;
      batch.writeUInt16BE(this.nextId, at + this.idAt);
      this.nextId = this.nextId === MAX_ID ? 1 : this.nextId + 1;
    }
    this.publishers[((this.sent / count) % this.publishers.length) | 0]?.write(batch);
    this.sent += count;
  }
}

/** Plays a scenario. Returns how many were delivered, in how many seconds. */
export async function play(
  port: number,
  scenario: MqttScenario,
  measured: () => void,
): Promise<{ readonly delivered: number; readonly seconds: number }> {
  const load = new Load(scenario);
  await load.open(port);
  measured();
  const start = performance.now();
  const delivered = await load.run();
  const seconds = (performance.now() - start) / 1000;
  measured();
  load.close();
  return { delivered, seconds };
}

/** A connection that does nothing, with a subscription of QoS 1 if it has a topic. */
export async function idle(port: number, topic: string | null): Promise<Socket> {
  const socket = await logIn(port);
  if (topic !== null) {
    socket.write(packet(0x82, Buffer.from([0, 1]), text(topic), Buffer.from([1])));
    await once(socket, 'data');
  }
  return socket;
}
