/**
 * RunningBroker: an engine with a store, a catalog and listeners in front: what main.ts and
 * embed.ts start and stop. A composition root: the only kind of file that knows every part.
 */
import { Amqp } from '../protocols/index.ts';
import { Broker } from './broker/broker.ts';
import { type Clock, SystemClock } from './clock.ts';
import type { Config } from './config.ts';
import type { Log } from './log.ts';
import { Listener, ReadBuffer } from './server/listener.ts';
import type { Protocol } from './server/protocol.ts';
import { MemoryCatalog } from './storage/memory-catalog.ts';
import { MemoryStore } from './storage/memory-store.ts';
import { VERSION } from './version.ts';

export interface Parts {
  readonly config: Config;
  readonly log: Log;
  readonly clock?: Clock;
}

export class RunningBroker {
  readonly broker: Broker;
  readonly listeners: readonly Listener[];
  private stopping: Promise<void> | null = null;

  private constructor(broker: Broker, listeners: readonly Listener[]) {
    this.broker = broker;
    this.listeners = listeners;
    broker.store.onBusy((busy) => {
      for (const listener of listeners) listener.storeBusy(busy);
    });
  }

  /** @throws Error if a listener's port cannot be had; then nothing is left running */
  static async start(parts: Parts): Promise<RunningBroker> {
    const broker = await openBroker(parts);
    const running = new RunningBroker(broker, makeListeners(parts, broker));
    try {
      for (const listener of running.listeners) await listener.start();
    } catch (error) {
      await running.stop('start-up failed');
      throw error;
    }
    return running;
  }

  /** Says goodbye to every client, then closes the engine. Calling it again waits for the same. */
  stop(reason: string): Promise<void> {
    this.stopping ??= this.close(reason);
    return this.stopping;
  }

  private async close(reason: string): Promise<void> {
    await Promise.all(this.listeners.map((listener) => listener.stop(reason)));
    await this.broker.close();
  }
}

function openBroker({ config, log, clock }: Parts): Promise<Broker> {
  const permissions = {
    configure: config.get('default_permissions.configure'),
    write: config.get('default_permissions.write'),
    read: config.get('default_permissions.read'),
  };
  return Broker.open({
    clock: clock ?? new SystemClock(),
    log,
    store: new MemoryStore(),
    catalog: new MemoryCatalog(),
    defaults: {
      vhost: config.get('default_vhost'),
      user: config.get('default_user'),
      password: config.get('default_pass'),
      tags: [...config.get('default_user_tags')],
      permissions,
    },
    loopbackUsers: [...config.get('loopback_users')],
    maxMessageBytes: config.get('max_message_size'),
  });
}

function makeListeners({ config, log }: Parts, broker: Broker): Listener[] {
  const shared = new ReadBuffer();
  const amqp = amqpOf(config, broker);
  const tcp = {
    backlog: config.get('tcp_listen_options.backlog'),
    noDelay: config.get('tcp_listen_options.nodelay'),
    keepAlive: config.get('tcp_listen_options.keepalive'),
  };
  return [...config.get('listeners.tcp').values()].map(
    (address) => new Listener(amqp, { ...address, ...tcp }, shared, log),
  );
}

function amqpOf(config: Config, broker: Broker): Protocol {
  return new Amqp(broker, {
    identity: { clusterName: config.get('cluster_name'), version: VERSION },
    tuning: {
      channelMax: config.get('channel_max'),
      frameMax: config.get('frame_max'),
      heartbeat: config.get('heartbeat'),
    },
    initialFrameMax: config.get('initial_frame_max'),
    mechanisms: config.get('auth_mechanisms'),
    handshakeTimeoutMs: config.get('handshake_timeout'),
  });
}
