/**
 * Engine: a broker for tests, on one of three pairs of store and catalog, with time moved by hand.
 * The engine's tests run on all three: what they say must not depend on when a store answers.
 * settle() lets store and catalog finish whatever they have been asked; until then nothing moves.
 */
import type { User } from '../../src/auth/user.ts';
import { Broker } from '../../src/broker/broker.ts';
import type { BrokerOptions } from '../../src/broker/broker-options.ts';
import type { Catalog, Command } from '../../src/broker/catalog.ts';
import { decodeCommand, encodeCommand } from '../../src/broker/command-text.ts';
import type { Delivery } from '../../src/broker/delivery.ts';
import { BrokerError } from '../../src/broker/errors.ts';
import type { Field } from '../../src/broker/field.ts';
import { Message } from '../../src/broker/message.ts';
import { Properties, type PropertyValues } from '../../src/broker/properties.ts';
import type { Outcome, Queue } from '../../src/broker/queue/queue.ts';
import { type BrokerLimits, UNLIMITED } from '../../src/broker/quota.ts';
import { Receipt } from '../../src/broker/receipt.ts';
import type { Session } from '../../src/broker/session.ts';
import type { CancelReason, Consumer, SubscribeOptions } from '../../src/broker/subscription.ts';
import type { VHost } from '../../src/broker/vhost.ts';
import { ManualClock } from '../../src/clock.ts';
import type { Log } from '../../src/log.ts';
import { CatalogLog } from '../../src/storage/catalog-log.ts';
import { MemoryCatalog } from '../../src/storage/memory-catalog.ts';
import { MemoryStore } from '../../src/storage/memory-store.ts';
import type { MessageStore } from '../../src/storage/message-store.ts';
import { SegmentLog } from '../../src/storage/segment-log/segment-log.ts';
import { AsyncCatalog } from './async-catalog.ts';
import { AsyncStore, type AsyncStoreOptions, Disk } from './async-store.ts';
import { MemoryFiles } from './memory-files.ts';

/**
 * memory: MemoryStore and MemoryCatalog. publish: ready at once, safe later, as the segment log.
 * durable: ready when safe. remote: the same, and nothing is ever in memory when it gets ready.
 * segment: SegmentLog and CatalogLog, on folders in memory.
 */
export type BackendName = 'memory' | 'publish' | 'durable' | 'remote' | 'segment';

/** Where a message is in memory when it comes, so that a waiting consumer gets it at once. */
export const RESIDENT_BACKENDS: readonly { readonly name: BackendName }[] = [
  { name: 'memory' },
  { name: 'publish' },
  { name: 'durable' },
  { name: 'segment' },
];

/** Where a test says what fails and when, and a restart finds something. */
export const ASYNC_BACKENDS: readonly { readonly name: BackendName }[] = [
  { name: 'publish' },
  { name: 'durable' },
  { name: 'remote' },
];

/** Where a restart finds something. */
export const KEEPING_BACKENDS: typeof ASYNC_BACKENDS = [...ASYNC_BACKENDS, { name: 'segment' }];

export const BACKENDS: typeof RESIDENT_BACKENDS = [...RESIDENT_BACKENDS, { name: 'remote' }];

export interface EngineOptions extends Omit<Partial<AsyncStoreOptions>, 'readyOn' | 'clock'> {
  readonly queueResidentBytes?: number;
  readonly maxMessageBytes?: number;
  readonly limits?: Partial<BrokerLimits>;
  /** Rules for all queues. */
  readonly queues?: Pick<
    BrokerOptions,
    'consumerTimeoutMs' | 'defaultQueueType' | 'relaxedRedeclaration'
  >;
  readonly kept?: Command[];
  readonly store?: MessageStore;
  readonly folders?: Folders;
}

/** What a segment log and a catalog log are in. */
interface Folders {
  readonly messages: MemoryFiles;
  readonly definitions: MemoryFiles;
}

/** So short that a test has many. */
const SEGMENT_BYTES = 1024;

/** Few enough that two or three messages of a test fill the memory of a queue. */
const RESIDENT_BYTES = 1;

export const ALL = { configure: '.*', write: '.*', read: '.*' };

export class Engine {
  readonly clock = new ManualClock();
  /** Of store and catalog: so that settling moves no message nearer to its expiry. */
  readonly backendClock = new ManualClock();
  readonly lines: string[] = [];
  readonly kept: Command[];
  readonly disk: Disk;
  readonly folders: Folders;
  readonly store: MessageStore;
  readonly catalog: Catalog;
  readonly backend: BackendName;
  private readonly options: EngineOptions;
  private opened: Broker | null = null;

  private constructor(backend: BackendName, options: EngineOptions) {
    this.backend = backend;
    this.options = options;
    this.kept = options.kept ?? [];
    this.disk = options.disk ?? new Disk();
    const { seed = 1 } = options;
    this.folders = options.folders ?? {
      messages: new MemoryFiles(seed),
      definitions: new MemoryFiles(seed),
    };
    this.store = options.store ?? this.makeStore();
    this.catalog = this.makeCatalog();
  }

