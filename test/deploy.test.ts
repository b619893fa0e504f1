/**
 * What is in deploy/, read rather than run: there is no Docker, Kubernetes or Grafana where the
 * tests run. That its words mean something to the broker can be checked without them.
 */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readEnvironment } from '../src/config-environment.ts';
import { type ApiBroker, caller, startApi } from './support/management.ts';

const deploy = path.join(import.meta.dirname, '../deploy');
const read = (name: string): string => readFileSync(path.join(deploy, name), 'utf8');

let broker: ApiBroker;
let metrics: ReadonlySet<string>;

beforeAll(async () => {
  broker = await startApi({ config: { memory_only: true } });
  const { text } = await caller(broker.metricsPort)('GET', '/metrics', undefined, { as: null });
  metrics = new Set([...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name as string));
});

afterAll(() => broker?.stop());

/** Of a store on disk only, or of clients that nobody has tried yet. */
const NOT_HERE = /^(warren_store_|rabbitmq_io_|rabbitmq_msg_store_|rabbitmq_auth_)/;

function unknownMetrics(text: string): string[] {
  const named = [...text.matchAll(/\b((?:rabbitmq|warren|nodejs)_[a-z0-9_]+)\b/g)]
    .map(([, name]) => name as string)
    .filter((name) => !/^rabbitmq_(node|cluster|endpoint)$/.test(name) && !NOT_HERE.test(name));
  const known = (name: string) =>
    metrics.has(name) || metrics.has(name.replace(/_(bucket|sum|count)$/, ''));
  return [...new Set(named)].filter((name) => !known(name));
}

test('the dashboard and the alerts ask for metrics that exist', () => {
  const { panels } = JSON.parse(read('grafana/dashboard.json'));
  expect(panels.length).toBeGreaterThan(10);
  expect(unknownMetrics(read('grafana/dashboard.json'))).toEqual([]);
  expect(unknownMetrics(read('grafana/alerts.yaml'))).toEqual([]);
});

test('variables in the compose file and the chart are settings of the broker', () => {
  for (const name of ['compose.yaml', 'helm/templates/statefulset.yaml']) {
    const variables = [...read(name).matchAll(/\b((?:RABBITMQ|WARREN)_[A-Z_]+)\b/g)];
    expect(variables.length, name).toBeGreaterThan(0);
    for (const [, variable] of variables) {
      const files = { readText: () => 'value', list: () => [] };
      const env = { [variable as string]: variable?.endsWith('_FILE') ? '/a/file' : 'value' };
      const { settings, warnings } = readEnvironment(env, files as never);
      expect([settings.length, warnings], variable).toEqual([1, []]);
    }
  }
});

test('every template of the chart closes what it opens, and names only values that exist', () => {
  const values = read('helm/values.yaml');
  for (const name of readdirSync(path.join(deploy, 'helm/templates'))) {
    const text = read(`helm/templates/${name}`);
    const opened = text.match(/\{\{-? *(if|range|with|define)\b/g)?.length ?? 0;
    const closed = text.match(/\{\{-? *end\b/g)?.length ?? 0;
    expect(closed, name).toBe(opened);
    for (const [, value] of text.matchAll(/\.Values\.([\w.]+)/g)) {
      const last = (value as string).split('.').at(-1) as string;
      expect(values, `${name}: ${value}`).toMatch(new RegExp(`^ *${last}:`, 'm'));
    }
  }
});
