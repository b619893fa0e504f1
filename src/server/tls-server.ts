/**
 * TlsServer: the TLS side of a listener: the handshake, and whether the client's certificate will
 * do. Takes sockets that are connected already; what comes out is read and written like any other.
 */
import type { Socket } from 'node:net';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import type { Log } from '../log.ts';
import { type Origin, originOf } from './origin.ts';
import type { Ends } from './protocol.ts';
import { guess } from './sniff.ts';
import { tlsDetailsOf } from './tls-details.ts';
import type { TlsIdentity } from './tls-identity.ts';

/** A socket in the handshake. */
interface Arrival {
  readonly ends: Ends;
  readonly ready: (socket: TLSSocket, origin: Origin) => void;
}

export class TlsServer {
  private readonly identity: TlsIdentity;
  private readonly protocolName: string;
  private readonly log: Log;
  private readonly server: Server;
  private readonly arrivals = new WeakMap<object, Arrival>();

  constructor(identity: TlsIdentity, protocolName: string, log: Log) {
    this.identity = identity;
    this.protocolName = protocolName;
    this.log = log;
    const { verifyPeer, handshakeTimeoutMs } = identity.options;
    this.server = createServer({
      ...identity.context,
      requestCert: verifyPeer,
      // Node would refuse clients without a certificate, too: see objection().
      rejectUnauthorized: false,
      handshakeTimeout: Number.isFinite(handshakeTimeoutMs) ? handshakeTimeoutMs : 2 ** 31 - 1,
    });
    identity.attach(this.server);
    this.server.on('secureConnection', (socket) => this.secured(socket));
    this.server.on('tlsClientError', (error, socket) => this.failed(error, socket));
  }

  /** Takes a socket that is not being read yet. */
  enter(socket: Socket, ends: Ends, ready: Arrival['ready']): void {
    this.arrivals.set(socket, { ends, ready });
    this.server.emit('connection', socket);
  }

  private secured(socket: TLSSocket): void {
    const arrival = this.arrivalOf(socket);
    const objection = this.objection(socket);
    if (arrival !== undefined && objection === null) {
      arrival.ready(socket, originOf(arrival.ends, tlsDetailsOf(socket)));
      return;
    }
    if (objection !== null) this.refuse(arrival, objection, 'info');
    socket.destroy();
  }

  /** What is wrong with the client's certificate, null if nothing. */
  private objection(socket: TLSSocket): string | null {
    const { verifyPeer, requirePeer } = this.identity.options;
    if (!verifyPeer) return null;
    const certificate = socket.getPeerX509Certificate();
    if (certificate === undefined) return requirePeer ? 'it has shown no certificate' : null;
    if (socket.authorized) return null;
    return `its certificate is not trusted: ${socket.authorizationError}`;
  }

  private failed(error: NodeJS.ErrnoException, socket: TLSSocket): void {
    const why = guess(error.code, this.protocolName) ?? error.message;
    // Load balancers look whether the port is there, and go.
    const level = error.code === 'ECONNRESET' ? 'debug' : 'info';
    this.refuse(this.arrivalOf(socket), why, level);
    socket.destroy();
  }

  private refuse(arrival: Arrival | undefined, why: string, level: 'info' | 'debug'): void {
    const name = arrival === undefined ? '?' : originOf(arrival.ends, null).name;
    this.log[level](`${this.protocolName} connection ${name}: TLS refused: ${why}`);
  }

  /** TLS sockets keep the socket that they are made of in a semi-internal field. */
  private arrivalOf(socket: TLSSocket): Arrival | undefined {
    const { _parent: parent } = socket as unknown as { _parent?: Socket | null };
    return parent ? this.arrivals.get(parent) : undefined;
  }
}
