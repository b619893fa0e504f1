/**
 * Management: what the configuration says about HTTP, handed to protocols/http with the facts of
 * the running broker. A composition root, like listeners.ts.
 */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import {
  type CertificateInfo,
  type HttpService,
  type HttpServiceOptions,
  loadHttp,
  type ManagementOptions,
  type MetricsListenerOptions,
} from '../protocols/index.ts';
import type { Broker } from './broker/broker.ts';
import type { Config } from './config.ts';
import type { ListenerAddress } from './config-value.ts';
import { controlSocketOf } from './control-socket.ts';
import type { LogTail } from './log-tail.ts';
import { nodeName } from './node-name.ts';
import { signInOrigins, signInSettings } from './oauth2-config.ts';
import type { ResourceMonitor } from './resource-monitor.ts';
import type { Listener } from './server/listener.ts';
import type { Shared } from './server/shared.ts';
import type { TlsIdentity } from './server/tls-identity.ts';
import type { WebSocketEndpoint } from './server/websocket-endpoint.ts';
import type { TlsIdentities } from './tls-identities.ts';

/** What of the running broker the API shows. */
export interface ManagedParts {
  readonly config: Config;
  readonly configFiles?: readonly string[];
  readonly running: Managed;
  /** Ends the process, for the command that asks for it. */
  readonly stop?: () => void;
  /** Stops the broker alone. */
  readonly stopApp?: () => void;
}

/** The part of RunningBroker that it needs. */
interface Managed {
  readonly broker: Broker;
  readonly shared: Shared;
  readonly listeners: readonly Listener[];
  readonly endpoints: readonly WebSocketEndpoint[];
  readonly resources: ResourceMonitor;
  readonly directory: { readonly path: string } | null;
  suspendListeners(): void;
  resumeListeners(): Promise<void>;
  readonly identities: TlsIdentities;
  readonly logTail: LogTail;
  readonly http: HttpService | null;
}

/** Starts what speaks HTTP; null if nothing is to. @throws Error if a port cannot be had */
export async function startManagement(parts: ManagedParts): Promise<HttpService | null> {
  const { config } = parts;
  const wanted = PORTS.filter((port) => config.get(port) !== null);
  if (wanted.length === 0 && parts.running.directory === null) return null;
  const { HttpService } = await loadHttp();
  const service = new HttpService(await optionsOf(parts));
  try {
    for (const port of wanted) await unlessTaken(parts, port, () => startOne(parts, service, port));
    await service.startControl();
    service.startWebhooks();
  } catch (error) {
    await service.stop();
    throw error;
  }
  return service;
}

const PORTS = [
  'management.tcp.port',
  'management.ssl.port',
  'prometheus.tcp.port',
  'prometheus.ssl.port',
] as const;

function startOne(
  { config, running }: ManagedParts,
  service: HttpService,
  port: (typeof PORTS)[number],
): Promise<void> {
  const at = config.get(port) as ListenerAddress;
  switch (port) {
    case 'management.tcp.port':
      return service.startManagement(managementOf(config, at, 'management.tcp.ip', null));
    case 'management.ssl.port': {
      const tls = running.identities.of('management.ssl', port);
      return service.startManagement(managementOf(config, at, 'management.ssl.ip', tls));
    }
    case 'prometheus.tcp.port':
      return service.startMetrics(metricsOf(config, at, 'prometheus.tcp.ip', null));
    case 'prometheus.ssl.port': {
      const tls = running.identities.of('prometheus.ssl', port);
      return service.startMetrics(metricsOf(config, at, 'prometheus.ssl.ip', tls));
    }
  }
}

/** Somebody who did not ask for a port should not fail for it: a second broker, say. */
async function unlessTaken(
  { config, running }: ManagedParts,
  port: (typeof PORTS)[number],
  start: () => Promise<void>,
): Promise<void> {
  try {
    await start();
  } catch (error) {
    if (config.source(port) !== 'default') throw error;
    running.broker.log.warning(`${(error as Error).message} Going on without it (${port}).`);
  }
}

/** Made once for all time, and kept with the definitions, where RabbitMQ keeps its own. */
async function clusterIdOf(broker: Broker): Promise<string> {
  const known = broker.parameters.global.get('internal_cluster_id');
  if (typeof known === 'string') return known;
  const value = `rabbitmq-cluster-id-${randomBytes(16).toString('base64url')}`;
  await broker.propose({ op: 'global-parameter.put', name: 'internal_cluster_id', value });
  return value;
}

