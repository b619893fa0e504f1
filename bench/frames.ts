/**
 * AMQP 0-9-1 frames, encoded ahead of time and decoded just enough for the load generator.
 * Deliberately independent of protocols/amqp: a bench that shared the product's codec could
 * neither notice its mistakes nor be trusted to be cheaper than it. Not on any hot path; the
 * loops count whole frames of known sizes instead of calling this.
 */

export const METHOD_FRAME = 1;
export const HEADER_FRAME = 2;
export const BODY_FRAME = 3;
export const FRAME_END = 0xce;
/** type, channel and size before the payload; one octet after it. */
export const FRAME_OVERHEAD = 8;
/** The one channel that every connection of the generator uses. */
export const CHANNEL = 1;

export const PROTOCOL_HEADER = Buffer.from('AMQP\x00\x00\x09\x01', 'latin1');

/** class id × 65536 + method id: the first four octets of a method's payload. */
export const METHOD = {
  connectionStart: 0x000a_000a,
  connectionStartOk: 0x000a_000b,
  connectionTune: 0x000a_001e,
  connectionTuneOk: 0x000a_001f,
  connectionOpen: 0x000a_0028,
  connectionOpenOk: 0x000a_0029,
  connectionClose: 0x000a_0032,
  connectionCloseOk: 0x000a_0033,
  channelOpen: 0x0014_000a,
  channelOpenOk: 0x0014_000b,
  channelClose: 0x0014_0028,
  exchangeDeclare: 0x0028_000a,
  exchangeDeclareOk: 0x0028_000b,
  exchangeDelete: 0x0028_0014,
  exchangeDeleteOk: 0x0028_0015,
  queueDeclare: 0x0032_000a,
  queueDeclareOk: 0x0032_000b,
  queueBind: 0x0032_0014,
  queueBindOk: 0x0032_0015,
  queueDelete: 0x0032_0028,
  queueDeleteOk: 0x0032_0029,
  basicQos: 0x003c_000a,
  basicQosOk: 0x003c_000b,
  basicConsume: 0x003c_0014,
  basicConsumeOk: 0x003c_0015,
  basicPublish: 0x003c_0028,
  basicDeliver: 0x003c_003c,
  basicAck: 0x003c_0050,
  basicNack: 0x003c_0078,
  confirmSelect: 0x0055_000a,
  confirmSelectOk: 0x0055_000b,
} as const;

const NAMES = new Map<number, string>(Object.entries(METHOD).map(([name, id]) => [id, name]));

export function octet(value: number): Buffer {
  return Buffer.of(value);
}

export function short(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}

export function long(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

export function longlong(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(value));
  return bytes;
}

/** At most 255 octets of UTF-8. */
export function shortstr(text: string): Buffer {
  const bytes = Buffer.from(text);
  return Buffer.concat([octet(bytes.length), bytes]);
}

export function longstr(text: string): Buffer {
  const bytes = Buffer.from(text);
  return Buffer.concat([long(bytes.length), bytes]);
}

export const EMPTY_TABLE = long(0);

/** A field table of long strings. */
export function table(fields: Readonly<Record<string, string>>): Buffer {
  const entries = Object.entries(fields).map(([name, value]) =>
    Buffer.concat([shortstr(name), Buffer.from('S'), longstr(value)]),
  );
  const bytes = Buffer.concat(entries);
  return Buffer.concat([long(bytes.length), bytes]);
}

export function frame(type: number, channel: number, payload: Buffer): Buffer {
  return Buffer.concat([
    octet(type),
    short(channel),
    long(payload.length),
    payload,
    octet(FRAME_END),
  ]);
}

export function methodFrame(channel: number, id: number, ...fields: Buffer[]): Buffer {
  return frame(METHOD_FRAME, channel, Buffer.concat([long(id), ...fields]));
}

export interface Publication {
  readonly exchange: string;
  readonly routingKey: string;
  /** At most one frame: shorter than the broker's frame_max − 8. */
  readonly body: Buffer;
  readonly persistent: boolean;
}

const DELIVERY_MODE_FLAG = 1 << 12;

