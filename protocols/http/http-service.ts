/**
 * HttpService: everything of one broker that speaks HTTP: the management API and what is sampled
 * for it, the metrics, and messages under `/v1`. Made by the composition root, with the broker's
 * facts handed in; without a listener it costs nothing.
 */
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Broker } from '../../src/broker/broker.ts';
import type { LogTail } from '../../src/log-tail.ts';
import type { Shared } from '../../src/server/shared.ts';
import type { TlsIdentity } from '../../src/server/tls-identity.ts';
import { addConsole } from './console/console.ts';
import { ExtensionStreams } from './console/extensions.ts';
import { type ControlOptions, startControl } from './control.ts';
import { type HttpAddress, HttpListener } from './http-listener.ts';
import { Logins } from './login.ts';
import { addLoginForm } from './login-form.ts';
import type { ListenerInfo, ManagementContext } from './management/context.ts';
import { addManagement, byLogin } from './management.ts';
import { DataPlane } from './messaging/data-plane.ts';
import { addHealth, addMetrics } from './metrics/metrics.ts';
import { ProcessMetrics } from './metrics/process-metrics.ts';
import { Statistics } from './statistics.ts';
import { WebhookSenders } from './webhooks/webhooks.ts';
import type { WebhookOptions } from './webhooks/wire.ts';

/** The management API's listener. */
export interface ManagementOptions {
  readonly address: HttpAddress;
  /** Its certificate; null speaks HTTP in plain. */
  readonly tls: TlsIdentity | null;
  /** What stands before `/api` and `/v1`, e.g. `/rabbit`; '' for nothing. */
  readonly pathPrefix: string;
  readonly maxBodyBytes: number;
  /** Of messages that are published under `/v1`. */
  readonly maxMessageBytes: number;
  readonly corsOrigins: readonly string[];
  readonly corsMaxAge: number;
  /** Where the console's pages may call besides the broker: who signs people in. */
  readonly connectOrigins: readonly string[];
  /** What the console's pages may do; null for what we think right. */
  readonly contentPolicy: string | null;
}

/** The listener that Prometheus visits. */
export interface MetricsListenerOptions {
  readonly address: HttpAddress;
  /** Its certificate; null speaks HTTP in plain. */
  readonly tls: TlsIdentity | null;
  readonly path: string;
  readonly perObject: boolean;
  /** Has a visitor to log in, as somebody who monitors? */
  readonly authenticated: boolean;
}

