/**
 * Wire: a raw AMQP 0-9-1 connection for conversations. It frames, and encodes methods and
 * properties with amqplib's generated codec, so that nothing of the broker's own is needed to
 * judge it. It answers nothing by itself and hides nothing but heartbeats.
 */
import { createRequire } from 'node:module';
import { connect, type Socket } from 'node:net';
import { dirname, join } from 'node:path';

/** The part of amqplib's lib/defs.js that is used here: it exports no types. */
interface Definitions {
  info(id: number): { args: readonly Argument[]; name: string };
  decode(id: number, payload: Buffer): Record<string, unknown>;
  encodeMethod(id: number, channel: number, fields: Record<string, unknown>): Buffer;
  encodeProperties(
    id: number,
    channel: number,
    size: number,
    fields: Record<string, unknown>,
  ): Buffer;
  readonly BasicProperties: number;
  readonly [name: string]: unknown;
}

export interface Argument {
  readonly type: string;
  readonly name: string;
}

export interface Frame {
  readonly kind: 'method' | 'header' | 'body';
  readonly channel: number;
  /** `queue.declare-ok`; empty unless it is a method. */
  readonly name: string;
  /** Arguments of a method, properties of a header; names in kebab-case. */
  readonly fields: Readonly<Record<string, unknown>>;
  /** Bytes of body that a header announces. */
  readonly size: number;
  /** Of a body. The conversation puts a whole body into its header's. */
  readonly payload: Buffer;
}

const METHOD = 1;
const HEADER = 2;
const BODY = 3;
const HEARTBEAT = 8;
const FRAME_END = 0xce;

/** How long to wait for what the server must send. */
const PATIENCE_MS = 10_000;

const require = createRequire(import.meta.url);
// The package exports only its client: its codec is reached by path.
const defs = require(join(dirname(require.resolve('amqplib')), 'lib', 'defs.js')) as Definitions;

/** `queue.declare-ok` → the id of QueueDeclareOk. @throws if amqplib knows no such method. */
export function methodId(name: string): number {
  const id = defs[pascal(name)];
  if (typeof id !== 'number') throw new Error(`no such method: ${name}`);
  return id;
}

export function argumentsOf(name: string): readonly Argument[] {
  return defs.info(methodId(name)).args;
}

export function propertyArguments(): readonly Argument[] {
  return defs.info(defs.BasicProperties).args;
}

/** @param fields by amqplib's names, in camelCase */
export function encodeMethod(name: string, channel: number, fields: Record<string, unknown>) {
  return defs.encodeMethod(methodId(name), channel, fields);
}

export function encodeHeader(channel: number, size: number, properties: Record<string, unknown>) {
  return defs.encodeProperties(defs.BasicProperties, channel, size, properties);
}

export function encodeFrame(type: number, channel: number, payload: Buffer, end = FRAME_END) {
  const frame = Buffer.alloc(payload.length + 8);
  frame.writeUInt8(type, 0);
  frame.writeUInt16BE(channel, 1);
  frame.writeUInt32BE(payload.length, 3);
  payload.copy(frame, 7);
  frame.writeUInt8(end, frame.length - 1);
  return frame;
}

export function encodeBody(channel: number, body: Buffer): Buffer {
  return encodeFrame(BODY, channel, body);
}

