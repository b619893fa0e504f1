/**
 * Control socket: where commands on the same machine reach a running broker: a socket in its data
 * directory that only its owner can open, so that no password is needed. Both sides compute the
 * place from here.
 */
import { tmpdir } from 'node:os';
import path from 'node:path';

const NAME = 'control.sock';

/** Systems bound the length of such a path: 108 bytes on Linux, 104 elsewhere. */
const PATH_BYTES_MAX = 100;

/** The socket of a data directory; of one with a long name it is in the temporary folder. */
export function controlSocketOf(dataDirectory: string): string {
  const absolute = path.resolve(dataDirectory);
  const inside = path.join(absolute, NAME);
  if (Buffer.byteLength(inside) <= PATH_BYTES_MAX) return inside;
  // Rarely needed, and large: health checks should not load it.
  const { createHash } = process.getBuiltinModule('node:crypto');
  const hash = createHash('sha256').update(absolute).digest('hex').slice(0, 16);
  return path.join(tmpdir(), `warren-${hash}.sock`);
}
