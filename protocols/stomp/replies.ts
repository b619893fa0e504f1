/**
 * The server's frames other than MESSAGE: CONNECTED, RECEIPT and ERROR [STOMP 1.2, Server Frames].
 * Headers stand in RabbitMQ's order, because people match them with regular expressions, and a
 * line feed follows every frame, as there. MESSAGE frames are delivering.ts.
 */
import { escaped } from './header-text.ts';

export const SUPPORTED_VERSIONS = '1.0,1.1,1.2';

/** RabbitMQ's version that clients see; the series whose behaviour Warren follows. */
const COMPATIBLE_SERVER = 'RabbitMQ/4.3.0';

/** A line feed: nothing else to say [STOMP 1.2, Heart-beating]. */
export const HEARTBEAT: Buffer = Buffer.from('\n');

/** What CONNECTED says. */
export interface Connected {
  readonly session: string;
  readonly version: string;
  /** Milliseconds: what the server can do, what it wants. */
  readonly heartBeat: string;
  readonly hideServer: boolean;
}

/** The answer to CONNECT [STOMP 1.2, CONNECTED]. */
export function connectedFrame({ session, version, heartBeat, hideServer }: Connected): Buffer {
  const server = hideServer ? '' : `server:${COMPATIBLE_SERVER}\n`;
  const text = `session:${session}\nheart-beat:${heartBeat}\nversion:${version}\n`;
  return Buffer.from(`CONNECTED\n${server}${text}\n\0\n`);
}

/** The answer to a frame that asked for one [STOMP 1.2, RECEIPT]. */
export function receiptFrame(receipt: string, escapes: boolean): Buffer {
  return Buffer.from(`RECEIPT\nreceipt-id:${escaped(receipt, escapes)}\n\n\0\n`);
}

/**
 * What went wrong [STOMP 1.2, ERROR].
 * @param extra more headers, e.g. which frame was at fault
 */
export function errorFrame(
  title: string,
  detail: string,
  extra: readonly (readonly [name: string, value: string])[],
  escapes: boolean,
): Buffer {
  const more = extra.map(([name, value]) => `${name}:${escaped(value, escapes)}\n`).join('');
  const length = Buffer.byteLength(detail);
  const head =
    `ERROR\nmessage:${escaped(title, escapes)}\ncontent-type:text/plain\n` +
    `version:${SUPPORTED_VERSIONS}\n${more}`;
  return Buffer.from(`${head}${length > 0 ? `content-length:${length}\n` : ''}\n${detail}\0\n`);
}
