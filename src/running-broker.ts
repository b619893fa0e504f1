/**
 * RunningBroker: an engine with a store, a catalog and listeners in front: what main.ts and
 * embed.ts start and stop. A composition root: the only kind of file that knows every part.
 */
import type { HttpService } from '../protocols/index.ts';
import { accessConfig } from './access-config.ts';
import { announcedLog, startAnnouncing } from './announcements.ts';
import { authBackends } from './auth-backends.ts';
import { definitionsSource, importAtBoot } from './boot-definitions.ts';
import { Broker } from './broker/broker.ts';
import type { Catalog } from './broker/catalog.ts';
import { decodeCommand, encodeCommand } from './broker/command-text.ts';
import { type Clock, SystemClock } from './clock.ts';
import type { Config } from './config.ts';
import { type Listening, makeListeners } from './listeners.ts';
import type { Log } from './log.ts';
import { LogTail } from './log-tail.ts';
import { startManagement } from './management.ts';
import { nodeName } from './node-name.ts';
import { openFilesMax, socketsMax } from './open-files.ts';
import { ProcessMeter } from './process-meter.ts';
import { type Meter, ResourceMonitor } from './resource-monitor.ts';
import type { Connections } from './server/connections.ts';
import type { Listener } from './server/listener.ts';
import { Shared } from './server/shared.ts';
import type { WebSocketEndpoint } from './server/websocket-endpoint.ts';
import { CatalogLog } from './storage/catalog-log.ts';
import { DataDirectory } from './storage/data-directory.ts';
import { MemoryCatalog } from './storage/memory-catalog.ts';
import { MemoryStore } from './storage/memory-store.ts';
import type { MessageStore } from './storage/message-store.ts';
import { SegmentLog } from './storage/segment-log/segment-log.ts';
import type { TlsIdentities } from './tls-identities.ts';

export interface Parts {
  readonly config: Config;
  readonly log: Log;
  readonly clock?: Clock;
  /** Ends the process, for the command that asks for it. */
  readonly stop?: () => void;
  /** Stops the broker and leaves the process, for the command that asks for it. */
  readonly stopApp?: () => void;
  /** The files that the configuration is from, for operators to see. */
  readonly configFiles?: readonly string[];
  /** How memory and disk are measured. */
  readonly meter?: Meter;
}

/** Where a broker keeps what it knows. */
interface Storage {
  readonly store: MessageStore;
  readonly catalog: Catalog;
  /** null if nothing is kept. */
  readonly directory: DataDirectory | null;
}

export class RunningBroker {
  readonly broker: Broker;
  /** null if nothing is kept. */
  readonly directory: DataDirectory | null;
  listeners: readonly Listener[];
  /** What the management port takes by WebSocket. */
  readonly endpoints: readonly WebSocketEndpoint[];
  /** What clients of all protocols share. */
  readonly shared: Shared;
  /** Every open client. */
  readonly connections: Connections;
  /** Memory and disk. */
  readonly resources: ResourceMonitor;
  /** The certificates of its listeners. */
  readonly identities: TlsIdentities;
  /** What it has logged last. */
  readonly logTail: LogTail;
  /** The management API; null if there is none. */
  http: HttpService | null = null;
  private stopping: Promise<void> | null = null;

  private constructor(
    broker: Broker,
    directory: DataDirectory | null,
    shared: Shared,
    listening: Listening,
    resources: ResourceMonitor,
    logTail: LogTail,
  ) {
    this.broker = broker;
    this.directory = directory;
    const { connections } = shared;
    this.shared = shared;
    this.connections = connections;
    this.identities = listening.identities;
    this.listeners = listening.listeners;
    this.endpoints = listening.endpoints;
    this.resources = resources;
    this.logTail = logTail;
    broker.store.onBusy((busy) => connections.storeBusy(busy));
    broker.alarms.onChange((reason) => connections.alarmed(reason));
  }

