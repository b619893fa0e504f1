/**
 * Warren inside another program: `import { startBroker } from 'warrenmq'`. On a free port of the
 * loopback interface, silent, and in memory unless it is given a `data_dir`; without one, stop()
 * leaves nothing behind. Everything an option does is documented in config/warren.conf.
 */
import type { Clock } from './clock.ts';
import type { Overrides } from './config.ts';
import { loopbackConfig } from './listeners.ts';
import { type Log, silentLog } from './log.ts';
import { RunningBroker } from './running-broker.ts';
import { SHUTDOWN } from './server/protocol.ts';

export { type Clock, ManualClock, type Timer } from './clock.ts';
export { ConfigError, type Overrides } from './config.ts';

export interface StartOptions {
  /** Options by RabbitMQ's keys, e.g. `{ heartbeat: 10 }`; files and variables are not read. */
  readonly config?: Overrides;
  /** The clock that drives TTLs, heartbeats and delays; a ManualClock lets a test move time. */
  readonly clock?: Clock;
  /** Where the broker's own lines go; nowhere by default. */
  readonly log?: Log;
}

/** A broker running in this process. */
export interface EmbeddedBroker {
  /** The port that AMQP 0-9-1 clients connect to. */
  readonly port: number;
  /** The port of the management API; null unless `management.tcp.port` is set. */
  readonly managementPort: number | null;
  /** The port of the metrics; null unless `prometheus.tcp.port` is set. */
  readonly metricsPort: number | null;
  /** A URL with the default user, as clients take it. */
  readonly url: string;
  /**
   * The port of another listener that was asked for, by RabbitMQ's names: `mqtt`,
   * `http/web-mqtt`; undefined if there is none.
   */
  portOf(listener: string): number | undefined;
  /** Disconnects every client and frees the port. */
  stop(): Promise<void>;
}

/**
 * Starts a broker; ready for clients when the promise resolves.
 * @throws ConfigError if an option is unknown or its value not valid
 */
export async function startBroker(options: StartOptions = {}): Promise<EmbeddedBroker> {
  const config = loopbackConfig(options.config);
  const { log = silentLog, clock } = options;
  const running = await RunningBroker.start({ config, log, ...(clock && { clock }) });
  const port = running.listeners[0]?.port ?? 0;
  const user = encodeURIComponent(config.get('default_user'));
  const password = encodeURIComponent(config.get('default_pass'));
  const vhost = encodeURIComponent(config.get('default_vhost'));
  return {
    port,
    managementPort: running.http?.portOf('http') ?? null,
    metricsPort: running.http?.portOf('http/prometheus') ?? null,
    url: `amqp://${user}:${password}@127.0.0.1:${port}/${vhost}`,
    portOf: (id) => running.listeners.find((listener) => listener.id === id)?.port,
    stop: () => running.stop(SHUTDOWN),
  };
}