  static async open(backend: BackendName, options: EngineOptions = {}): Promise<Engine> {
    const engine = new Engine(backend, options);
    engine.opened = await engine.run(
      Broker.open({
        clock: engine.clock,
        log: engine.log(),
        store: engine.store,
        catalog: engine.catalog,
        defaults: {
          vhost: '/',
          user: 'guest',
          password: 'guest',
          tags: ['administrator'],
          permissions: ALL,
        },
        loopbackUsers: ['guest'],
        limits: { ...UNLIMITED, ...options.limits },
        maxMessageBytes: options.maxMessageBytes ?? 1_000_000,
        queueResidentBytes: options.queueResidentBytes ?? RESIDENT_BYTES,
        ...options.queues,
      }),
    );
    return engine;
  }

  get broker(): Broker {
    return this.opened as Broker;
  }

  get vhost(): VHost {
    return this.broker.vhosts.get('/') as VHost;
  }

  get asyncStore(): AsyncStore {
    return this.store as AsyncStore;
  }

  queue(name: string): Queue {
    return this.vhost.queue(name);
  }

  /** Does the store say when a message is ready? */
  get readyWhenDurable(): boolean {
    return this.store.readyOn === 'durable';
  }

  session(userName = 'guest', vhost = '/'): Session {
    return this.broker.openSession(this.broker.users.get(userName) as User, vhost);
  }

  /** A user with these rights in `/`. */
  async addUser(name: string, rights: Partial<typeof ALL>, tags: string[] = []): Promise<void> {
    const record = { name, passwordHash: null, tags };
    await this.run(this.broker.propose({ op: 'user.put', record }));
    const permission = { user: name, vhost: '/', configure: '', write: '', read: '', ...rights };
    await this.run(this.broker.propose({ op: 'permission.put', record: permission }));
  }

  /** Lets store and catalog do everything that they have been asked, and what follows from it. */
  async settle(): Promise<void> {
    for (;;) {
      await this.turns();
      if (this.backendClock.pending === 0) return;
      // What a segment log does later than at once, it does a lot later.
      this.backendClock.advance(this.backend === 'segment' ? 10 : 1);
    }
  }

  /** Until nothing is on its way to a disk. */
  private async turns(): Promise<void> {
    const { messages, definitions } = this.folders;
    await MemoryFiles.calm([messages, definitions], this.backend === 'segment' ? 3 : 1);
  }

  /** What becomes of a promise that waits for store or catalog. */
  async run<T>(promise: Promise<T>): Promise<T> {
    // Whoever awaits the returned promise hears of a failure; this keeps Node quiet until then.
    promise.catch(() => {});
    await this.settle();
    return promise;
  }

  /** The same for what asks them several times, with pauses of its own. */
  async pump<T>(promise: Promise<T>): Promise<T> {
    let done = false;
    const ended = promise.finally(() => {
      done = true;
    });
    ended.catch(() => {});
    while (!done) await this.settle();
    return ended;
  }

  async advance(ms: number): Promise<void> {
    this.clock.advance(ms);
    await this.settle();
  }

  /** Declares a durable queue unless told otherwise. */
  async declare(
    session: Session,
    name: string,
    args: Readonly<Record<string, Field>> = {},
    flags: { durable?: boolean; exclusive?: boolean; autoDelete?: boolean } = {},
  ): Promise<Queue> {
    const all = { durable: true, exclusive: false, autoDelete: false, ...flags };
    const declaration = { name, ...all, arguments: new Map(Object.entries(args)) };
    const info = await this.run(session.topology.declareQueue(declaration));
    return this.queue(info.name);
  }

  async declareExchange(
    session: Session,
    name: string,
    type: string,
    args: Readonly<Record<string, Field>> = {},
    flags: { durable?: boolean; internal?: boolean; autoDelete?: boolean } = {},
  ): Promise<void> {
    const all = { durable: true, internal: false, autoDelete: false, ...flags };
    const declaration = { name, type, ...all, arguments: new Map(Object.entries(args)) };
    await this.run(session.topology.declareExchange(declaration));
  }

  async bind(
    session: Session,
    source: string,
    destination: string,
    routingKey = '',
    args: Readonly<Record<string, Field>> = {},
    destinationKind: 'queue' | 'exchange' = 'queue',
  ): Promise<void> {
    const where = { source, destination, destinationKind, routingKey };
    const binding = { ...where, arguments: new Map(Object.entries(args)) };
    await this.run(session.topology.bind(binding));
  }

  /** Publishes persistent messages to a queue by way of the default exchange, and settles. */
  async send(session: Session, queue: string, ...bodies: readonly string[]): Promise<void> {
    for (const body of bodies) session.publish(message('', queue, body), null);
    await this.settle();
  }

  /** Subscribes and starts a consumer. */
  consume(
    session: Session,
    queue: string,
    options: Partial<SubscribeOptions> & { readonly consumer?: Recorder } = {},
  ): Recorder {
    const { consumer = new Recorder(session), ...rest } = options;
    consumer.subscription = session.subscribe(queue, consumer, { tag: 'tag', ...rest });
    consumer.subscription.resume();
    return consumer;
  }

