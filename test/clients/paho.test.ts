/**
 * paho (Python) against the broker: the cases of paho/conformance.py, one test each, as
 * interoperability suites have them. A case without a result has failed.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type EmbeddedBroker, startBroker } from '../../src/embed.ts';
import { type Outcome, run } from '../support/program.ts';

const SCRIPT = join(import.meta.dirname, 'paho/conformance.py');

const python = ['/usr/bin/python3', 'python3'].find(
  (command) => spawnSync(command, ['-c', 'import paho.mqtt.client']).status === 0,
);
if (python === undefined) console.warn('PAHO IS MISSING: its tests are skipped.');
const options = { timeout: 90_000, skip: python === undefined && process.env.CI !== 'true' };

const source = readFileSync(SCRIPT, 'utf8');
const titles = [
  ...[...source.matchAll(/^@both\("(.+)"\)$/gm)].flatMap(([, title]) => [
    `3.1.1: ${title}`,
    `5: ${title}`,
  ]),
  ...[...source.matchAll(/^@case\("(.+)"\)$/gm)].map(([, title]) => title!),
];

let broker: EmbeddedBroker;
let outcome: Outcome;
let errors: ReadonlyMap<string, string | null> = new Map();

beforeAll(async () => {
  if (python === undefined) return;
  broker = await startBroker({ config: { 'mqtt.listeners.tcp.default': '127.0.0.1:0' } });
  const env = { MQTT_PORT: String(broker.portOf('mqtt')), PYTHONDONTWRITEBYTECODE: '1' };
  outcome = await run(python, [SCRIPT], env);
  const lines = outcome.stdout.split('\n').filter(Boolean);
  errors = new Map(
    lines.map((line) => {
      const { title, error } = JSON.parse(line) as { title: string; error: string | null };
      return [title, error];
    }),
  );
}, 90_000);
afterAll(() => broker?.stop());

test.each(titles)('%s', options, (title) => {
  if (python === undefined) throw new Error('paho is missing');
  if (!errors.has(title)) throw new Error(`no result: ${outcome.stdout}${outcome.stderr}`);
  expect(errors.get(title)).toBe(null);
});
