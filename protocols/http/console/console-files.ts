/**
 * ConsoleFiles: the built console (ui/) as files to be sent, with their compressed siblings that
 * the build has made (`.br`, `.gz`). A file is read once and again when it has changed, so that
 * a build is seen without a restart; names that could lead out of the folder are no names. How
 * they are answered is console.ts.
 */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';

/** A file in every form that there is of it. */
export interface ConsoleFile {
  readonly type: string;
  readonly etag: string;
  readonly plain: Buffer;
  readonly br: Buffer | null;
  readonly gzip: Buffer | null;
}

const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.ico': 'image/x-icon',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
  '.webmanifest': 'application/manifest+json',
  '.woff2': 'font/woff2',
};

/** Words with dots and dashes inside them, in folders; none begins with a dot. */
const NAME = /^\w[\w.-]*(\/\w[\w.-]*)*$/;

/** Beside the sources it is where the build puts it, in the package beside them. */
const FOLDERS = ['../../../dist/ui', '../../../ui'];

/** Where the built console is; null if nobody has built it. */
export function consoleFolder(): string | null {
  const all = FOLDERS.map((one) => path.join(import.meta.dirname, one));
  return all.find((one) => existsSync(path.join(one, 'assets'))) ?? null;
}

export class ConsoleFiles {
  private readonly folder: () => string | null;
  /** By path; of files that are there, so that strangers cannot make it grow. */
  private readonly read = new Map<
    string,
    { readonly mtimeMs: number; readonly file: ConsoleFile }
  >();

  /** @param folder where they are, asked until it is known */
  constructor(folder: () => string | null = consoleFolder) {
    this.folder = folder;
  }

  /** The file of that name; null if there is none. */
  async get(name: string): Promise<ConsoleFile | null> {
    const folder = this.folder();
    const type = TYPES[path.extname(name)];
    if (folder === null || type === undefined || !NAME.test(name)) return null;
    const where = path.join(folder, name);
    const mtimeMs = await changedAtMs(where);
    if (mtimeMs === null) return null;
    const known = this.read.get(where);
    if (known?.mtimeMs === mtimeMs) return known.file;
    const plain = await readFile(where);
    const digest = createHash('sha256').update(plain).digest('base64url').slice(0, 22);
    const [br, gzip] = await Promise.all([bytesOf(`${where}.br`), bytesOf(`${where}.gz`)]);
    const file = { type, etag: `"${digest}"`, plain, br, gzip };
    this.read.set(where, { mtimeMs, file });
    return file;
  }
}

async function changedAtMs(file: string): Promise<number | null> {
  const found = await stat(file).catch(() => null);
  return found?.isFile() ? found.mtimeMs : null;
}

async function bytesOf(file: string): Promise<Buffer | null> {
  return readFile(file).catch(() => null);
}
