/**
 * TLS details: what adapters and operators learn about an encrypted connection: protocol version,
 * cipher, and the client's certificate in RabbitMQ's notation. Only looks at finished handshakes.
 */
import type { X509Certificate } from 'node:crypto';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { PeerCertificate, TlsDetails } from './protocol.ts';

/** null if the socket is not encrypted. */
export function tlsDetailsOf(socket: Socket): TlsDetails | null {
  if (!(socket instanceof TLSSocket)) return null;
  const cipher = socket.getCipher();
  const certificate = socket.authorized ? socket.getPeerX509Certificate() : undefined;
  return {
    version: socket.getProtocol() ?? '',
    cipher: cipher?.standardName ?? cipher?.name ?? '',
    certificate: certificate === undefined ? null : certificateOf(certificate),
  };
}

function certificateOf(certificate: X509Certificate): PeerCertificate {
  const { CN: name } = certificate.toLegacyObject().subject ?? {};
  return {
    subject: distinguishedName(certificate.subject),
    issuer: distinguishedName(certificate.issuer),
    commonName: (Array.isArray(name) ? name[0] : name) ?? null,
    alternativeNames: alternativeNames(certificate.subjectAltName),
    validFrom: certificate.validFrom,
    validTo: certificate.validTo,
  };
}

/** `CN=client,O=Example,C=NO`: most particular part first [RFC 4514]. Node escapes the values. */
function distinguishedName(lines: string): string {
  return lines.split('\n').reverse().join(',');
}

/** Names in which there may be commas come as JSON. */
function alternativeNames(text: string | undefined): string[] {
  const names: string[] = [];
  for (const [, kind, quoted, plain] of (text ?? '').matchAll(
    /(?:^|, )([^:]+):(?:("(?:[^"\\]|\\.)*")|([^,]*))/g,
  )) {
    names.push(`${kind}:${quoted === undefined ? plain : JSON.parse(quoted)}`);
  }
  return names;
}