  async fetch(session: Session, queue: string, noAck = false): Promise<Delivery | null> {
    const fetched = await this.run(session.fetch(queue, noAck));
    return fetched?.delivery ?? null;
  }

  /** The bodies of what waits in a queue; takes it out. */
  async drain(session: Session, queue: string): Promise<string[]> {
    const bodies: string[] = [];
    for (;;) {
      const delivery = await this.fetch(session, queue, true);
      if (delivery === null) return bodies;
      bodies.push(bodyOf(delivery));
    }
  }

  async close(): Promise<void> {
    await this.run(this.broker.close());
  }

  /** The process ends without good-bye; a new one starts on what was written. */
  async crash(): Promise<Engine> {
    if (this.backend === 'segment') {
      const { messages, definitions } = this.folders;
      const folders = { messages: messages.killed(), definitions: definitions.killed() };
      return Engine.open(this.backend, { ...this.options, folders });
    }
    this.asyncStore.crash();
    const { disk, kept } = this;
    return Engine.open(this.backend, { ...this.options, disk, kept });
  }

  private makeStore(): MessageStore {
    if (this.backend === 'memory') return new MemoryStore();
    const { disk, backendClock: clock } = this;
    if (this.backend === 'segment') {
      const { messages: files } = this.folders;
      return new SegmentLog({ files, clock, log: this.log(), segmentBytes: SEGMENT_BYTES });
    }
    const readyOn = this.backend === 'publish' ? 'publish' : 'durable';
    const passResident = this.backend === 'durable';
    return new AsyncStore({ passResident, ...this.options, disk, clock, readyOn });
  }

  private makeCatalog(): Catalog {
    const { backend, backendClock, options, kept } = this;
    if (backend === 'memory') return new MemoryCatalog();
    if (backend !== 'segment') return new AsyncCatalog(backendClock, options.seed, kept);
    const codec = { encode: encodeCommand, decode: decodeCommand };
    return new CatalogLog({ files: this.folders.definitions, codec, log: this.log() });
  }

  private log(): Log {
    const line = (level: string) => (text: string) => void this.lines.push(`${level} ${text}`);
    const [debug, info] = [line('debug'), line('info')];
    return { debug, info, warning: line('warning'), error: line('error') };
  }
}

/** A consumer that writes down what it gets. */
export class Recorder implements Consumer {
  readonly deliveries: Delivery[] = [];
  /** Bodies of everything ever taken, in order. */
  readonly bodies: string[] = [];
  cancelReason: CancelReason | null = null;
  open = true;
  /** How often the engine asked canTake(). */
  asked = 0;
  onTake: (delivery: Delivery) => void = () => {};
  subscription!: ReturnType<Session['subscribe']>;
  private readonly session: Session;

  constructor(session: Session) {
    this.session = session;
  }

  canTake(): boolean {
    this.asked++;
    return this.open;
  }

  take(delivery: Delivery): void {
    this.deliveries.push(delivery);
    this.bodies.push(bodyOf(delivery));
    this.onTake(delivery);
  }

  cancelled(reason: CancelReason): void {
    this.cancelReason = reason;
  }

  /** Settles the oldest delivery that it holds, or the one with this body. */
  settle(outcome: Outcome, body?: string): void {
    const index = body === undefined ? 0 : this.held.indexOf(body);
    const [delivery] = this.deliveries.splice(index, 1);
    this.session.settle(delivery as Delivery, outcome);
  }

  ackAll(): void {
    while (this.deliveries.length > 0) this.settle('ack');
  }

  /** The bodies of what it has and has not settled by settle(). */
  get held(): string[] {
    return this.deliveries.map(bodyOf);
  }
}

/** A publisher's list of answers: one entry a message, in the order they came. */
export class Answers {
  readonly list: string[] = [];
  private sequence = 0;

  /** A receipt for the next message; the caller lets go of it after publishing. */
  receipt(): Receipt {
    return new Receipt(this, ++this.sequence);
  }

  completed(sequence: number, accepted: boolean): void {
    this.list.push(`${sequence} ${accepted ? 'ack' : 'nack'}`);
  }

  /** Publishes as an adapter does. Returns how many queues were reached. */
  publish(session: Session, message: Message): number {
    const receipt = this.receipt();
    const reached = session.publish(message, receipt);
    receipt.release();
    return reached;
  }
}

/** A persistent message unless told otherwise. */
export function message(
  exchange: string,
  routingKey: string,
  body = '',
  values: PropertyValues = {},
): Message {
  const properties = new Properties({ deliveryMode: 2, ...values });
  return new Message(exchange, routingKey, properties, Buffer.from(body));
}

export function headers(values: Readonly<Record<string, Field>>): Map<string, Field> {
  return new Map(Object.entries(values));
}

export function bodyOf(delivery: Delivery): string {
  return delivery.message.body.toString();
}

/** What the engine says when it refuses: `KIND - text`. */
export async function refusal(attempt: () => unknown): Promise<string> {
  try {
    await attempt();
  } catch (error) {
    if (error instanceof BrokerError) return `${error.kind} - ${error.message}`;
    throw error;
  }
  return 'accepted';
}
