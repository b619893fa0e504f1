/**
 * TLS details: what adapters and operators learn about an encrypted connection: protocol version,
 * cipher, and the client's certificate in RabbitMQ's notation. Only looks at finished handshakes.
 */
import type { Socket } from 'node:net';
import { type PeerCertificate as NodeCertificate, TLSSocket } from 'node:tls';
import type { PeerCertificate, TlsDetails } from './protocol.ts';

/** null if the socket is not encrypted. */
export function tlsDetailsOf(socket: Socket): TlsDetails | null {
  if (!(socket instanceof TLSSocket)) return null;
  const cipher = socket.getCipher();
  return {
    version: socket.getProtocol() ?? '',
    cipher: cipher?.standardName ?? cipher?.name ?? '',
    certificate: socket.authorized ? certificateOf(socket.getPeerCertificate()) : null,
  };
}

function certificateOf(certificate: NodeCertificate): PeerCertificate | null {
  if (certificate.subject === undefined) return null;
  const { subject, issuer, valid_from: validFrom, valid_to: validTo } = certificate;
  const commonName = subject.CN ?? null;
  return {
    subject: distinguishedName(subject),
    issuer: distinguishedName(issuer),
    commonName: Array.isArray(commonName) ? (commonName[0] ?? null) : commonName,
    alternativeNames: certificate.subjectaltname?.split(', ') ?? [],
    validFrom,
    validTo,
  };
}

/** `CN=client,O=Example,C=NO`: the most particular part first, separators escaped [RFC 4514]. */
function distinguishedName(name: object): string {
  const parts: string[] = [];
  for (const [type, value] of Object.entries(name)) {
    for (const one of Array.isArray(value) ? value : [value]) {
      parts.unshift(`${type}=${escaped(String(one))}`);
    }
  }
  return parts.join(',');
}

/** [RFC 4514 2.4] */
function escaped(value: string): string {
  return value.replace(/[,+"\\<>;]/g, '\\$&').replace(/^[ #]| $/g, '\\$&');
}