/** What the composition root hands in. */
export interface HttpServiceOptions
  extends Omit<
    ManagementContext,
    'webhooks' | 'statistics' | 'listeners' | 'broker' | 'connections'
  > {
  readonly broker: Broker;
  /** What its WebSockets share with the clients of other protocols, the registry above all. */
  readonly shared: Shared;
  /** Between two samples of every counter. */
  readonly sampleIntervalMs: number;
  /** The last lines of the broker's log. */
  readonly logTail: LogTail;
  readonly webhooks: WebhookOptions;
  /** null for none. */
  readonly control: ControlOptions | null;
  /** Of all other protocols. */
  otherListeners(): readonly ListenerInfo[];
  /** Takes an upgrade to WebSocket on the management port, or says that it is for nobody. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): boolean;
}

export class HttpService {
  readonly listeners: HttpListener[] = [];
  private readonly options: HttpServiceOptions;
  private readonly statistics: Statistics;
  private readonly context: ManagementContext;
  private readonly logins: Logins;
  private readonly dataPlane: DataPlane;
  private readonly streams: ExtensionStreams;
  private readonly webhooks: WebhookSenders;
  private control: HttpListener | null = null;
  private processMetrics: ProcessMetrics | null = null;
  private sampling = false;

  constructor(options: HttpServiceOptions) {
    this.options = options;
    const { broker, shared, sampleIntervalMs } = options;
    const { connections } = shared;
    const sampling = { intervalMs: sampleIntervalMs, detailed: options.ratesMode === 'detailed' };
    this.statistics = new Statistics(broker, connections, sampling);
    const { statistics } = this;
    const hooks = { ...options.webhooks, broker, connections, random: Math.random };
    const webhooks = new WebhookSenders(hooks);
    this.webhooks = webhooks;
    const listeners = () => this.all();
    this.context = { ...options, connections, statistics, webhooks, listeners };
    this.logins = new Logins(broker);
    this.streams = new ExtensionStreams(this.context, options.logTail);
    this.dataPlane = new DataPlane(broker, this.logins, shared, this.webhooks);
  }

  async stop(): Promise<void> {
    this.statistics.sampler.stop();
    this.processMetrics?.stop();
    this.streams.stop();
    this.webhooks.stop();
    await this.dataPlane.stop();
    const all = this.control === null ? this.listeners : [...this.listeners, this.control];
    await Promise.all(all.map((listener) => listener.stop()));
  }

  /** Starts a listener of the management API. @throws Error if its port cannot be had */
  async startManagement(management: ManagementOptions): Promise<void> {
    const { options, context } = this;
    const protocol = management.tls === null ? 'http' : 'https';
    const limits = { ...management, protocol, log: options.broker.log };
    const listener = new HttpListener(limits);
    const { pathPrefix, maxMessageBytes, corsOrigins } = management;
    const { all, routing } = addManagement(listener.app, pathPrefix, context, byLogin(this.logins));
    this.streams.add(listener.app, pathPrefix, all, routing);
    const { connectOrigins, contentPolicy } = management;
    addConsole(listener.app, { prefix: pathPrefix, connectOrigins, contentPolicy });
    addLoginForm(listener.app, pathPrefix, this.logins, options.broker.log);
    addHealth(listener.app, context);
    const plane = { prefix: pathPrefix, maxMessageBytes, corsOrigins };
    const take = this.dataPlane.add(listener.app, plane);
    listener.app.server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      if (take(request, socket as Socket, head)) return;
      if (!options.upgrade(request, socket, head)) socket.destroy();
    });
    await listener.start(management.address);
    this.listeners.push(listener);
    if (!this.sampling) this.statistics.sampler.start();
    this.sampling = true;
  }

  /** Starts a listener for the metrics. @throws Error if its port cannot be had */
  async startMetrics(metrics: MetricsListenerOptions): Promise<void> {
    const { tls } = metrics;
    const limits = { maxBodyBytes: 1024, corsOrigins: [], corsMaxAge: 0, tls };
    const protocol = `${tls === null ? 'http' : 'https'}/prometheus`;
    const listener = new HttpListener({ ...limits, protocol, log: this.options.broker.log });
    const viewerOf = metrics.authenticated ? byLogin(this.logins) : null;
    const processMetrics = this.processMetrics ?? new ProcessMetrics();
    const { path, perObject } = metrics;
    addMetrics(listener.app, this.context, processMetrics, { path, perObject, viewerOf });
    try {
      await listener.start(metrics.address);
    } catch (error) {
      if (this.processMetrics === null) processMetrics.stop();
      throw error;
    }
    this.processMetrics = processMetrics;
    this.listeners.push(listener);
  }

  /** Starts sending to webhooks, now and when there are some. */
  startWebhooks(): void {
    this.webhooks.start();
  }

  /** Starts what commands on this machine use, if they are to. */
  async startControl(): Promise<void> {
    const { control } = this.options;
    if (control !== null) this.control = await startControl(this.context, control);
  }

  /** The port of a listener; null if it is not there. */
  portOf(protocol: string): number | null {
    return this.listeners.find((one) => one.options.protocol === protocol)?.port ?? null;
  }

  private all(): ListenerInfo[] {
    const own = this.listeners.map(({ options: { protocol }, host, port }) => {
      return { protocol, host, port };
    });
    return [...this.options.otherListeners(), ...own];
  }
}
