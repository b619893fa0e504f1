/**
 * RawClient: an AMQP client made of frames, for tests that say what no library would say. Cuts
 * what the broker sends into frames by itself; methods are decoded with the table of spec.ts.
 * Reconnects, retries and answers nothing on its own.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { methodById, methodFrame } from '../../protocols/amqp/compile.ts';
import {
  contentHeaderSize,
  FRAME_BODY,
  FRAME_END,
  FRAME_HEADER,
  FRAME_METHOD,
  putContentHeader,
  putFrameEnd,
  putFrameHeader,
} from '../../protocols/amqp/frames.ts';
import { encodeProperties } from '../../protocols/amqp/properties.ts';
import type { MethodArguments, MethodName } from '../../protocols/amqp/spec.ts';
import type { Field, Fields } from '../../src/broker/field.ts';
import { Properties, type PropertyValues } from '../../src/broker/properties.ts';

export const AMQP_HEADER = Buffer.from('AMQP\x00\x00\x09\x01', 'latin1');

/** A frame that the broker sent. */
export interface Received {
  readonly type: number;
  readonly channel: number;
  /** The method's name, or what else the frame is. */
  readonly name: MethodName | 'header' | 'body' | 'heartbeat';
  readonly args: Readonly<Record<string, unknown>>;
  readonly payload: Buffer;
}

/** A close of channel or connection in one line: `channel.close 404`. */
export function closeOf(frame: Received): string {
  return `${frame.name} ${frame.args.replyCode}`;
}

export interface LoginOptions {
  readonly password?: string;
  readonly channelMax?: number;
  readonly frameMax?: number;
  readonly heartbeat?: number;
  readonly capabilities?: readonly string[];
}

/** connection.start-ok by PLAIN. */
export function startOk(password = 'guest', capabilities: readonly string[] = []): Buffer {
  const known: Fields = new Map(capabilities.map((name): [string, Field] => [name, true]));
  return methodFrame('connection.start-ok', 0, {
    clientProperties: new Map([['capabilities', known]]),
    mechanism: 'PLAIN',
    response: Buffer.from(`\0guest\0${password}`),
    locale: 'en_US',
  });
}

/** Everything a client says until its connection is open, in one piece. */
export function opening(options: LoginOptions = {}): Buffer {
  const { channelMax = 2047, frameMax = 131_072, heartbeat = 0 } = options;
  return Buffer.concat([
    AMQP_HEADER,
    startOk(options.password, options.capabilities),
    methodFrame('connection.tune-ok', 0, { channelMax, frameMax, heartbeat }),
    methodFrame('connection.open', 0, { virtualHost: '/' }),
  ]);
}

/** A frame of any type, sound or not. */
export function rawFrame(type: number, channel: number, payload: Buffer): Buffer {
  const frame = Buffer.alloc(payload.length + 8);
  payload.copy(frame, putFrameHeader(frame, 0, type, channel, payload.length));
  putFrameEnd(frame, frame.length - 1);
  return frame;
}

export function headerFrame(channel: number, bodyBytes: number, values: PropertyValues = {}) {
  const properties = encodeProperties(new Properties(values));
  const frame = Buffer.alloc(contentHeaderSize(properties));
  putContentHeader(frame, 0, channel, bodyBytes, properties);
  return frame;
}

/** basic.publish with header and body, the body in one frame. */
export function published(
  channel: number,
  routingKey: string,
  body: string | Buffer = '',
  more: { exchange?: string; mandatory?: boolean; properties?: PropertyValues } = {},
): Buffer {
  const { exchange = '', mandatory = false, properties } = more;
  const bytes = Buffer.from(body);
  const args = { exchange, routingKey, mandatory, immediate: false };
  return Buffer.concat([
    methodFrame('basic.publish', channel, args),
    headerFrame(channel, bytes.length, properties),
    bytes.length > 0 ? rawFrame(FRAME_BODY, channel, bytes) : bytes,
  ]);
}

type Declaration = Partial<MethodArguments<'queue.declare'>>;

export function declared(channel: number, queue: string, flags: Declaration = {}): Buffer {
  return methodFrame('queue.declare', channel, {
    ...{ queue, passive: false, durable: false, exclusive: false, autoDelete: false },
    ...{ noWait: false, arguments: new Map(), ...flags },
  });
}

type Consumption = Partial<MethodArguments<'basic.consume'>>;

export function consuming(channel: number, queue: string, flags: Consumption = {}): Buffer {
  return methodFrame('basic.consume', channel, {
    ...{ queue, consumerTag: '', noLocal: false, noAck: false, exclusive: false, noWait: false },
    ...{ arguments: new Map(), ...flags },
  });
}

export function acked(channel: number, deliveryTag: number, multiple = false): Buffer {
  return methodFrame('basic.ack', channel, { deliveryTag, multiple });
}

const NO_REASON = { replyCode: 200, replyText: '', classId: 0, methodId: 0 };

export const CONNECTION_CLOSE = methodFrame('connection.close', 0, NO_REASON);
export const CONNECTION_CLOSE_OK = methodFrame('connection.close-ok', 0, {});

export function channelOpen(channel: number): Buffer {
  return methodFrame('channel.open', channel, {});
}

export function channelClose(channel: number): Buffer {
  return methodFrame('channel.close', channel, NO_REASON);
}

