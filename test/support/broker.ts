/**
 * The broker under test. By default Warren, started in-process on a free port, in memory or with
 * WARREN_TEST_STORE=disk on a data directory that is gone afterwards; with WARREN_TEST_PORT set,
 * whatever already listens there (a RabbitMQ, say), so that the same tests can be proven against
 * the broker whose behaviour they describe. Nothing else in the tests knows which of the two it
 * is, except the few places where RabbitMQ 3.10 is known to differ from 4.3, which Warren follows:
 * they ask `external`.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

export interface TestBroker {
  /** With credentials, for clients that take a URL: amqp://guest:guest@127.0.0.1:PORT */
  readonly url: string;
  readonly host: string;
  readonly port: number;
  /** Stops Warren; leaves an external broker alone. */
  stop(): Promise<void>;
}

/** What test/support needs of src/embed.ts. */
interface Embedding {
  startBroker(options: {
    readonly config: Readonly<Record<string, string>>;
  }): Promise<{ readonly port: number; stop(): Promise<void> }>;
}

const HOST = '127.0.0.1';
const EXTERNAL_PORT = process.env.WARREN_TEST_PORT;

/** Are the tests running against a broker that they did not start? */
export const external = EXTERNAL_PORT !== undefined && EXTERNAL_PORT !== '';

/** @throws if WARREN_TEST_PORT is not a port, or Warren does not start. */
export async function startTestBroker(): Promise<TestBroker> {
  if (external) return testBroker(externalPort(), async () => {});
  // A URL in a variable, so that neither compiler nor bundler loads Warren for an external broker.
  const embedding = new URL('../../src/embed.ts', import.meta.url).href;
  const { startBroker } = (await import(embedding)) as Embedding;
  const folder =
    process.env.WARREN_TEST_STORE === 'disk' ? mkdtempSync(path.join(tmpdir(), 'warren-')) : null;
  const config: Record<string, string> = folder === null ? {} : { data_dir: folder };
  const broker = await startBroker({ config });
  return testBroker(broker.port, async () => {
    await broker.stop();
    if (folder !== null) rmSync(folder, { recursive: true });
  });
}

function externalPort(): number {
  const port = Number(EXTERNAL_PORT);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    throw new Error(`WARREN_TEST_PORT is not a port: ${EXTERNAL_PORT}`);
  }
  return port;
}

function testBroker(port: number, stop: () => Promise<void>): TestBroker {
  return { url: `amqp://guest:guest@${HOST}:${port}`, host: HOST, port, stop };
}
