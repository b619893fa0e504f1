/**
 * Boot definitions: imports what the configuration names before anybody can connect, and says who
 * may log in afterwards: a new broker that imports definitions has no default user, which is the
 * usual surprise of the first day. A composition root, like management.ts.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { loadDefinitionImport } from '../protocols/index.ts';
import type { Broker } from './broker/broker.ts';
import type { Config } from './config.ts';
import { DEFINITIONS_BYTES_MAX, DEFINITIONS_FETCH_MS } from './limits.ts';

/** Where RabbitMQ, too, remembers what it has imported. */
const HASH_PARAMETER = 'imported_definition_hash_value';

/** Where definitions come from: a path or an address; null if from nowhere. */
export function definitionsSource(config: Config): string | null {
  if (config.get('definitions.import_backend') === 'https') {
    return config.get('definitions.https.url');
  }
  return config.get('load_definitions') ?? config.get('definitions.local.path');
}

/** @throws Error if there are definitions to import that cannot be */
export async function importAtBoot(broker: Broker, config: Config): Promise<void> {
  const source = definitionsSource(config);
  if (source === null) return;
  const isNew = broker.users.size === 0;
  const texts = /^https?:/.test(source) ? [await fetched(source)] : readAll(source);
  const hash = createHash('sha256').update(texts.join('\0')).digest('hex');
  const skips = config.get('definitions.skip_if_unchanged');
  if (skips && broker.parameters.global.get(HASH_PARAMETER) === hash) {
    broker.log.info(`definitions of ${source} have not changed and are not imported again`);
    return;
  }
  const { importDefinitions } = await loadDefinitionImport();
  for (const text of texts) {
    const { counts } = await importDefinitions(broker, parsed(text, source), 'rmq-internal', null);
    const list = Object.entries(counts).map(([kind, count]) => `${count} ${kind}`);
    broker.log.info(`imported definitions of ${source}: ${list.join(', ')}`);
  }
  if (skips) await broker.administration().parameters.putGlobal(HASH_PARAMETER, hash);
  if (isNew) sayWhoExists(broker, config);
}

function sayWhoExists(broker: Broker, config: Config): void {
  const names = [...broker.users.all()].map(({ user }) => user.name);
  const defaultUser = config.get('default_user');
  const missing = names.includes(defaultUser)
    ? ''
    : `; the default user '${defaultUser}' was not created because definitions were imported`;
  if (names.length === 0) {
    broker.log.warning(`nobody can log in: the imported definitions have no users${missing}`);
  } else {
    broker.log.info(`users that exist: ${names.join(', ')}${missing}`);
  }
}

/** A file, or those of a folder in the order of their names. */
function readAll(source: string): string[] {
  try {
    if (!statSync(source).isDirectory()) return [readFileSync(source, 'utf8')];
    const names = readdirSync(source).filter((name) => name.endsWith('.json'));
    return names.sort().map((name) => readFileSync(path.join(source, name), 'utf8'));
  } catch (error) {
    throw new Error(`definitions cannot be read: ${(error as Error).message}`);
  }
}

async function fetched(url: string): Promise<string> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(DEFINITIONS_FETCH_MS) });
    if (!response.ok) throw new Error(`status ${response.status}`);
    const text = await response.text();
    if (text.length > DEFINITIONS_BYTES_MAX) throw new Error('too large');
    return text;
  } catch (error) {
    throw new Error(`definitions cannot be fetched from ${url}: ${(error as Error).message}`);
  }
}

function parsed(text: string, source: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error(`definitions of ${source} are not JSON: ${(error as Error).message}`);
  }
}
