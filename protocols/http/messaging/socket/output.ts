/**
 * Output: what one socket is told. Messages and results of a turn of the event loop go out
 * together, in one event each, because a WebSocket message for each costs several times as much;
 * everything else goes at once, behind them. Hot path: message, result.
 */
import { HTTP_SOCKET_EVENT_BYTES } from '../../../../src/limits.ts';
import type { Outbox } from '../../../../src/server/outbox.ts';

export class Output {
  private readonly outbox: Outbox;
  private messages: unknown[] = [];
  private results: unknown[] = [];
  /** Of the bodies in `messages`. */
  private bytes = 0;
  private scheduled = false;

  constructor(outbox: Outbox) {
    this.outbox = outbox;
  }

  /** @param bodyBytes about what it takes */
  message(message: unknown, bodyBytes: number): void {
    this.messages.push(message);
    this.bytes += bodyBytes;
    if (this.bytes >= HTTP_SOCKET_EVENT_BYTES) this.flush();
    else if (!this.scheduled) this.schedule();
  }

  result(result: unknown): void {
    this.results.push(result);
    if (!this.scheduled) this.schedule();
  }

  /** Anything else. */
  event(event: Readonly<Record<string, unknown>>): void {
    this.flush();
    this.write(event);
  }

  flush(): void {
    const { messages, results } = this;
    if (messages.length > 0) {
      this.messages = [];
      this.bytes = 0;
      this.write({ type: 'messages', messages });
    }
    if (results.length > 0) {
      this.results = [];
      this.write({ type: 'published', results });
    }
  }

  private schedule(): void {
    this.scheduled = true;
    setImmediate(this.flushLater);
  }

  private readonly flushLater = (): void => {
    this.scheduled = false;
    this.flush();
  };

  /** One WebSocket message: what is written in place is not joined with anything. */
  private write(event: Readonly<Record<string, unknown>>): void {
    this.outbox.writeInPlace(Buffer.from(JSON.stringify(event)));
  }
}
