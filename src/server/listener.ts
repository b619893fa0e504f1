/**
 * Listener: one TCP port and the clients connected to it. All sockets are read into one shared
 * buffer, because adapters are done with the bytes when receive() returns: half the memory and
 * fewer allocations than a buffer per read (performance.md, technique 3).
 */
import { createServer, type Server, Socket } from 'node:net';
import { GOODBYE_TIMEOUT_MS, READ_BUFFER_BYTES, SOCKET_END_GRACE_MS } from '../limits.ts';
import type { Log } from '../log.ts';
import { Outbox, SlabPool } from './outbox.ts';
import type { Client, Connection, Protocol } from './protocol.ts';

export interface ListenerOptions {
  /** null listens on IPv6 and IPv4 alike, if the machine has both. */
  readonly host: string | null;
  /** 0 picks a free one. */
  readonly port: number;
  readonly backlog: number;
  readonly noDelay: boolean;
  readonly keepAlive: boolean;
}

/** What all listeners of a broker share. */
export class ReadBuffer {
  readonly bytes = Buffer.allocUnsafeSlow(READ_BUFFER_BYTES);
  readonly slabs = new SlabPool();
}

export class Listener {
  readonly protocol: Protocol;
  private readonly options: ListenerOptions;
  private readonly shared: ReadBuffer;
  private readonly log: Log;
  private readonly server: Server;
  private readonly clients = new Map<Socket, Connection>();

  constructor(protocol: Protocol, options: ListenerOptions, shared: ReadBuffer, log: Log) {
    this.protocol = protocol;
    this.options = options;
    this.shared = shared;
    this.log = log;
    this.server = createServer({ pauseOnConnect: true }, (socket) => this.accept(socket));
  }

  /** The port that clients connect to; after start(). */
  get port(): number {
    const address = this.server.address();
    return typeof address === 'object' && address !== null ? address.port : this.options.port;
  }

  /** `AMQP 0-9-1 listening on [::]:5672` */
  toString(): string {
    const address = this.server.address();
    const host = typeof address === 'object' && address !== null ? address.address : '?';
    const shown = host.includes(':') ? `[${host}]` : host;
    return `${this.protocol.name} listening on ${shown}:${this.port}`;
  }

  /** @throws Error if the port cannot be had, e.g. because somebody else has it */
  async start(): Promise<void> {
    const { host, port, backlog } = this.options;
    try {
      await this.listen(host ?? '::', port, backlog);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EADDRINUSE') throw new Error(this.inUse());
      if (host !== null || code !== 'EAFNOSUPPORT') throw error;
      await this.listen('0.0.0.0', port, backlog);
    }
  }

  /** Accepts nobody else, says goodbye to everybody, and waits until all are gone. */
  async stop(reason: string): Promise<void> {
    const closed = new Promise<void>((resolve) => this.server.close(() => resolve()));
    await Promise.all(
      [...this.clients].map(([socket, connection]) => goodbye(socket, connection, reason)),
    );
    await closed;
  }

  /** Tells every connection that the store is behind, or no longer. */
  storeBusy(busy: boolean): void {
    for (const connection of this.clients.values()) connection.storeBusy(busy);
  }

  private inUse(): string {
    const { name } = this.protocol;
    return `port ${this.options.port} for ${name} is taken: is another broker running on it?`;
  }

  private listen(host: string, port: number, backlog: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen({ host, port, backlog }, () => {
        this.server.off('error', reject);
        this.server.on('error', (error) => this.log.error(`${this}: ${error.message}`));
        resolve();
      });
    });
  }

  private accept(accepted: Socket): void {
    const onread = {
      buffer: this.shared.bytes,
      callback: (bytes: number, buffer: Uint8Array): boolean => {
        connection?.receive(buffer as Buffer, 0, bytes);
        return true;
      },
    };
    const socket = adopt(accepted, onread);
    socket.setNoDelay(this.options.noDelay);
    socket.setKeepAlive(this.options.keepAlive);
    let connection: Connection | null = null;
    const outbox = new Outbox(socket, this.shared.slabs, () => connection?.drained());
    socket.on('error', (error) => this.log.debug(`${this.protocol.name} socket: ${error.message}`));
    socket.once('end', () => limitFarewell(socket));
    socket.on('close', () => {
      this.clients.delete(socket);
      connection?.closed();
    });
    connection = this.protocol.connect(clientOf(socket, outbox));
    this.clients.set(socket, connection);
    socket.resume();
  }
}

/**
 * The same connection as a socket that reads into the shared buffer. `onread` can only be given
 * to the constructor, and servers do not pass it on, so the handle moves to a new Socket; where
 * that (semi-internal) handle is not to be had, the accepted socket is used with 'data' events.
 */
function adopt(
  accepted: Socket,
  onread: { buffer: Buffer; callback(bytes: number, buffer: Uint8Array): boolean },
): Socket {
  const owner = accepted as unknown as { _handle: { reading: boolean } | null };
  const handle = owner._handle;
  if (handle === null || handle === undefined) {
    accepted.on('data', (chunk) => onread.callback(chunk.length, chunk));
    return accepted;
  }
  owner._handle = null;
  accepted.destroy();
  const options = { handle, onread, readable: true, writable: true, pauseOnCreate: true };
  return new Socket(options as unknown as ConstructorParameters<typeof Socket>[0]);
}

function clientOf(socket: Socket, outbox: Outbox): Client {
  const remoteAddress = plainAddress(socket.remoteAddress ?? '');
  return {
    remoteAddress,
    remotePort: socket.remotePort ?? 0,
    localAddress: plainAddress(socket.localAddress ?? ''),
    localPort: socket.localPort ?? 0,
    loopback: remoteAddress === '::1' || remoteAddress.startsWith('127.'),
    outbox,
    pause: () => socket.pause(),
    resume: () => socket.resume(),
    end: () => {
      outbox.end();
      socket.end();
      limitFarewell(socket);
    },
    destroy: () => socket.destroy(),
  };
}

/** One side has ended: the other has a while to read what is left and to end too. */
function limitFarewell(socket: Socket): void {
  const limit = setTimeout(() => socket.destroy(), SOCKET_END_GRACE_MS).unref();
  socket.once('close', () => clearTimeout(limit));
}

/** An IPv4 address without the `::ffff:` that a dual-stack socket puts in front. */
function plainAddress(address: string): string {
  return address.startsWith('::ffff:') ? address.slice('::ffff:'.length) : address;
}

/**
 * Resolves when the client has gone. Adapters have time limits of their own, but by the broker's
 * clock, which may stand still.
 */
function goodbye(socket: Socket, connection: Connection, reason: string): Promise<void> {
  return new Promise((resolve) => {
    const limit = setTimeout(() => socket.destroy(), GOODBYE_TIMEOUT_MS);
    const gone = (): void => {
      clearTimeout(limit);
      resolve();
    };
    if (socket.closed) gone();
    else socket.once('close', gone);
    connection.stop(reason);
  });
}