async function optionsOf(parts: ManagedParts): Promise<HttpServiceOptions> {
  const { config, configFiles = [], running } = parts;
  const { broker, shared, resources } = running;
  const disabled = config.get('management.disable_stats');
  return {
    broker,
    shared,
    node: nodeName(config),
    configuredClusterName: config.get('cluster_name'),
    clusterId: await clusterIdOf(broker),
    startedAtMs: broker.clock.now(),
    ratesMode: config.get('management.rates_mode'),
    statsDisabled: disabled || config.get('management.rates_mode') === 'none',
    signIn: signInSettings(config),
    mechanisms: config.get('auth_mechanisms'),
    configFiles,
    configuration: () => config.shown(),
    dataDirectory: running.directory?.path ?? '',
    certificates: () => certificatesOf(running),
    socketsMax: shared.socketsMax,
    resources: () => ({
      memory: {
        limitBytes: Math.round(resources.memoryLimitBytes),
        alarm: broker.alarms.isSet('memory'),
      },
      disk: {
        freeBytes: resources.freeDiskBytes ?? 0,
        limitBytes: Math.round(resources.diskLimitBytes),
        alarm: broker.alarms.isSet('disk'),
      },
    }),
    sampleIntervalMs: config.get('collect_statistics_interval'),
    logTail: running.logTail,
    webhooks: {
      allowPrivate: config.get('webhooks.private_targets'),
      authorities: authoritiesOf(config),
    },
    control: controlOf(parts),
    otherListeners: () =>
      running.listeners
        .filter(({ listening }) => listening)
        .map(({ id, host, port }) => ({ protocol: id, host, port })),
    upgrade: (request, socket, head) => {
      const endpoint = running.endpoints.find((one) => one.takes(request));
      endpoint?.handleUpgrade(request, socket, head);
      return endpoint !== undefined;
    },
  };
}

/** Whom webhooks trust; null for whom everybody trusts. @throws Error if there is no such file */
function authoritiesOf(config: Config): Buffer | null {
  const file = config.get('webhooks.cacertfile');
  return file === '' ? null : readFileSync(file);
}

/** When the certificates of all listeners end. */
function certificatesOf({ listeners, http }: Managed): CertificateInfo[] {
  const mine = listeners.map(({ id, port, tls }) => ({ id, port, tls }));
  const others = (http?.listeners ?? []).map(({ options: { protocol, tls = null }, port }) => {
    return { id: protocol, port, tls };
  });
  return [...mine, ...others].flatMap(({ id, port, tls }) =>
    tls === null ? [] : [{ protocol: id, port, expiresAtMs: tls.expiresAtMs }],
  );
}

function managementOf(
  config: Config,
  { host, port }: ListenerAddress,
  ip: 'management.tcp.ip' | 'management.ssl.ip',
  tls: TlsIdentity | null,
): ManagementOptions {
  return {
    address: { host: host ?? config.get(ip), port },
    tls,
    pathPrefix: config.get('management.path_prefix'),
    maxBodyBytes: config.get('management.http.max_body_size'),
    maxMessageBytes: config.get('max_message_size'),
    corsOrigins: config.get('management.cors.allow_origins'),
    corsMaxAge: config.get('management.cors.max_age'),
    connectOrigins: signInOrigins(config),
    contentPolicy: config.get('management.csp.policy'),
  };
}

function metricsOf(
  config: Config,
  { host, port }: ListenerAddress,
  ip: 'prometheus.tcp.ip' | 'prometheus.ssl.ip',
  tls: TlsIdentity | null,
): MetricsListenerOptions {
  return {
    address: { host: host ?? config.get(ip), port },
    tls,
    path: config.get('prometheus.path'),
    perObject: config.get('prometheus.return_per_object_metrics'),
    authenticated: config.get('prometheus.authentication.enabled'),
  };
}

/** Commands find it in the data directory; without one there is nowhere to look. */
function controlOf(parts: ManagedParts): HttpServiceOptions['control'] {
  const { config, running, stop, stopApp } = parts;
  const { directory } = running;
  if (directory === null) return null;
  return {
    path: controlSocketOf(directory.path),
    maxBodyBytes: config.get('management.http.max_body_size'),
    stop: () => stop?.(),
    stopApp: stopApp ?? null,
    suspend: () => running.suspendListeners(),
    resume: () => running.resumeListeners(),
    setLimit: (resource, limit) => {
      const { resources } = running;
      if (resource === 'memory') resources.memoryLimit = limit;
      else resources.diskLimit = limit;
      resources.look();
    },
  };
}
