/**
 * Listener: one TCP port and the clients connected to it. What stands between the socket and the
 * adapter (PROXY header, TLS, WebSocket) is done in entrance.ts; a plain connection goes straight
 * to its adapter. Which listeners there are is src/listeners.ts.
 */
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import type { OpenConnection } from './connections.ts';
import { Entrance, type EntranceOptions } from './entrance.ts';
import { endsOf, originOf } from './origin.ts';
import type { Protocol } from './protocol.ts';
import type { Shared } from './shared.ts';
import { openSocketClient } from './socket-client.ts';
import type { TlsIdentity } from './tls-identity.ts';

export interface ListenerOptions extends EntranceOptions {
  /** The protocol as RabbitMQ's API calls it: `amqp`, `mqtt`, `stomp`. */
  readonly id: string;
  /** null listens on IPv6 and IPv4 alike, if the machine has both. */
  readonly host: string | null;
  /** 0 picks a free one. */
  readonly port: number;
  readonly backlog: number;
  readonly noDelay: boolean;
  readonly keepAlive: boolean;
  /** Nobody has asked for it: if its port is taken, the broker does without. */
  readonly optional?: boolean;
}

export class Listener {
  readonly protocol: Protocol;
  private readonly options: ListenerOptions;
  private readonly shared: Shared;
  private readonly server: Server;
  private readonly entrance: Entrance | null;
  private readonly clients = new Set<OpenConnection>();
  private bound: AddressInfo | null = null;

  constructor(protocol: Protocol, options: ListenerOptions, shared: Shared) {
    this.protocol = protocol;
    this.options = options;
    this.shared = shared;
    this.server = createServer({ pauseOnConnect: true }, (socket) => this.accept(socket));
    // Those of listen() are for start(), which has a listener of its own.
    this.server.on('error', (error) => {
      if (this.listening) shared.log.error(`${this}: ${error.message}`);
    });
    const { joined, left } = this;
    this.entrance = Entrance.needed(options)
      ? new Entrance(protocol, options, shared, joined, left)
      : null;
  }

  /** The port that clients connect to; after start(). */
  get port(): number {
    return this.bound?.port ?? this.options.port;
  }

  /** See ListenerOptions. */
  get optional(): boolean {
    return this.options.optional === true;
  }

  /** The address that it listens on; after start(). */
  get host(): string {
    return this.bound?.address ?? '?';
  }

  /** Does it take clients? */
  get listening(): boolean {
    return this.server.listening;
  }

  /** The certificate that it shows, null without TLS. */
  get tls(): TlsIdentity | null {
    return this.options.tls ?? null;
  }

  /** As RabbitMQ's API calls it: `amqp`, `amqp/ssl`, `http/web-mqtt`. */
  get id(): string {
    const { id, tls, webSocket } = this.options;
    if (webSocket !== undefined) return `${tls === undefined ? 'http' : 'https'}/web-${id}`;
    return tls === undefined ? id : `${id}/ssl`;
  }

  /** `AMQP 0-9-1`, `AMQP 0-9-1 over TLS`, `MQTT over WebSocket and TLS`. */
  get name(): string {
    const { tls, webSocket } = this.options;
    const layers = [webSocket && 'WebSocket', tls && 'TLS'].filter((layer) => layer !== undefined);
    return [this.protocol.name, ...(layers.length === 0 ? [] : [layers.join(' and ')])].join(
      ' over ',
    );
  }

  /** `AMQP 0-9-1 listening on [::]:5672` */
  toString(): string {
    const { host } = this;
    const shown = host.includes(':') ? `[${host}]` : host;
    return `${this.name} listening on ${shown}:${this.port}`;
  }

  /** @throws Error if the port cannot be had, e.g. because somebody else has it */
  async start(): Promise<void> {
    const { host, backlog } = this.options;
    // Once it had one of the free ports it comes back to it.
    const { port } = this;
    try {
      await this.listen(host ?? '::', port, backlog);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EADDRINUSE') throw new Error(this.inUse());
      if (host !== null || code !== 'EAFNOSUPPORT') throw error;
      await this.listen('0.0.0.0', port, backlog);
    }
  }

  /** Takes nobody else until start() is called again; who is connected stays. */
  suspend(): void {
    this.server.close();
  }

  /** Accepts nobody else, says goodbye to everybody, and waits until all are gone. */
  async stop(reason: string): Promise<void> {
    const closed = new Promise<void>((resolve) => this.server.close(() => resolve()));
    this.entrance?.stop();
    await Promise.all([...this.clients].map((one) => one.goodbye(reason)));
    await closed;
  }

  private inUse(): string {
    return `port ${this.port} for ${this.name} is taken: is another broker running on it?`;
  }

  private listen(host: string, port: number, backlog: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen({ host, port, backlog }, () => {
        this.server.off('error', reject);
        this.bound = this.server.address() as AddressInfo;
        resolve();
      });
    });
  }

  private accept(socket: Socket): void {
    if (!this.shared.hasRoom()) {
      socket.destroy();
      return;
    }
    socket.setNoDelay(this.options.noDelay);
    socket.setKeepAlive(this.options.keepAlive);
    if (this.entrance !== null) {
      this.entrance.enter(socket);
      return;
    }
    const { protocol, shared, left } = this;
    const origin = originOf(endsOf(socket), null);
    this.joined(openSocketClient(socket, origin, protocol, shared, null, left));
  }

  private readonly joined = (one: OpenConnection): void => {
    this.clients.add(one);
  };

  private readonly left = (one: OpenConnection): void => {
    this.clients.delete(one);
  };
}