  /**
   * @throws Error if a listener's port cannot be had, or its certificate is no good; then nothing
   *   is left running
   */
  static async start(given: Parts): Promise<RunningBroker> {
    const logTail = new LogTail(given.log, given.config.get('log.console.level'));
    const parts = { ...given, log: announcedLog(given.config, logTail) };
    const storage = openStorage(parts);
    let broker: Broker | null = null;
    let running: RunningBroker | null = null;
    try {
      broker = await openBroker(parts, storage);
      await importAtBoot(broker, parts.config);
      startAnnouncing(parts.config, broker);
      const shared = new Shared(parts.log, socketsMax(openFilesMax()));
      const listening = makeListeners(parts.config, broker, shared);
      const resources = monitorOf(parts, broker, storage.directory);
      running = new RunningBroker(broker, storage.directory, shared, listening, resources, logTail);
      resources.start();
      running.listeners = await startAll(running.listeners, parts.log);
      running.http = await startManagement({ ...parts, running });
    } catch (error) {
      await (running?.stop('start-up failed') ?? broker?.close());
      storage.directory?.close();
      throw error;
    }
    running.identities.watch();
    return running;
  }

  /** Says goodbye to every client, then closes the engine. Calling it again waits for the same. */
  stop(reason: string): Promise<void> {
    this.stopping ??= this.close(reason);
    return this.stopping;
  }

  /** Takes no new clients on any listener; who is connected stays. */
  suspendListeners(): void {
    for (const listener of this.listeners) listener.suspend();
  }

  /** Takes new clients again. @throws Error if somebody else has a port by now */
  async resumeListeners(): Promise<void> {
    for (const listener of this.listeners) if (!listener.listening) await listener.start();
  }

  /** Reads the files of certificates again. */
  reload(): void {
    this.identities.reload();
  }

  private async close(reason: string): Promise<void> {
    this.resources.stop();
    this.identities.stop();
    await this.http?.stop();
    const stopped = this.listeners.map((listener) => listener.stop(reason));
    await Promise.all([...stopped, this.connections.goodbye(reason)]);
    const protocols = [...this.listeners, ...this.endpoints].map(({ protocol }) => protocol);
    for (const protocol of new Set(protocols)) await protocol.stop?.();
    await this.broker.close();
    this.directory?.close();
  }
}

/** Starts them one by one. Returns those that listen: all but optional ones without a port. */
async function startAll(listeners: readonly Listener[], log: Log): Promise<Listener[]> {
  const started: Listener[] = [];
  for (const listener of listeners) {
    try {
      await listener.start();
      started.push(listener);
    } catch (error) {
      if (!listener.optional) throw error;
      log.warning(`${(error as Error).message}; going on without it`);
    }
  }
  return started;
}

function monitorOf(parts: Parts, broker: Broker, directory: DataDirectory | null) {
  const { config, log } = parts;
  const meter = parts.meter ?? new ProcessMeter(directory, () => broker.store.failure !== null);
  // By the real clock even where the broker's stands still: memory does not.
  const clock = new SystemClock();
  return new ResourceMonitor({ config, log, alarms: broker.alarms, clock, meter });
}

/** @throws Error if the data directory cannot be had */
function openStorage({ config, log }: Parts): Storage {
  if (config.get('memory_only')) {
    return { store: new MemoryStore(), catalog: new MemoryCatalog(), directory: null };
  }
  const directory = DataDirectory.open(config.get('data_dir'), log);
  log.info(`data directory ${directory.path}`);
  const codec = { encode: encodeCommand, decode: decodeCommand };
  const catalog = new CatalogLog({ files: directory.files('definitions'), codec, log });
  const files = directory.files('messages');
  // Disks go by real time, whatever time the engine goes by.
  const segmentBytes = config.get('msg_store_file_size_limit');
  const store = new SegmentLog({ files, clock: new SystemClock(), log, segmentBytes });
  return { store, catalog, directory };
}

async function openBroker(parts: Parts, storage: Storage): Promise<Broker> {
  const { config, log, clock = new SystemClock() } = parts;
  const access = accessConfig(config);
  return Broker.open({
    clock,
    log,
    store: storage.store,
    catalog: storage.catalog,
    ...access,
    authenticators: await authBackends({ config, clock, log }),
    nodeName: nodeName(config),
    defaults: definitionsSource(config) === null ? access.defaults : null,
    maxMessageBytes: config.get('max_message_size'),
    consumerTimeoutMs: config.get('consumer_timeout'),
    traceBounds: {
      messages: config.get('trace.max_messages'),
      bytes: config.get('trace.max_bytes'),
    },
    defaultQueueType: config.get('default_queue_type'),
    relaxedRedeclaration: config.get(
      'quorum_queue.property_equivalence.relaxed_checks_on_redeclaration',
    ),
  });
}
