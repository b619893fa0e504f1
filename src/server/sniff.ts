/**
 * Sniffing: what a client seems to speak that does not speak what it should, for a log line that
 * helps. Nothing but text depends on it.
 */

const VERBS = /^(GET|HEAD|POST|PUT|DELETE|OPTIONS|PATCH|CONNECT) /;

/** Beginnings, byte by byte. */
const BEGINNINGS: readonly (readonly [readonly number[], string])[] = [
  [[0x16, 3], 'TLS: is this the port without it?'],
  [[...Buffer.from('AMQP'), 0, 0, 9, 1], 'AMQP 0-9-1'],
  [[...Buffer.from('AMQP'), 0, 1, 0, 0], 'AMQP 1.0'],
  [[...Buffer.from('AMQP'), 3, 1, 0, 0], 'AMQP 1.0'],
  [[...Buffer.from('CONNECT\n')], 'STOMP'],
  [[...Buffer.from('CONNECT\r')], 'STOMP'],
  [[...Buffer.from('STOMP\n')], 'STOMP'],
  [[...Buffer.from('PROXY ')], 'the PROXY protocol, which proxy_protocol = true would expect'],
  [
    [...Buffer.from('\r\n\r\n\0\r\n')],
    'the PROXY protocol, which proxy_protocol = true would expect',
  ],
];

/** What the first bytes, eight or more, look like; null if like nothing known. */
export function sniff(bytes: Buffer): string | null {
  for (const [beginning, meaning] of BEGINNINGS) {
    if (beginning.every((byte, at) => bytes[at] === byte)) return meaning;
  }
  const text = bytes.toString('latin1', 0, 16);
  if (VERBS.test(text)) return 'HTTP';
  // CONNECT: a length of one to four bytes stands before the name [MQTT-3.1.2-1].
  return bytes[0] === 0x10 && /MQ(TT|Is)/.test(text) ? 'MQTT' : null;
}

/** What an error of a TLS handshake means, in plain words; null if that is not clear. */
export function guess(code: string | undefined, protocolName: string): string | null {
  switch (code) {
    case 'ERR_SSL_HTTP_REQUEST':
      return 'it speaks HTTP without TLS';
    case 'ERR_SSL_WRONG_VERSION_NUMBER':
    case 'ERR_SSL_PACKET_LENGTH_TOO_LONG':
    case 'ERR_SSL_BAD_RECORD_TYPE':
      return `it does not speak TLS: ${protocolName} without TLS has a port of its own`;
    case 'ERR_SSL_UNSUPPORTED_PROTOCOL':
    case 'ERR_SSL_VERSION_TOO_LOW':
      return 'it speaks no version of TLS that ssl_options.versions allows';
    case 'ERR_SSL_NO_SHARED_CIPHER':
      return 'it has no cipher suite in common with ssl_options.ciphers';
    case 'ERR_TLS_HANDSHAKE_TIMEOUT':
      return 'the handshake timed out';
    case 'ECONNRESET':
      return 'it left during the handshake';
    default:
      return null;
  }
}
