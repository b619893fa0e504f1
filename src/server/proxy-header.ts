/**
 * The PROXY protocol, versions 1 and 2: the header by which a proxy says who is behind it
 * [haproxy.org/download/2.9/doc/proxy-protocol.txt, cited by section]. Bounded: whoever does not
 * finish the header within its largest size is refused. TLVs are passed over.
 */
import { isIPv4, isIPv6, type Socket } from 'node:net';
import { PROXY_HEADER_BYTES } from '../limits.ts';
import { plainAddress } from './origin.ts';
import type { Ends } from './protocol.ts';

/** A whole header. */
export interface ProxyHeader {
  /** null if the proxy speaks for itself (health checks) or does not know. */
  readonly ends: Ends | null;
  /** How long the header was. */
  readonly bytes: number;
}

const SIGNATURE = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');
const START = Buffer.from('PROXY ', 'latin1');
/** "a 108-byte buffer is always enough to store all the line and a trailing zero" [2.1] */
const LINE_BYTES = 107;
const FIXED_BYTES = 16;
const IPV4_BYTES = 12;
const IPV6_BYTES = 36;

/**
 * The header at the start of the bytes; null if more of it has to come.
 * @throws Error if it is none, or too long
 */
export function parseProxyHeader(bytes: Buffer): ProxyHeader | null {
  if (startsLike(bytes, START)) return bytes.length < START.length ? null : parseLine(bytes);
  if (!startsLike(bytes, SIGNATURE)) throw new Error('it does not begin with a PROXY header');
  return bytes.length < FIXED_BYTES ? null : parseBinary(bytes);
}

/**
 * Reads the header from a socket that is not being read yet.
 * @param done called with it and with what came behind it
 * @param failed called with the reason; the socket is still open
 */
export function readProxyHeader(
  socket: Socket,
  done: (header: ProxyHeader, rest: Buffer) => void,
  failed: (why: string) => void,
): void {
  let bytes: Buffer = Buffer.alloc(0);
  const look = (): void => {
    for (let more = socket.read(); more !== null; more = socket.read()) {
      bytes = Buffer.concat([bytes, more as Buffer]);
    }
    try {
      const header = parseProxyHeader(bytes);
      if (header === null) return;
      socket.off('readable', look);
      done(header, bytes.subarray(header.bytes));
    } catch (error) {
      socket.off('readable', look);
      failed((error as Error).message);
    }
  };
  socket.on('readable', look);
}

function startsLike(bytes: Buffer, start: Buffer): boolean {
  const length = Math.min(bytes.length, start.length);
  return bytes.compare(start, 0, length, 0, length) === 0;
}

/** Version 1: `PROXY TCP4 192.0.2.1 192.0.2.2 40001 5672` and CR LF [2.1]. */
function parseLine(bytes: Buffer): ProxyHeader | null {
  const end = bytes.subarray(0, LINE_BYTES).indexOf('\r\n');
  if (end < 0) {
    if (bytes.length >= LINE_BYTES) throw new Error('its PROXY line does not end');
    return null;
  }
  const line = bytes.toString('latin1', 0, end);
  const header = { bytes: end + 2 };
  // "the receiver must ignore anything presented before the CRLF"
  if (/^PROXY UNKNOWN( |$)/.test(line)) return { ...header, ends: null };
  const [, family, from = '', to = '', fromPort, toPort] =
    /^PROXY TCP([46]) (\S+) (\S+) (0|[1-9]\d{0,4}) (0|[1-9]\d{0,4})$/.exec(line) ?? [];
  const valid = family === '4' ? isIPv4 : isIPv6;
  const ports = [Number(fromPort), Number(toPort)];
  if (family === undefined || !valid(from) || !valid(to) || !ports.every((it) => it <= 65_535)) {
    throw new Error('its PROXY line is malformed');
  }
  return { ...header, ends: endsFrom(from, to, ports[0]!, ports[1]!) };
}

/** Version 2, binary [2.2]. */
function parseBinary(bytes: Buffer): ProxyHeader | null {
  const command = bytes[12]!;
  const family = bytes[13]!;
  const length = bytes.readUInt16BE(14);
  const total = FIXED_BYTES + length;
  if (command !== 0x20 && command !== 0x21)
    throw new Error('its PROXY header has no known command');
  if (total > PROXY_HEADER_BYTES) throw new Error(`its PROXY header has ${total} bytes`);
  if (bytes.length < total) return null;
  // LOCAL: "the receiver must accept this connection as valid and must use the real endpoints"
  if (command === 0x20) return { bytes: total, ends: null };
  const at = FIXED_BYTES;
  if (family === 0x11) {
    if (length < IPV4_BYTES) throw new Error('its PROXY header is too short');
    const [from, to] = [at, at + 4].map((start) => bytes.subarray(start, start + 4).join('.'));
    const ends = endsFrom(from!, to!, bytes.readUInt16BE(at + 8), bytes.readUInt16BE(at + 10));
    return { bytes: total, ends };
  }
  if (family === 0x21) {
    if (length < IPV6_BYTES) throw new Error('its PROXY header is too short');
    const [from, to] = [at, at + 16].map((start) => ipv6(bytes.subarray(start, start + 16)));
    const ends = endsFrom(from!, to!, bytes.readUInt16BE(at + 32), bytes.readUInt16BE(at + 34));
    return { bytes: total, ends };
  }
  // Datagrams, Unix sockets, and what the proxy does not know: "the real endpoints".
  return { bytes: total, ends: null };
}

function endsFrom(from: string, to: string, fromPort: number, toPort: number): Ends {
  return {
    remoteAddress: plainAddress(from.toLowerCase()),
    remotePort: fromPort,
    localAddress: plainAddress(to.toLowerCase()),
    localPort: toPort,
  };
}

/** As Node writes addresses: the longest run of zeros is `::` [RFC 5952]. */
function ipv6(bytes: Buffer): string {
  const words = Array.from({ length: 8 }, (_, i) => bytes.readUInt16BE(2 * i).toString(16));
  const mapped = words.slice(0, 6).join(':') === '0:0:0:0:0:ffff';
  if (mapped) return `::ffff:${bytes.subarray(12).join('.')}`;
  return new URL(`http://[${words.join(':')}]`).hostname.slice(1, -1);
}