export class Wire {
  readonly #socket: Socket;
  readonly #frames: Frame[] = [];
  #bytes: Buffer = Buffer.alloc(0);
  #ended = false;
  #wake: () => void = () => {};

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true); // several writes in a row would wait for each other's answers
    socket.on('data', (chunk) => {
      this.#bytes = Buffer.concat([this.#bytes, chunk]);
      this.#wake();
    });
    socket.on('error', () => {}); // a reset is an end too
    socket.on('close', () => {
      this.#ended = true;
      this.#wake();
    });
  }

  static open(host: string, port: number): Promise<Wire> {
    return new Promise((resolve, reject) => {
      const socket = connect(port, host, () => resolve(new Wire(socket)));
      socket.once('error', reject);
    });
  }

  write(bytes: Buffer): void {
    this.#socket.write(bytes);
  }

  /** The next frame on one of these channels. @throws if none comes. */
  async frame(...channels: number[]): Promise<Frame> {
    const found = await this.#wait(() => {
      this.#parse();
      const index = this.#frames.findIndex((frame) => channels.includes(frame.channel));
      return index < 0 ? null : this.#frames.splice(index, 1)[0]!;
    });
    if (found !== null) return found;
    const other = this.#frames.map((frame) => ` ${describe(frame)}`).join('');
    const how = this.#ended ? 'the server closed the socket' : 'nothing came';
    throw new Error(other === '' ? how : `${how}, only${other}`);
  }

  /** The next `count` bytes, before any framing. */
  async bytes(count: number): Promise<Buffer> {
    await this.#wait(() => (this.#bytes.length >= count ? true : null));
    const bytes = this.#bytes.subarray(0, count);
    this.#bytes = this.#bytes.subarray(count);
    return bytes;
  }

  /** Resolves when the server has closed the socket. @throws if it does not, or says more. */
  async eof(): Promise<void> {
    await this.#wait(() => (this.#ended ? true : null));
    if (!this.#ended) throw new Error('the server did not close the socket');
    const left = this.unread();
    if (left.length > 0) throw new Error(`before its end the server sent ${left.join(', ')}`);
  }

  /** Waits for something to come; false if it does, true if the socket is closed instead. */
  async endsSilently(): Promise<boolean> {
    await this.#wait(() => (this.unread().length > 0 ? true : null));
    return this.#ended && this.unread().length === 0;
  }

  /** Has the server closed the socket? */
  get ended(): boolean {
    return this.#ended;
  }

  /** Everything that has come and not been taken. */
  takeAll(): Frame[] {
    this.#parse();
    return this.#frames.splice(0);
  }

  /** Resolves when something comes, the server closes the socket, or the time is up. */
  async changed(ms: number): Promise<void> {
    if (this.#ended) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** What came and nobody asked for. */
  unread(): string[] {
    this.#parse();
    const frames = this.#frames.map(describe);
    return this.#bytes.length === 0 ? frames : [...frames, this.#bytes.toString('hex')];
  }

  destroy(): void {
    this.#socket.destroy();
  }

  async #wait<T>(look: () => T | null): Promise<T | null> {
    const deadline = Date.now() + PATIENCE_MS;
    for (;;) {
      const found = look();
      const left = deadline - Date.now();
      if (found !== null || this.#ended || left <= 0) return found;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  #parse(): void {
    while (this.#bytes.length >= 8) {
      const size = this.#bytes.readUInt32BE(3);
      if (this.#bytes.length < size + 8) return;
      const type = this.#bytes.readUInt8(0);
      const channel = this.#bytes.readUInt16BE(1);
      const payload = this.#bytes.subarray(7, size + 7);
      if (this.#bytes[size + 7] !== FRAME_END) throw new Error('the server sent a broken frame');
      this.#bytes = this.#bytes.subarray(size + 8);
      if (type !== HEARTBEAT) this.#frames.push(decode(type, channel, payload));
    }
  }
}

function decode(type: number, channel: number, payload: Buffer): Frame {
  const nothing = Buffer.alloc(0);
  const frame = { channel, name: '', fields: {}, size: 0, payload: nothing };
  if (type === BODY) return { ...frame, kind: 'body', payload };
  if (type === HEADER) {
    const fields = kebabKeys(defs.decode(defs.BasicProperties, payload.subarray(12)));
    return { ...frame, kind: 'header', size: Number(payload.readBigUInt64BE(4)), fields };
  }
  if (type !== METHOD) throw new Error(`the server sent a frame of type ${type}`);
  const id = payload.readUInt32BE(0);
  const fields = kebabKeys(defs.decode(id, payload.subarray(4)));
  return { ...frame, kind: 'method', name: dotted(defs.info(id).name), fields };
}

export function describe(frame: Frame): string {
  const what = frame.kind === 'method' ? frame.name : `content ${frame.kind}`;
  const fields = Object.entries(frame.fields)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => ` ${name}=${Buffer.isBuffer(value) ? value : JSON.stringify(value)}`);
  const rest = frame.kind === 'method' ? '' : ` ${JSON.stringify(frame.payload.toString())}`;
  return `S.${frame.channel}: ${what}${fields.join('')}${rest}`;
}

function kebabKeys(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [kebab(name), value]));
}

/** `messageCount` → `message-count`. */
function kebab(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** `message-count` → `messageCount`. */
export function camel(name: string): string {
  return name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

/** `queue.declare-ok` → `QueueDeclareOk`. */
function pascal(name: string): string {
  return name.replace(/(?:^|[.-])([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

/** `QueueDeclareOk` → `queue.declare-ok`. */
function dotted(name: string): string {
  return kebab(name).slice(1).replace('-', '.');
}