/** Those that are connected, so that a test that fails does not leave one to the next. */
const connected = new Set<RawClient>();

export class RawClient {
  readonly socket: Socket;
  /** Resolves when the socket has closed. */
  readonly closed: Promise<void>;
  isClosed = false;
  /** Bytes that came. */
  bytes = 0;
  private readonly frames: Received[] = [];
  private rest = Buffer.alloc(0);
  private wake: (() => void) | null = null;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('error', () => {});
    socket.on('data', (chunk) => this.receive(chunk));
    this.closed = new Promise((resolve) => {
      socket.once('close', () => {
        this.isClosed = true;
        connected.delete(this);
        this.wake?.();
        resolve();
      });
    });
  }

  /** Frames that came and that nobody has asked for. */
  get unread(): number {
    return this.frames.length;
  }

  /** Connects and says nothing. */
  static async connect(port: number, host = '127.0.0.1'): Promise<RawClient> {
    const socket = connect({ port, host });
    const client = new RawClient(socket);
    connected.add(client);
    await once(socket, 'connect');
    return client;
  }

  /** Opens a connection, and channels 1 to `channels` in it. */
  static async login(port: number, options: LoginOptions = {}, channels = 1): Promise<RawClient> {
    const client = await RawClient.connect(port);
    client.write(opening(options));
    await client.until('connection.open-ok');
    for (let channel = 1; channel <= channels; channel++) {
      client.write(channelOpen(channel));
      await client.expect('channel.open-ok');
    }
    return client;
  }

  /** Closes by force whoever is still there. */
  static async destroyAll(): Promise<void> {
    await Promise.all([...connected].map((client) => client.destroy()));
  }

  write(...parts: readonly Buffer[]): void {
    this.socket.write(Buffer.concat(parts));
  }

  /** The next frame. @throws Error if the socket closes instead */
  async next(): Promise<Received> {
    for (;;) {
      const frame = this.frames.shift();
      if (frame !== undefined) return frame;
      if (this.isClosed) throw new Error('the broker closed the socket');
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
  }

  /** The next frame, which has to be this one. */
  async expect(name: Received['name']): Promise<Received> {
    const frame = await this.next();
    if (frame.name === name) return frame;
    throw new Error(`${name} expected, got ${frame.name} ${JSON.stringify(frame.args)}`);
  }

  /** The next frame of that name; those before it are dropped. */
  async until(name: Received['name']): Promise<Received> {
    for (;;) {
      const frame = await this.next();
      if (frame.name === name) return frame;
    }
  }

  /** The names of the next frames, up to and with `name`. */
  async namesUntil(name: Received['name']): Promise<string[]> {
    const names: string[] = [];
    while (names.at(-1) !== name) names.push((await this.next()).name);
    return names;
  }

  /** Everything that comes until the socket closes. */
  async leftovers(): Promise<Received[]> {
    await this.closed;
    return this.frames.splice(0);
  }

  /** A whole content behind a method that has been received. */
  async content(): Promise<{ header: Buffer; body: Buffer }> {
    const header = await this.expect('header');
    const size = Number(header.payload.readBigUInt64BE(4));
    const pieces: Buffer[] = [];
    for (let got = 0; got < size; ) {
      const { payload } = await this.expect('body');
      pieces.push(payload);
      got += payload.length;
    }
    return { header: header.payload, body: Buffer.concat(pieces) };
  }

  /** A question to the broker and its answer: everything before has been dealt with. */
  async ping(channel = 1): Promise<void> {
    this.write(methodFrame('basic.qos', channel, ANY_QOS));
    await this.until('basic.qos-ok');
  }

  /** Closes by force, as a client that dies does. */
  async destroy(): Promise<void> {
    this.socket.destroy();
    await this.closed;
  }

  private receive(chunk: Buffer): void {
    this.bytes += chunk.length;
    let bytes = this.rest.length === 0 ? chunk : Buffer.concat([this.rest, chunk]);
    while (bytes.length >= 8 && bytes.subarray(0, 4).toString('latin1') !== 'AMQP') {
      const size = bytes.readUInt32BE(3);
      if (bytes.length < size + 8) break;
      if (bytes[size + 7] !== FRAME_END) throw new Error('the broker sent a frame without end');
      this.frames.push(frameOf(bytes.subarray(0, size + 8)));
      bytes = bytes.subarray(size + 8);
    }
    this.rest = Buffer.from(bytes);
    this.wake?.();
  }
}

const ANY_QOS = { prefetchSize: 0, prefetchCount: 0, global: false };

function frameOf(bytes: Buffer): Received {
  const type = bytes.readUInt8(0);
  const channel = bytes.readUInt16BE(1);
  const payload = Buffer.from(bytes.subarray(7, -1));
  if (type === FRAME_HEADER) return { type, channel, name: 'header', args: {}, payload };
  if (type === FRAME_BODY) return { type, channel, name: 'body', args: {}, payload };
  if (type !== FRAME_METHOD) return { type, channel, name: 'heartbeat', args: {}, payload };
  const method = methodById(payload.readUInt16BE(0), payload.readUInt16BE(2));
  if (method === undefined) throw new Error('the broker sent a method that does not exist');
  const args = method.decode(payload, 4, payload.length) as Readonly<Record<string, unknown>>;
  return { type, channel, name: method.name, args, payload };
}
