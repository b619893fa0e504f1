/**
 * Chromium: a headless browser that opens a page, for tests of what people see. Driven by its
 * DevTools protocol over WebSocket; no library of its own.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'vitest';
import WebSocket from 'ws';

const CANDIDATES = ['chromium', 'chromium-browser', 'google-chrome'];

/** The file of a browser, or null if there is none. */
export const chromiumPath: string | null =
  (process.env.PATH ?? '')
    .split(delimiter)
    .flatMap((folder) => CANDIDATES.map((name) => join(folder, name)))
    .find((file) => existsSync(file)) ?? null;

/**
 * `test` where a browser is installed. Elsewhere the tests fail under CI, which must have it, and
 * are skipped with a loud word anywhere else.
 */
export function testWithChromium(
  title: string,
  body: () => Promise<void>,
  timeoutMs = 60_000,
): void {
  if (chromiumPath !== null || process.env.CI === 'true') test(title, body, timeoutMs);
  else test.skip(title, body);
}

if (chromiumPath === null) {
  console.warn('CHROMIUM IS MISSING: its tests are skipped. apt install chromium');
}

interface Answer {
  readonly id?: number;
  readonly result?: { readonly result?: { readonly value?: unknown } };
}

/** A page that is open. */
export class Page {
  private readonly child: ChildProcess;
  private readonly folder: string;
  private readonly socket: WebSocket;
  private readonly waiting = new Map<number, (answer: Answer) => void>();
  private lastId = 0;

  private constructor(child: ChildProcess, folder: string, socket: WebSocket) {
    this.child = child;
    this.folder = folder;
    this.socket = socket;
    socket.on('message', (data) => {
      const answer = JSON.parse(String(data)) as Answer;
      if (answer.id !== undefined) this.waiting.get(answer.id)?.(answer);
    });
  }

  /** @throws Error if there is no browser */
  static async open(url: string): Promise<Page> {
    if (chromiumPath === null) throw new Error('no Chromium here');
    const folder = mkdtempSync(join(tmpdir(), 'warren-chromium-'));
    const flags = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'];
    const profile = [`--user-data-dir=${folder}`, '--remote-debugging-port=0', '--no-first-run'];
    const child = spawn(chromiumPath, [...flags, ...profile, url], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const port = await portOf(child);
    const socket = new WebSocket(await targetOf(port, url));
    await once(socket, 'open');
    return new Page(child, folder, socket);
  }

  /** What an expression is in the page. */
  async evaluate(expression: string): Promise<unknown> {
    const id = ++this.lastId;
    const answered = new Promise<Answer>((resolve) => this.waiting.set(id, resolve));
    const params = { expression, returnByValue: true };
    this.socket.send(JSON.stringify({ id, method: 'Runtime.evaluate', params }));
    const { result } = await answered;
    this.waiting.delete(id);
    return result?.result?.value;
  }

  async close(): Promise<void> {
    this.socket.terminate();
    this.child.kill('SIGKILL');
    if (this.child.exitCode === null && this.child.signalCode === null) {
      await once(this.child, 'exit');
    }
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  }
}

/** The port that the browser prints when it listens. */
async function portOf(child: ChildProcess): Promise<number> {
  for await (const line of createInterface({ input: child.stderr! })) {
    const found = /^DevTools listening on ws:\/\/[^:]+:(\d+)\//.exec(line);
    if (found !== null) {
      child.stderr!.resume();
      return Number(found[1]);
    }
  }
  throw new Error('Chromium ended without a word');
}

/** Where the page is debugged. */
async function targetOf(port: number, url: string): Promise<string> {
  for (;;) {
    const response = await fetch(`http://127.0.0.1:${port}/json/list`);
    const targets = (await response.json()) as { url: string; webSocketDebuggerUrl: string }[];
    const page = targets.find((target) => target.url.startsWith(url));
    if (page !== undefined) return page.webSocketDebuggerUrl;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
