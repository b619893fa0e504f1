/**
 * The conversations of conversations/*.txt, one test each: what is said on the wire, frame by
 * frame, down to every reason for which the broker closes a channel or a connection. Several at a
 * time, because RabbitMQ makes those it distrusts wait for three seconds.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, test, vi } from 'vitest';
import { parseConversations, Stage } from './conversations/conversation.ts';
import { startTestBroker, type TestBroker } from './support/broker.ts';
import { Scratch } from './support/scratch.ts';

const FOLDER = join(import.meta.dirname, 'conversations');
const files = readdirSync(FOLDER).filter((name) => name.endsWith('.txt'));

vi.setConfig({ testTimeout: 30_000 });

const scratch = new Scratch();
let broker: TestBroker;
beforeAll(async () => {
  broker = await startTestBroker();
});
afterAll(async () => {
  await scratch.clean(broker.url);
  await broker.stop();
});

describe.each(files)('%s', (file) => {
  for (const conversation of parseConversations(readFileSync(join(FOLDER, file), 'utf8'))) {
    const options = { concurrent: true, skip: conversation.skipped };
    test(conversation.title, options, () => new Stage(broker, scratch).act(conversation));
  }
});