/** basic.publish, content header with the delivery mode, one body frame. */
export function publishUnit(publication: Publication): Buffer {
  const { exchange, routingKey, body, persistent } = publication;
  const publish = methodFrame(
    CHANNEL,
    METHOD.basicPublish,
    short(0),
    shortstr(exchange),
    shortstr(routingKey),
    octet(0),
  );
  const header = Buffer.concat([
    short(METHOD.basicPublish >>> 16),
    short(0),
    longlong(body.length),
    short(DELIVERY_MODE_FLAG),
    octet(persistent ? 2 : 1),
  ]);
  return Buffer.concat([
    publish,
    frame(HEADER_FRAME, CHANNEL, header),
    frame(BODY_FRAME, CHANNEL, body),
  ]);
}

/** Octets of every basic.ack frame, in either direction. */
export const ACK_BYTES = FRAME_OVERHEAD + 13;
/** Where the low half of the delivery tag sits in a basic.ack frame. */
export const ACK_TAG_LOW = 15;
/** Where the `multiple` octet sits in a basic.ack frame. */
export const ACK_MULTIPLE = 19;

export function ackFrame(tag: number, multiple: boolean): Buffer {
  return methodFrame(CHANNEL, METHOD.basicAck, longlong(tag), octet(multiple ? 1 : 0));
}

export interface Frame {
  readonly type: number;
  readonly channel: number;
  readonly payload: Buffer;
  /** Offset of the octet after the frame. */
  readonly end: number;
}

/**
 * The frame that starts at `offset`, or null when it is not all there yet.
 * @throws Error when its last octet is not frame-end [AMQP 4.2.3]
 */
export function frameAt(bytes: Buffer, offset: number): Frame | null {
  if (bytes.length - offset < FRAME_OVERHEAD) return null;
  const size = bytes.readUInt32BE(offset + 3);
  const end = offset + FRAME_OVERHEAD + size;
  if (bytes.length < end) return null;
  if (bytes[end - 1] !== FRAME_END) throw new Error(`no frame-end at the end of ${size} octets`);
  return {
    type: bytes.readUInt8(offset),
    channel: bytes.readUInt16BE(offset + 1),
    payload: bytes.subarray(offset + 7, end - 1),
    end,
  };
}

/** The method id of a method frame; 0 for every other frame. */
export function methodOf(frame: Frame): number {
  return frame.type === METHOD_FRAME ? frame.payload.readUInt32BE(0) : 0;
}

/** Length-prefixed text at `offset` of a payload. */
export function shortstrAt(payload: Buffer, offset: number): string {
  return payload.toString('utf8', offset + 1, offset + 1 + payload.readUInt8(offset));
}

/** A frame in words, for error messages: `connectionClose 320 CONNECTION_FORCED - …`. */
export function describeFrame(frame: Frame): string {
  const id = methodOf(frame);
  if (id === 0) return `frame of type ${frame.type}, ${frame.payload.length} octets`;
  const name = NAMES.get(id) ?? `method ${id >>> 16}.${id & 0xffff}`;
  if (id !== METHOD.connectionClose && id !== METHOD.channelClose) return name;
  return `${name} ${frame.payload.readUInt16BE(4)} ${shortstrAt(frame.payload, 6)}`;
}

/** The texts of connection.start's server-properties; other types are skipped. */
export function serverProperties(startPayload: Buffer): Map<string, string> {
  const found = new Map<string, string>();
  let at = 10;
  const end = at + startPayload.readUInt32BE(6);
  while (at < end) {
    const key = shortstrAt(startPayload, at);
    at += 1 + Buffer.byteLength(key);
    const type = String.fromCharCode(startPayload.readUInt8(at));
    at += 1;
    if (type === 't') at += 1;
    else if (type === 'I') at += 4;
    else if (type === 'S' || type === 'F') {
      const length = startPayload.readUInt32BE(at);
      if (type === 'S') found.set(key, startPayload.toString('utf8', at + 4, at + 4 + length));
      at += 4 + length;
    } else return found;
  }
  return found;
}
