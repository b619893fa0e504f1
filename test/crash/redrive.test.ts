/**
 * A redrive amid which the broker is killed, again and again: every message is still there, in the
 * queue that it was in or in the one that it was to go to.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import amqplib from 'amqplib';
import { afterEach, expect, test } from 'vitest';
import { ApiClient } from '../../src/commands/client.ts';
import { Random } from '../support/random.ts';
import { CrashingBroker } from './broker.ts';

const MESSAGES = 3_000;
const ROUNDS = 4;

interface Page {
  readonly items: readonly { readonly properties: { readonly message_id: string } }[];
  readonly cursor: string | null;
}

let folder: string | null = null;
let broker: CrashingBroker | null = null;

afterEach(async () => {
  await broker?.kill();
  if (folder !== null) rmSync(folder, { recursive: true, force: true });
});

/** The names of the messages of a queue, without taking them. */
async function messagesOf(api: ApiClient, queue: string): Promise<string[]> {
  const found: string[] = [];
  for (let place = ''; ; ) {
    const query = `limit=500&payload_bytes=0${place}`;
    const page = await api.get<Page>(`/api/x/queues/%2F/${queue}/messages?${query}`);
    found.push(...page.items.map(({ properties }) => properties.message_id));
    if (page.cursor === null) return found;
    place = `&cursor=${page.cursor}`;
  }
}

test('a kill amid a redrive loses nothing', async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'warren-redrive-'));
  const dataDirectory = path.join(folder, 'data');
  const api = new ApiClient({ url: undefined, dataDirectory, timeoutMs: 60_000 });
  const seed = Date.now() % 1_000_000;
  const random = new Random(seed);
  broker = await CrashingBroker.start(folder);
  const connection = await amqplib.connect(`amqp://127.0.0.1:${broker.port}`);
  const channel = await connection.createConfirmChannel();
  await channel.assertQueue('dead');
  await channel.assertQueue('work', { deadLetterExchange: '', deadLetterRoutingKey: 'dead' });
  const all = Array.from({ length: MESSAGES }, (_, i) => `m${i}`);
  for (const messageId of all) {
    channel.sendToQueue('work', Buffer.alloc(200), { messageId, persistent: true });
  }
  await channel.waitForConfirms();
  await channel.consume('work', (got) => got && channel.nack(got, false, false));
  for (;;) {
    const { messageCount } = await channel.checkQueue('dead');
    if (messageCount === MESSAGES) break;
  }
  await connection.close();
  let moved = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const [from, order] =
      round % 2 === 0
        ? ['dead/redrive', { keep_death_headers: true }]
        : ['work/move', { to: { queue: 'dead' } }];
    await api.change('POST', `/api/x/queues/%2F/${from}`, order);
    await new Promise((resolve) => setTimeout(resolve, random.below(80)));
    await broker.kill();
    broker = await CrashingBroker.start(folder);
    const left = { dead: await messagesOf(api, 'dead'), work: await messagesOf(api, 'work') };
    const there = new Set([...left.dead, ...left.work]);
    const lost = all.filter((one) => !there.has(one));
    expect(lost, `round ${round}, seed ${seed}`).toEqual([]);
    moved += round % 2 === 0 ? left.work.length : left.dead.length;
    expect(broker.troubles).toEqual([]);
  }
  expect(moved).toBeGreaterThan(0);
}, 120_000);
