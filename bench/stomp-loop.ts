/**
 * StompLoop: the closed loop of closed-loop.ts in STOMP 1.2: one publisher sends pre-encoded frames
 * to a topic as fast as its windows allow; each consumer has a subscription of its own. A frame of
 * the broker is counted by its NUL, of which our bodies have none. Hot path: once per chunk, and
 * once per NUL.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { Scenario } from './scenarios.ts';
import { type Measured, measure, sleep, type Timing } from './window.ts';

const WRITE_BYTES = 128 * 1024;
const BACKLOG_BYTES = 2 * WRITE_BYTES;
const LEAST_SHARE = 1 / 20;
const DRAIN_MS = 20_000;
const DESTINATION = '/topic/bench.stomp';
const LOGIN = 'CONNECT\naccept-version:1.2\nhost:/\nlogin:guest\npasscode:guest\n\n\0';

interface Port {
  readonly stompPort: number;
  readonly pid: number;
}

/** @throws Error when the broker refuses or stops delivering messages */
export async function runStompLoop(
  broker: Port,
  scenario: Scenario,
  timing: Timing,
): Promise<Measured> {
  const consumers: Peer[] = [];
  for (let i = 0; i < scenario.fanout; i++) consumers.push(await consumer(broker, scenario));
  const publisher = await Peer.open(broker.stompPort);
  const loop = new StompLoop(publisher, consumers, scenario);
  loop.start();
  const measured = await loop.orFailure(measure(broker.pid, timing, () => loop.delivered));
  await loop.orFailure(loop.drain());
  for (const peer of [publisher, ...consumers]) peer.socket.destroy();
  return measured;
}

async function consumer(broker: Port, { ackEvery, prefetch }: Scenario): Promise<Peer> {
  const peer = await Peer.open(broker.stompPort);
  const mode = ackEvery === 0 ? 'auto' : 'client';
  const headers = `destination:${DESTINATION}\nid:1\nack:${mode}\nprefetch-count:${prefetch}\n`;
  await peer.ask(`SUBSCRIBE\n${headers}receipt:subscribed\n\n\0`);
  return peer;
}

/** One connection, and the frames that have come on it. */
class Peer {
  readonly socket: Socket;
  frames = 0;
  /** Called after each chunk. */
  onChunk: (chunk: Buffer) => void = () => {};

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.setNoDelay(true);
    socket.on('error', () => {});
    socket.on('data', (chunk: Buffer) => {
      for (let at = chunk.indexOf(0); at >= 0; at = chunk.indexOf(0, at + 1)) this.frames++;
      this.onChunk(chunk);
    });
  }

  static async open(port: number): Promise<Peer> {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    const peer = new Peer(socket);
    await peer.ask(LOGIN);
    return peer;
  }

  /** Sends a frame and waits for one. */
  async ask(frame: string): Promise<void> {
    const answered = new Promise<string>((resolve) => {
      this.onChunk = (chunk) => resolve(chunk.toString());
    });
    this.socket.write(frame);
    const answer = await answered;
    if (!/^(CONNECTED|RECEIPT)\n/.test(answer)) throw new Error(`the broker says ${answer}`);
    this.frames = 0;
    this.onChunk = () => {};
  }
}

/** Acknowledges everything up to the last message of a chunk, not too often. */
class StompAcker {
  private readonly peer: Peer;
  private readonly every: number;
  private tail = '';
  private acked = 0;

  constructor(peer: Peer, every: number) {
    this.peer = peer;
    this.every = every;
  }

  advance(chunk: Buffer): void {
    // A header that is cut by the end of a chunk is whole together with the next one.
    const text = this.tail + chunk.toString('latin1');
    this.tail = text.slice(-512);
    if (this.peer.frames - this.acked < this.every) return;
    const end = text.lastIndexOf('\0');
    const at = text.lastIndexOf('\nack:', end);
    if (at < 0) return;
    const id = text.slice(at + 5, text.indexOf('\n', at + 5));
    this.peer.socket.write(`ACK\nid:${id}\n\n\0`);
    this.acked = this.peer.frames;
  }
}

