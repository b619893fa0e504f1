/**
 * Ceiling: what sockets alone allow here. A peer that speaks just enough AMQP to pass for a broker
 * with one queue, one publisher and one consumer, and does nothing else: it looks at the heads of
 * frames, drops bodies, sends prepared deliveries, and confirms all of a chunk at once. No broker
 * on Node can be faster beside the same load generator.
 *
 *   node bench/ceiling.ts         prints NAME=PORT:PID for --attach, and serves until Ctrl-C
 */
import net, { type AddressInfo, type Socket } from 'node:net';
import {
  ackFrame,
  BODY_FRAME,
  CHANNEL,
  FRAME_OVERHEAD,
  type Frame,
  frameAt,
  HEADER_FRAME,
  long,
  longlong,
  longstr,
  METHOD,
  methodFrame,
  methodOf,
  octet,
  PROTOCOL_HEADER,
  short,
  shortstr,
  shortstrAt,
} from './frames.ts';

const CONSUMER_TAG = 'c';
/** Frame head, method id and consumer tag come before the delivery tag. */
const TAG_OFFSET = 7 + 4 + 1 + CONSUMER_TAG.length;
const READ_BYTES = 256 * 1024;
/** Deliveries in the ring: more than the window of any scenario, so that none is sent twice. */
const RING = 24_000;
const RING_BYTES = 64 * 1024 * 1024;
/** Deliveries that are sent in one write at most. */
const WRITE_BYTES = 256 * 1024;
const NOTHING = Buffer.alloc(0);

const ANSWERS = new Map<number, Buffer>([
  [
    METHOD.connectionStartOk,
    methodFrame(0, METHOD.connectionTune, short(9), long(131_072), short(0)),
  ],
  [METHOD.connectionOpen, methodFrame(0, METHOD.connectionOpenOk, shortstr(''))],
  [METHOD.connectionClose, methodFrame(0, METHOD.connectionCloseOk)],
  [METHOD.channelOpen, methodFrame(CHANNEL, METHOD.channelOpenOk, longstr(''))],
  [METHOD.queueDeclare, methodFrame(CHANNEL, METHOD.queueDeclareOk, shortstr(''), longlong(0))],
  [METHOD.queueDelete, methodFrame(CHANNEL, METHOD.queueDeleteOk, long(0))],
  [METHOD.basicQos, methodFrame(CHANNEL, METHOD.basicQosOk)],
  [METHOD.basicConsume, methodFrame(CHANNEL, METHOD.basicConsumeOk, shortstr(CONSUMER_TAG))],
  [METHOD.confirmSelect, methodFrame(CHANNEL, METHOD.confirmSelectOk)],
]);

/** The one queue: deliveries of the message that was published first, again and again. */
class Deliveries {
  private consumer: Socket | null = null;
  private ring: Buffer = NOTHING;
  private bytes = 0;
  private size = 0;
  private next = 0;
  private tag = 0;

  begin(consumer: Socket): void {
    this.consumer = consumer;
    this.bytes = 0;
    this.tag = 0;
  }

  get known(): boolean {
    return this.bytes > 0;
  }

  /** Prepares deliveries of this message. */
  learn(routingKey: string, header: Buffer, body: Buffer): void {
    const fields = [longlong(0), octet(0), shortstr(''), shortstr(routingKey)];
    const deliver = methodFrame(CHANNEL, METHOD.basicDeliver, shortstr(CONSUMER_TAG), ...fields);
    const unit = Buffer.concat([deliver, header, body]);
    this.bytes = unit.length;
    this.size = Math.min(RING, Math.floor(RING_BYTES / unit.length));
    this.ring = Buffer.alloc(this.size * unit.length, unit);
    this.next = 0;
  }

  send(count: number): void {
    const most = Math.max(1, Math.floor(WRITE_BYTES / this.bytes));
    for (let left = count; left > 0; ) {
      const some = Math.min(left, most);
      this.write(some);
      left -= some;
    }
  }

  private write(count: number): void {
    if (this.next + count > this.size) this.next = 0;
    const start = this.next * this.bytes;
    this.next += count;
    const end = this.next * this.bytes;
    for (let at = start; at < end; at += this.bytes) {
      this.ring.writeUInt32BE(++this.tag, at + TAG_OFFSET + 4);
    }
    this.consumer?.write(this.ring.subarray(start, end));
  }
}

