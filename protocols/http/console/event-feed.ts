/**
 * EventFeed: one reader of Server-Sent Events [HTML, 9.2] about the broker itself. What a reader
 * that is behind would have got is dropped, not kept for it; one that reads nothing for a while is
 * given up. What is sent is the business of status-stream.ts and log-stream.ts; messages of queues
 * have a stream of their own (../messaging/event-stream.ts), which drops nothing.
 */
import type { ServerResponse } from 'node:http';
import type { FastifyReply } from 'fastify';
import type { Clock } from '../../../src/clock.ts';
import { HTTP_STREAM_STALL_MS } from '../../../src/limits.ts';

/** The headers of an answer that hooks have set, e.g. for other origins. */
const KEPT = /^(access-control-|vary$)/;

export class EventFeed {
  private readonly raw: ServerResponse;
  private readonly clock: Clock;
  private readonly closers: (() => void)[] = [];
  /** Since when it has not read what it was sent. */
  private behindSinceMs: number | null = null;
  private over = false;

  /** Takes the answer of a request over, and sends its head. */
  constructor(reply: FastifyReply, clock: Clock) {
    this.clock = clock;
    this.raw = reply.raw;
    reply.hijack();
    const { raw } = this;
    const set = Object.entries(reply.getHeaders()).filter(([name]) => KEPT.test(name));
    raw.once('close', () => this.close());
    raw.on('error', () => {}); // 'close' follows
    raw.on('drain', () => {
      this.behindSinceMs = null;
    });
    raw.writeHead(200, {
      ...Object.fromEntries(set.map(([name, value]) => [name, String(value)])),
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      // Else nginx collects what should be seen at once.
      'x-accel-buffering': 'no',
    });
    raw.write('retry: 2000\n\n');
    if (raw.destroyed) this.close();
  }

  get ended(): boolean {
    return this.over;
  }

  /** Is there room for more? Gives up a reader that has read nothing for too long. */
  ready(): boolean {
    const { raw, clock } = this;
    if (this.over || raw.destroyed) return false;
    if (!raw.writableNeedDrain) return true;
    this.behindSinceMs ??= clock.now();
    if (clock.now() - this.behindSinceMs >= HTTP_STREAM_STALL_MS) raw.destroy();
    return false;
  }

  /** @param data without line breaks @param id where a reader goes on that comes back */
  send(event: string, data: string, id?: number): void {
    const place = id === undefined ? '' : `id: ${id}\n`;
    if (!this.over) this.raw.write(`event: ${event}\n${place}data: ${data}\n\n`);
  }

  /** Keeps proxies from closing what is quiet. */
  beat(): void {
    if (!this.over) this.raw.write(': tick\n\n');
  }

  /** Says why nothing more will come, and ends. */
  end(reason: string): void {
    if (this.over) return;
    this.raw.end(`event: end\ndata: ${JSON.stringify({ reason })}\n\n`);
    this.close();
  }

  /** Calls `closer` when the feed has ended, whoever ended it. */
  onClose(closer: () => void): void {
    if (this.over) closer();
    else this.closers.push(closer);
  }

  private close(): void {
    if (this.over) return;
    this.over = true;
    for (const closer of this.closers.splice(0)) closer();
  }
}
