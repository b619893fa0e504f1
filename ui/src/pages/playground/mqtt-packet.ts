/**
 * MQTT 5 packets, as few as mqtt-client.ts needs: those that it sends as bytes, those that it gets
 * from bytes. Numbers in brackets are sections of the specification.
 */

/** What a packet says, as far as somebody here wants to know. */
export interface MqttPacket {
  readonly type: 'connack' | 'publish' | 'puback' | 'suback' | 'other';
  readonly id: number;
  /** The reason code. */
  readonly code: number;
  readonly topic?: string;
  readonly payload?: Uint8Array;
  readonly facts?: Readonly<Record<string, string>>;
}

const utf8 = new TextEncoder();

/** A two-byte integer. */
function short(value: number): number[] {
  return [value >> 8, value & 255];
}

/** A text with its length [1.5.4]. */
function text(value: string): number[] {
  const bytes = utf8.encode(value);
  return [...short(bytes.length), ...bytes];
}

/** A length in as few bytes as it takes [1.5.5]. */
function varying(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  do {
    bytes.push((rest & 127) | (rest > 127 ? 128 : 0));
    rest >>= 7;
  } while (rest > 0);
  return bytes;
}

function packet(first: number, head: readonly number[], payload = new Uint8Array()) {
  const start = [first, ...varying(head.length + payload.length), ...head];
  const bytes = new Uint8Array(start.length + payload.length);
  bytes.set(start);
  bytes.set(payload, start.length);
  return bytes;
}

/** CONNECT [3.1]: a clean start, with name and password. */
export function connectPacket(options: {
  readonly clientId: string;
  readonly username: string;
  readonly password: string;
  readonly keepAlive: number;
}): Uint8Array<ArrayBuffer> {
  const { clientId, username, password, keepAlive } = options;
  const head = [...text('MQTT'), 5, 0b1100_0010, ...short(keepAlive), 0];
  return packet(0x10, [...head, ...text(clientId), ...text(username), ...text(password)]);
}

/** SUBSCRIBE [3.8] to one filter. */
export function subscribePacket(id: number, filter: string, qos: number): Uint8Array<ArrayBuffer> {
  return packet(0x82, [...short(id), 0, ...text(filter), qos]);
}

/** PUBLISH [3.3]; with an id in QoS 1. */
export function publishPacket(options: {
  readonly topic: string;
  readonly payload: Uint8Array<ArrayBuffer>;
  readonly id: number;
  readonly retain: boolean;
  readonly contentType: string;
}): Uint8Array<ArrayBuffer> {
  const { topic, payload, id, retain, contentType } = options;
  const first = 0x30 | (id > 0 ? 2 : 0) | (retain ? 1 : 0);
  const properties = contentType === '' ? [] : [3, ...text(contentType)];
  const head = [...text(topic), ...(id > 0 ? short(id) : []), ...varying(properties.length)];
  return packet(first, [...head, ...properties], payload);
}

/** Packets from bytes that come in any pieces. */
export class PacketReader {
  private rest = new Uint8Array();
  private readonly take: (packet: MqttPacket) => void;

  constructor(take: (packet: MqttPacket) => void) {
    this.take = take;
  }

  push(bytes: Uint8Array): void {
    const all = new Uint8Array(this.rest.length + bytes.length);
    all.set(this.rest);
    all.set(bytes, this.rest.length);
    let at = 0;
    for (;;) {
      const whole = lengthOf(all, at);
      if (whole === null || at + whole.start + whole.length > all.length) break;
      const from = at + whole.start;
      this.take(decode(all[at] ?? 0, all.subarray(from, from + whole.length)));
      at = from + whole.length;
    }
    this.rest = all.slice(at);
  }
}

/** How long the fixed header and the rest are; null if that is not known yet. */
function lengthOf(bytes: Uint8Array, at: number): { start: number; length: number } | null {
  let length = 0;
  for (let i = 1; i <= 4; i++) {
    const byte = bytes[at + i];
    if (byte === undefined) return null;
    length += (byte & 127) * 128 ** (i - 1);
    if (byte < 128) return { start: i + 1, length };
  }
  return null;
}

function decode(first: number, body: Uint8Array): MqttPacket {
  const short = (at: number): number => ((body[at] ?? 0) << 8) | (body[at + 1] ?? 0);
  const nothing = { id: 0, code: 0 };
  switch (first >> 4) {
    case 2:
      return { type: 'connack', ...nothing, code: body[1] ?? 0 };
    case 3:
      return decodePublish(first, body);
    case 4:
      return { type: 'puback', id: short(0), code: body[2] ?? 0 };
    case 9:
      return { type: 'suback', id: short(0), code: body.at(-1) ?? 0 };
    default:
      return { type: 'other', ...nothing };
  }
}

function decodePublish(first: number, body: Uint8Array): MqttPacket {
  const reader = new FieldReader(body);
  const topic = reader.text();
  const id = (first & 6) === 0 ? 0 : reader.integer(2);
  const facts: Record<string, string> = {};
  const end = reader.varying() + reader.at;
  while (reader.at < end) reader.property(facts);
  if ((first & 1) !== 0) facts.retained = 'yes';
  return { type: 'publish', id, code: 0, topic, payload: body.slice(end), facts };
}

/** How the properties of PUBLISH are written, and what they are called [3.3.2.3]. */
const PROPERTIES: Readonly<Record<number, readonly [name: string, bytes: number | 'text']>> = {
  1: ['payload format', 1],
  2: ['expires in s', 4],
  3: ['content type', 'text'],
  8: ['response topic', 'text'],
  9: ['correlation', 'text'],
  35: ['topic alias', 2],
};

class FieldReader {
  at = 0;
  private readonly bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  integer(size: number): number {
    let value = 0;
    for (let i = 0; i < size; i++) value = value * 256 + (this.bytes[this.at++] ?? 0);
    return value;
  }

  text(): string {
    const length = this.integer(2);
    this.at += length;
    return new TextDecoder().decode(this.bytes.subarray(this.at - length, this.at));
  }

  varying(): number {
    let value = 0;
    for (let i = 0; i < 4; i++) {
      const byte = this.bytes[this.at++] ?? 0;
      value += (byte & 127) * 128 ** i;
      if (byte < 128) break;
    }
    return value;
  }

  property(facts: Record<string, string>): void {
    const id = this.integer(1);
    if (id === 38) {
      const name = this.text();
      facts[name] = this.text();
      return;
    }
    if (id === 11) {
      this.varying();
      return;
    }
    const [name, size] = PROPERTIES[id] ?? ['', 0];
    const value = size === 'text' ? this.text() : String(this.integer(size));
    if (name !== '') facts[name] = value;
  }
}

const REASONS: Readonly<Record<number, string>> = {
  134: 'wrong name or password',
  135: 'not allowed',
  138: 'banned',
  143: 'not a topic filter',
  144: 'not a topic',
  149: 'too large',
  151: 'a quota is used up',
  153: 'not the format it claims',
  158: 'no shared subscriptions',
};

/** A reason code in words [2.4]. */
export function reasonOf(code: number): string {
  return REASONS[code] ?? `reason 0x${code.toString(16)}`;
}
