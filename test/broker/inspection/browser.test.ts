/**
 * Browser: looking into queues at any place. That looking changes nothing is proved with the
 * random operations of queue-model.test.ts.
 */
import { describe, expect, test } from 'vitest';
import type { Browser, PageRequest, Seen } from '../../../src/broker/inspection/browser.ts';
import { EVERYTHING, MessageFilter } from '../../../src/broker/inspection/message-filter.ts';
import { messageId } from '../../../src/broker/inspection/sighting.ts';
import type { Session } from '../../../src/broker/session.ts';
import { BACKENDS, Engine, message, refusal } from '../../support/engine.ts';

const bodies = (count: number): string[] => Array.from({ length: count }, (_, i) => `m${i}`);

async function look(
  engine: Engine,
  browser: Browser,
  wishes: Partial<PageRequest> = {},
): Promise<{ seen: string[]; items: Seen[]; next: PageRequest['from']; scanned: number }> {
  const items: Seen[] = [];
  const request: PageRequest = {
    states: ['ready'],
    filter: EVERYTHING,
    limit: 500,
    from: null,
    skip: 0,
    show: (seen) => items.push(seen),
    ...wishes,
  };
  const { next, scanned } = await engine.pump(browser.page(request));
  return { seen: items.map(({ content }) => String(content?.body)), items, next, scanned };
}

async function filled(engine: Engine, count: number, args = {}): Promise<Session> {
  const session = engine.session();
  await engine.declare(session, 'q', args);
  await engine.send(session, 'q', ...bodies(count));
  return session;
}

describe.each(BACKENDS)('looking into a queue ($name)', ({ name }) => {
  test('shows any place of it, and goes on from there while it moves', async () => {
    const engine = await Engine.open(name);
    const session = await filled(engine, 400);
    const browser = session.messages.browse('q');
    const page = await look(engine, browser, { skip: 300, limit: 3 });
    expect(page.seen).toEqual(['m300', 'm301', 'm302']);
    // The head leaves, and something comes.
    for (let i = 0; i < 5; i++) await engine.fetch(session, 'q', true);
    await engine.send(session, 'q', 'new');
    const rest = await look(engine, browser, { from: page.next });
    expect(rest.seen).toEqual([...bodies(400).slice(303), 'new']);
    expect(rest.next).toBeNull();
    expect((await look(engine, browser, { skip: -2 })).seen).toEqual(['m399', 'new']);
    expect((await look(engine, browser, { skip: 10_000 })).seen).toEqual([]);
    await engine.close();
  });

  test('shows who holds what, and finds each by its name', async () => {
    const engine = await Engine.open(name);
    const session = await filled(engine, 4);
    const other = engine.session();
    const consumer = engine.consume(other, 'q', { prefetch: 2 });
    await engine.settle();
    const third = await engine.fetch(session, 'q');
    const browser = session.messages.browse('q');
    const { items, seen } = await look(engine, browser, { states: ['unacked'] });
    expect(seen).toEqual(['m0', 'm1', 'm2']);
    expect(items.map(({ delivery }) => delivery)).toEqual([...consumer.deliveries, third]);
    const all = await look(engine, browser, { states: ['unacked', 'delayed', 'ready'] });
    expect(all.seen).toEqual(bodies(4));
    const ids = all.items.map((item) => messageId(engine.queue('q').epoch, item));
    expect(new Set(ids).size).toBe(4);
    for (const [index, id] of ids.entries()) {
      const found = browser.find(id);
      const [content] = await engine.run(browser.contents(found === null ? [] : [found]));
      expect(String(content?.body)).toBe(`m${index}`);
    }
    session.settle(consumer.deliveries[0] as never, 'ack');
    expect(browser.find(ids[0] as string)).toBeNull();
    await engine.close();
  });

  test('searches, so much at a time, and says where to go on', async () => {
    const engine = await Engine.open(name);
    const session = await filled(engine, 150);
    const browser = session.messages.browse('q');
    const filter = new MessageFilter({ text: 'M14' });
    const first = await look(engine, browser, { filter, limit: 2 });
    expect([first.seen, first.scanned]).toEqual([['m14', 'm140'], 141]);
    const rest = await look(engine, browser, { filter, from: first.next });
    expect(rest.seen).toEqual(bodies(150).slice(141));
    await engine.close();
  });

  test('shows messages of a priority queue in the order of delivery', async () => {
    const engine = await Engine.open(name);
    const session = engine.session();
    await engine.declare(session, 'q', { 'x-max-priority': 5 });
    for (const priority of [1, 5, 3, 5]) {
      session.publish(message('', 'q', `p${priority}`, { priority }), null);
    }
    await engine.settle();
    const browser = session.messages.browse('q');
    expect((await look(engine, browser)).seen).toEqual(['p5', 'p5', 'p3', 'p1']);
    expect((await look(engine, browser, { skip: 2 })).seen).toEqual(['p3', 'p1']);
    expect((await look(engine, browser, { skip: -1 })).seen).toEqual(['p1']);
    await engine.close();
  });

  test('shows what a quorum queue gives back later', async () => {
    const engine = await Engine.open(name);
    const session = await filled(engine, 3, {
      'x-queue-type': 'quorum',
      'x-delayed-retry-type': 'all',
      'x-delayed-retry-min': 60_000,
    });
    for (let i = 0; i < 2; i++) {
      const delivery = await engine.fetch(session, 'q');
      if (delivery !== null) session.settle(delivery, 'requeue');
    }
    await engine.settle();
    const browser = session.messages.browse('q');
    const { seen, items } = await look(engine, browser, { states: ['delayed'] });
    expect(seen).toEqual(['m0', 'm1']);
    expect(items[0]).toMatchObject({ deliveryCount: 1, dueAtMs: engine.clock.now() + 60_000 });
    const [item] = items;
    expect(browser.find(messageId(engine.queue('q').epoch, item as Seen))).not.toBeNull();
    expect((await look(engine, browser)).seen).toEqual(['m2']);
    await engine.close();
  });
});

