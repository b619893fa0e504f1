/**
 * HttpPeer: who is behind requests, as operators see it in the list of connections: the address
 * of the latest one, and what came and went. One a session of requests, one an event stream.
 */
import type { Socket } from 'node:net';
import { endsOf, type Origin, originOf } from '../../../src/server/origin.ts';
import type { ConnectedPeer } from '../../../src/server/protocol.ts';
import { tlsDetailsOf } from '../../../src/server/tls-details.ts';

export class HttpPeer implements ConnectedPeer {
  readBytes = 0;
  reads = 0;
  readonly outbox: { bytes: number; writes: number; readonly pending: number };
  private readonly givenName: string | null;
  private readonly onDestroy: () => void;
  private socket: Socket;
  private origin: Origin;

  /**
   * @param name null: that of the socket
   * @param destroy ends what it stands for at once
   */
  constructor(socket: Socket, name: string | null, destroy: () => void) {
    this.givenName = name;
    this.onDestroy = destroy;
    this.socket = socket;
    this.origin = originOf(endsOf(socket), tlsDetailsOf(socket));
    const pending = (): number => this.socket.writableLength;
    this.outbox = {
      bytes: 0,
      writes: 0,
      get pending() {
        return pending();
      },
    };
  }

  /** A request has come, maybe by another socket. */
  asks(socket: Socket, bodyBytes: number): void {
    this.reads++;
    this.readBytes += bodyBytes;
    if (socket === this.socket) return;
    this.socket = socket;
    this.origin = originOf(endsOf(socket), tlsDetailsOf(socket));
  }

  /** Something was sent. */
  gets(bytes: number): void {
    this.outbox.writes++;
    this.outbox.bytes += bytes;
  }

  get name(): string {
    return this.givenName ?? this.origin.name;
  }

  get remoteAddress(): string {
    return this.origin.remoteAddress;
  }

  get remotePort(): number {
    return this.origin.remotePort;
  }

  get localAddress(): string {
    return this.origin.localAddress;
  }

  get localPort(): number {
    return this.origin.localPort;
  }

  get tls(): ConnectedPeer['tls'] {
    return this.origin.tls;
  }

  destroy(): void {
    this.onDestroy();
  }
}
