import type { ServerResponse } from 'node:http';
import { Writable } from 'node:stream';
import type { FastifyReply } from 'fastify';
import { expect, test } from 'vitest';
import { EventFeed } from '../../../protocols/http/console/event-feed.ts';
import { ManualClock } from '../../../src/clock.ts';

/** A reader of a feed: `read` takes what is there. */
class Reader extends Writable {
  text = '';
  head: Record<string, string> = {};
  private waiting: (() => void) | null = null;
  private reading = false;

  constructor() {
    super({ highWaterMark: 100, decodeStrings: false });
  }

  override _write(chunk: string, _encoding: string, done: () => void): void {
    this.text += chunk;
    if (this.reading) done();
    else this.waiting = done;
  }

  writeHead(_status: number, head: Record<string, string>): void {
    this.head = head;
  }

  read(): void {
    this.reading = true;
    this.waiting?.();
  }
}

function feedTo(reader: Reader, clock: ManualClock): EventFeed {
  const raw = reader as unknown as ServerResponse;
  const reply = { raw, hijack() {}, getHeaders: () => ({ vary: 'origin', 'x-own': 'no' }) };
  return new EventFeed(reply as unknown as FastifyReply, clock);
}

test('a feed keeps nothing for a reader that is behind, and goes on when it reads again', async () => {
  const reader = new Reader();
  const feed = feedTo(reader, new ManualClock());
  expect(reader.head).toMatchObject({
    'content-type': 'text/event-stream; charset=utf-8',
    vary: 'origin',
  });
  expect(feed.ready()).toBe(true);
  feed.send('big', 'x'.repeat(200));
  expect(feed.ready()).toBe(false);
  const drained = new Promise((resolve) => reader.once('drain', resolve));
  reader.read();
  await drained;
  expect(feed.ready()).toBe(true);
  feed.send('small', '1');
  expect(reader.text.endsWith('event: small\ndata: 1\n\n')).toBe(true);
});

test('a reader that reads nothing for a minute is given up, and whoever feeds it is told', async () => {
  const reader = new Reader();
  const clock = new ManualClock();
  const feed = feedTo(reader, clock);
  const told = new Promise<void>((resolve) => feed.onClose(resolve));
  feed.send('big', 'x'.repeat(200));
  expect(feed.ready()).toBe(false);
  clock.advance(59_000);
  expect(feed.ready()).toBe(false);
  expect(reader.destroyed).toBe(false);
  clock.advance(1_000);
  expect(feed.ready()).toBe(false);
  expect(reader.destroyed).toBe(true);
  await told;
  expect(feed.ended).toBe(true);
});

test('an end says why, and nothing comes after it', () => {
  const reader = new Reader();
  const feed = feedTo(reader, new ManualClock());
  reader.read();
  feed.end('enough');
  feed.send('late', '1');
  feed.end('again');
  expect(reader.text.endsWith('event: end\ndata: {"reason":"enough"}\n\n')).toBe(true);
});
