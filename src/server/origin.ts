/**
 * Origin: who is at the other end of a connection: both addresses and, with TLS, who the peer has
 * proved to be. What the socket says, or what a proxy in front of it has reported.
 */
import type { Socket } from 'node:net';
import type { Ends, TlsDetails } from './protocol.ts';

/** What every kind of client knows about its peer, made once per connection. */
export interface Origin extends Ends {
  readonly name: string;
  readonly loopback: boolean;
  readonly tls: TlsDetails | null;
}

/** The two ends as the socket knows them. */
export function endsOf(socket: Socket): Ends {
  return {
    remoteAddress: plainAddress(socket.remoteAddress ?? ''),
    remotePort: socket.remotePort ?? 0,
    localAddress: plainAddress(socket.localAddress ?? ''),
    localPort: socket.localPort ?? 0,
  };
}

/** @param tls null on a connection that is not encrypted */
export function originOf(ends: Ends, tls: TlsDetails | null): Origin {
  const { remoteAddress, remotePort, localAddress, localPort } = ends;
  return {
    remoteAddress,
    remotePort,
    localAddress,
    localPort,
    name: `${remoteAddress}:${remotePort} -> ${localAddress}:${localPort}`,
    loopback: remoteAddress === '::1' || remoteAddress.startsWith('127.'),
    tls,
  };
}

/** An IPv4 address without the `::ffff:` that a dual-stack socket puts in front. */
export function plainAddress(address: string): string {
  return address.startsWith('::ffff:') ? address.slice('::ffff:'.length) : address;
}
