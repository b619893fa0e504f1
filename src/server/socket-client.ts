/**
 * Socket clients: connections over TCP, and over TLS once the handshake is done. Plain sockets are
 * read into one buffer that all share, because adapters are done with the bytes when receive()
 * returns: half the memory and fewer allocations than a buffer per read (performance.md,
 * technique 3). Hot path: the read callback.
 */
import { Socket } from 'node:net';
import { SOCKET_END_GRACE_MS } from '../limits.ts';
import type { OpenConnection } from './connections.ts';
import type { Origin } from './origin.ts';
import { Outbox } from './outbox.ts';
import type { Client, Connection, Protocol } from './protocol.ts';
import type { Shared } from './shared.ts';

/** What becomes of bytes that have been read. */
export interface OnRead {
  readonly buffer: Buffer;
  callback(bytes: number, buffer: Uint8Array): boolean;
}

/**
 * Makes a client of a socket that is not being read yet.
 * @param read bytes that were taken from the socket already
 * @param gone called when it has closed
 */
export function openSocketClient(
  accepted: Socket,
  origin: Origin,
  protocol: Protocol,
  shared: Shared,
  read: Buffer | null,
  gone: (one: OpenConnection) => void,
): OpenConnection {
  const onRead: OnRead = {
    buffer: shared.bytes,
    callback: (bytes, buffer) => {
      client.reads++;
      client.readBytes += bytes;
      if (!client.ended) connection.receive(buffer as Buffer, 0, bytes);
      return true;
    },
  };
  const socket = origin.tls === null ? adopt(accepted, onRead) : listen(accepted, onRead);
  let joined: Connection | null = null;
  const outbox = new Outbox(socket, shared.slabs, () => joined?.drained());
  const client = clientOf(socket, origin, outbox);
  const connection = protocol.connect(client);
  const one = shared.connections.add(protocol.name, client, connection);
  joined = connection;
  socket.on('error', (error) => shared.log.debug(`${protocol.name} socket: ${error.message}`));
  socket.once('end', () => limitFarewell(socket));
  socket.on('close', () => {
    shared.connections.remove(one);
    gone(one);
  });
  socket.resume();
  if (read !== null && read.length > 0) onRead.callback(read.length, read);
  return one;
}

/**
 * The same connection as a socket that reads into the shared buffer. `onread` can only be given
 * to the constructor, and servers do not pass it on, so the handle moves to a new Socket; where
 * that (semi-internal) handle is not to be had, the accepted socket is used with 'data' events.
 */
function adopt(accepted: Socket, onread: OnRead): Socket {
  const owner = accepted as unknown as { _handle: { reading: boolean } | null };
  const handle = owner._handle;
  if (handle === null || handle === undefined) return listen(accepted, onread);
  owner._handle = null;
  accepted.destroy();
  const options = { handle, onread, readable: true, writable: true, pauseOnCreate: true };
  return new Socket(options as unknown as ConstructorParameters<typeof Socket>[0]);
}

function listen(accepted: Socket, onread: OnRead): Socket {
  return accepted.on('data', (chunk) => onread.callback(chunk.length, chunk));
}

function clientOf(socket: Socket, origin: Origin, outbox: Outbox) {
  const client = {
    ...origin,
    subprotocol: null,
    outbox,
    readBytes: 0,
    reads: 0,
    /** What comes now is for nobody; but only who reads sees that the peer has ended, too. */
    ended: false as boolean,
    pause: () => {
      if (!client.ended) socket.pause();
    },
    resume: () => void socket.resume(),
    end: () => {
      client.ended = true;
      outbox.end();
      socket.end();
      socket.resume();
      limitFarewell(socket);
    },
    destroy: () => void socket.destroy(),
  } satisfies Client & { ended: boolean };
  return client;
}

/** One side has ended: the other has a while to read what is left and to end too. */
function limitFarewell(socket: Socket): void {
  const limit = setTimeout(() => socket.destroy(), SOCKET_END_GRACE_MS).unref();
  socket.once('close', () => clearTimeout(limit));
}