class Peer {
  private readonly socket: Socket;
  private readonly deliveries: Deliveries;
  /** The beginning of a frame. */
  private rest: Buffer = NOTHING;
  /** Octets of a body that are still to come, and of the protocol header before everything. */
  private skip = PROTOCOL_HEADER.length;
  private greeted = false;
  private confirms = false;
  private published = 0;
  private arrived = 0;
  private routingKey = '';
  private header: Buffer = NOTHING;

  constructor(handle: unknown, deliveries: Deliveries) {
    const buffer = Buffer.allocUnsafeSlow(READ_BYTES);
    const callback = (length: number): boolean => {
      this.take(buffer.subarray(0, length));
      return true;
    };
    const options = { handle, onread: { buffer, callback }, readable: true, writable: true };
    this.socket = new net.Socket({ ...options, pauseOnCreate: true } as net.SocketConstructorOpts);
    this.deliveries = deliveries;
    this.socket.setNoDelay(true).on('error', () => {});
    this.socket.resume();
  }

  private take(chunk: Buffer): void {
    const bytes = this.rest.length === 0 ? chunk : Buffer.concat([this.rest, chunk]);
    let at = 0;
    for (;;) {
      at += this.pass(bytes.length - at);
      if (at === bytes.length) break;
      const end = this.look(bytes, at);
      if (end === null) break;
      at = end;
    }
    this.rest = at === bytes.length ? NOTHING : Buffer.from(bytes.subarray(at));
    this.answer();
  }

  /** Passes over what nobody looks at. */
  private pass(available: number): number {
    const passed = Math.min(this.skip, available);
    this.skip -= passed;
    if (passed === 0 || this.skip > 0) return passed;
    if (this.greeted) this.arrived++;
    else this.greet();
    return passed;
  }

  private greet(): void {
    this.greeted = true;
    const mechanisms = [octet(0), octet(9), long(0), longstr('PLAIN'), longstr('en_US')];
    this.socket.write(methodFrame(0, METHOD.connectionStart, ...mechanisms));
  }

  /** The end of the frame at `at`, or of its head if it is a body; null if it is not all there. */
  private look(bytes: Buffer, at: number): number | null {
    if (bytes.length - at < FRAME_OVERHEAD) return null;
    if (bytes[at] === BODY_FRAME && this.deliveries.known) {
      this.skip = bytes.readUInt32BE(at + 3) + FRAME_OVERHEAD;
      return at;
    }
    const frame = frameAt(bytes, at);
    if (frame === null) return null;
    this.handle(frame, bytes.subarray(at, frame.end));
    return frame.end;
  }

  private handle(frame: Frame, whole: Buffer): void {
    const method = methodOf(frame);
    if (frame.type === HEADER_FRAME && !this.deliveries.known) this.header = Buffer.from(whole);
    else if (frame.type === BODY_FRAME) {
      this.deliveries.learn(this.routingKey, this.header, whole);
      this.arrived++;
    } else if (method === METHOD.basicPublish && !this.deliveries.known) {
      this.routingKey = shortstrAt(frame.payload, 7 + frame.payload.readUInt8(6));
    } else if (method === METHOD.basicConsume) this.deliveries.begin(this.socket);
    else if (method === METHOD.confirmSelect) this.confirms = true;
    const answer = ANSWERS.get(method);
    if (answer !== undefined) this.socket.write(answer);
  }

  /** Delivers and confirms what a chunk brought. */
  private answer(): void {
    if (this.arrived === 0) return;
    this.deliveries.send(this.arrived);
    this.published += this.arrived;
    this.arrived = 0;
    if (this.confirms) this.socket.write(ackFrame(this.published, true));
  }
}

const deliveries = new Deliveries();
const server = net.createServer({ pauseOnConnect: true }, (accepted) => {
  // Only a socket that is made with it can be read into a buffer of its own.
  const owner = accepted as unknown as { _handle: unknown };
  const handle = owner._handle;
  owner._handle = null;
  accepted.destroy();
  new Peer(handle, deliveries);
});
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo;
  process.stdout.write(`ceiling=${port}:${process.pid}\n`);
});
