/**
 * EventReader: reads Server-Sent Events of the management API as a browser's fetch would: with a
 * header of its own, as a stream. Waits for what a test wants to see; never sleeps.
 */
import { type ClientRequest, type IncomingMessage, request } from 'node:http';

/** One event. */
export interface ServerEvent {
  readonly event: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into whatever comes
  readonly data: any;
}

export class EventReader {
  readonly events: ServerEvent[] = [];
  /** How many comments came. */
  comments = 0;
  status = 0;
  body = '';
  private readonly sent: ClientRequest;
  private response: IncomingMessage | null = null;
  private readonly waiters = new Set<() => void>();
  private text = '';
  private ended = false;

  constructor(port: number, path: string, as = 'guest:guest') {
    const authorization = `Basic ${Buffer.from(as).toString('base64')}`;
    this.sent = request({ host: '127.0.0.1', port, path, headers: { authorization } });
    this.sent.on('response', (response) => {
      this.response = response;
      this.status = response.statusCode ?? 0;
      response.setEncoding('utf8');
      response.on('data', (text: string) => this.take(text));
      response.on('close', () => this.end());
      this.wake();
    });
    this.sent.on('error', () => this.end());
    this.sent.end();
  }

  /** Resolves when `ready` says so. @throws Error if the stream ends before */
  async until(ready: () => boolean): Promise<void> {
    while (!ready()) {
      if (this.ended) throw new Error(`the stream ended: ${this.status} ${this.body}`);
      await new Promise<void>((resolve) => this.waiters.add(resolve));
    }
  }

  /** The first event of that name. */
  async first(name: string): Promise<ServerEvent> {
    const find = () => this.events.find(({ event }) => event === name);
    await this.until(() => find() !== undefined);
    return find() as ServerEvent;
  }

  async closed(): Promise<void> {
    while (!this.ended) await new Promise<void>((resolve) => this.waiters.add(resolve));
  }

  /** Reads nothing more. */
  pause(): void {
    this.response?.pause();
  }

  close(): void {
    this.sent.destroy();
  }

  private take(text: string): void {
    this.body += text;
    const blocks = (this.text + text).split('\n\n');
    this.text = blocks.pop() ?? '';
    for (const block of blocks) {
      if (block.startsWith(':')) this.comments++;
      const event = /^event: (.*)$/m.exec(block)?.[1];
      const data = /^data: (.*)$/m.exec(block)?.[1];
      if (event !== undefined) this.events.push({ event, data: JSON.parse(data ?? 'null') });
    }
    this.wake();
  }

  private end(): void {
    this.ended = true;
    this.wake();
  }

  private wake(): void {
    for (const waiter of this.waiters) waiter();
    this.waiters.clear();
  }
}