test('reads back no more than it shows, and leaves it where it is', async () => {
  const engine = await Engine.open('publish', { queueResidentBytes: 1 });
  const session = await filled(engine, 2_000);
  const queue = engine.queue('q');
  const resident = queue.backlog.paging?.residentBytes;
  expect(engine.asyncStore.loadCalls).toBe(0);
  const { seen } = await look(engine, session.messages.browse('q'), { skip: 1_900, limit: 10 });
  expect(seen).toEqual(bodies(2_000).slice(1_900, 1_910));
  expect(engine.asyncStore.loadCalls).toBe(1);
  expect(queue.backlog.paging?.residentBytes).toBe(resident);
  await engine.close();
});

test('a message that cannot be read does not hide the others', async () => {
  const engine = await Engine.open('publish', { queueResidentBytes: 1 });
  const session = await filled(engine, 600);
  const browser = session.messages.browse('q');
  const { items } = await look(engine, browser, { skip: 590 });
  engine.asyncStore.damaged.add(items[3]?.ref as number);
  const again = await look(engine, browser, { skip: 590 });
  expect(again.items.filter(({ content }) => content === null)).toHaveLength(1);
  expect(again.seen.filter((body) => body.startsWith('m'))).toHaveLength(9);
  await engine.close();
});

test('only who may read from a queue may look into it, exclusive or not', async () => {
  const engine = await Engine.open('memory');
  await engine.addUser('writer', { configure: '.*', write: '.*' });
  const session = engine.session();
  await engine.declare(session, 'q', {}, { durable: false, exclusive: true });
  expect(await refusal(() => engine.session('writer').messages.browse('q'))).toBe(
    "ACCESS_REFUSED - read access to queue 'q' in vhost '/' refused for user 'writer'",
  );
  expect(await refusal(() => engine.session().messages.browse('q'))).toBe('accepted');
  expect(await refusal(() => engine.session().messages.browse('none'))).toBe(
    "NOT_FOUND - no queue 'none' in vhost '/'",
  );
  await engine.close();
});

test('a name is of one queue only, and of no other that is called the same later', async () => {
  const engine = await Engine.open('memory');
  const session = await filled(engine, 1);
  const { items } = await look(engine, session.messages.browse('q'));
  const id = messageId(engine.queue('q').epoch, items[0] as Seen);
  await engine.run(session.topology.deleteQueue('q', false, false));
  await filled(engine, 1);
  expect(session.messages.browse('q').find(id)).toBeNull();
  await engine.close();
});