class StompLoop {
  published = 0;
  readonly #publisher: Peer;
  readonly #consumers: readonly Peer[];
  readonly #window: number;
  readonly #receiptWindow: number;
  readonly #batch: Buffer;
  readonly #unitBytes: number;
  readonly #leastUnits: number;
  readonly #failed: Promise<never>;
  #running = false;

  constructor(publisher: Peer, consumers: readonly Peer[], scenario: Scenario) {
    this.#publisher = publisher;
    this.#consumers = consumers;
    this.#window = scenario.window;
    this.#receiptWindow = scenario.confirmWindow;
    const narrowest = this.#receiptWindow || this.#window;
    this.#leastUnits = Math.max(1, Math.floor(narrowest * LEAST_SHARE));
    this.#unitBytes = sendFrame(scenario, 0).length;
    const units = Math.max(1, Math.floor(WRITE_BYTES / this.#unitBytes));
    this.#batch = Buffer.concat(Array.from({ length: units }, (_, n) => sendFrame(scenario, n)));
    const ends = [publisher, ...consumers].map(({ socket }) => once(socket, 'close'));
    this.#failed = Promise.race(ends).then(() => {
      throw new Error(`the broker closed a connection: ${this.#standing()}`);
    });
    this.#failed.catch(() => {});
    for (const peer of consumers) {
      const { ackEvery } = scenario;
      const acker = ackEvery === 0 ? null : new StompAcker(peer, ackEvery);
      peer.onChunk = (chunk) => {
        acker?.advance(chunk);
        this.#publish();
      };
    }
    publisher.onChunk = () => this.#publish();
  }

  /** Deliveries to all consumers so far. */
  get delivered(): number {
    return this.#consumers.reduce((sum, { frames }) => sum + frames, 0);
  }

  start(): void {
    this.#running = true;
    this.#publish();
  }

  /** `work`, unless a connection fails before it is done. */
  orFailure<T>(work: Promise<T>): Promise<T> {
    return Promise.race([work, this.#failed]);
  }

  /** Stops publishing and waits until everything is delivered and has its receipt. */
  async drain(): Promise<void> {
    this.#running = false;
    const deadline = Date.now() + DRAIN_MS;
    const receipts = (): boolean =>
      this.#receiptWindow === 0 || this.#publisher.frames === this.published;
    while (!receipts() || this.#slowest() !== this.published) {
      if (Date.now() > deadline) throw new Error(`stalled: ${this.#standing()}`);
      await sleep(5);
    }
  }

  #standing(): string {
    const delivered = this.#consumers.map(({ frames }) => frames).join(', ');
    const receipts = this.#publisher.frames;
    return `published ${this.published}, delivered ${delivered}, receipts ${receipts}`;
  }

  #slowest(): number {
    let slowest = this.#consumers[0]!.frames;
    for (const { frames } of this.#consumers) slowest = Math.min(slowest, frames);
    return slowest;
  }

  #publish(): void {
    const { socket } = this.#publisher;
    while (this.#running && socket.writableLength < BACKLOG_BYTES) {
      const room = this.#room();
      if (room < this.#leastUnits) return;
      const bytes = Math.min(room * this.#unitBytes, this.#batch.length);
      this.published += bytes / this.#unitBytes;
      socket.write(this.#batch.subarray(0, bytes), this.#written);
    }
  }

  readonly #written = (): void => this.#publish();

  #room(): number {
    const room = this.#window - (this.published - this.#slowest());
    if (this.#receiptWindow === 0) return room;
    return Math.min(room, this.#receiptWindow - (this.published - this.#publisher.frames));
  }
}

/** Frames of a scenario are equally long. Receipts are numbered, as clients do. */
function sendFrame(scenario: Scenario, n: number): Buffer {
  const { bodyBytes, persistent, confirmWindow, ownHeaders } = scenario;
  const number = String(n).padStart(6, '0');
  const more = [`destination:${DESTINATION}`];
  if (persistent) more.push('persistent:true');
  if (confirmWindow > 0) more.push(`receipt:${number}`);
  if (ownHeaders) more.push(`correlation-id:c-${number}`, `reading:${number}`);
  more.push(`content-length:${bodyBytes}`);
  return Buffer.from(`SEND\n${more.join('\n')}\n\n${'x'.repeat(bodyBytes)}\0`);
}
