/**
 * Policy keys: what a policy may say, checked with RabbitMQ's texts before it is kept. To add a
 * key: a row in KEYS, and the code that honours it. Keys of RabbitMQ's plugins and of what it once
 * had are kept as they come, so that its files can be imported, but nobody acts on them.
 */
import { BrokerError } from './errors.ts';
import { type Field, type Fields, integerOf, TypedNumber } from './field.ts';
import { type PolicyKind, type PolicyRecord, type PolicyScope, policyPattern } from './policy.ts';
import { DELAYED_RETRIES, LOCATORS, OVERFLOWS, STRATEGIES } from './queue/argument-values.ts';

/** A policy as somebody asks for it: nothing about it is known. */
export interface PolicyRequest {
  readonly pattern: Field;
  readonly applyTo?: Field;
  readonly priority?: Field;
  readonly definition: Field;
}

interface Key {
  readonly valid: (value: Field) => boolean;
  /** What a bad value is not; a whole sentence if it begins with a space. */
  readonly noun: string;
  /** May operator policies say it, too? */
  readonly operator: boolean;
}

const SCOPES: readonly string[] = [
  'all',
  'queues',
  'exchanges',
  'classic_queues',
  'quorum_queues',
  'streams',
];

const user = (noun: string, valid: Key['valid']): Key => ({ noun, valid, operator: false });
const both = (noun: string, valid: Key['valid']): Key => ({ noun, valid, operator: true });

const KEYS: ReadonlyMap<string, Key> = new Map<string, Key>([
  ['alternate-exchange', user('alternate exchange name', isText)],
  ['consumer-disconnected-timeout', user('consumer disconnected timeout', isCount)],
  ['consumer-timeout', user('consumer timeout', isCount)],
  ['dead-letter-exchange', user('dead letter exchange name', isText)],
  ['dead-letter-routing-key', user('dead letter routing key', isText)],
  ['dead-letter-strategy', user('dead letter strategy', oneOf(STRATEGIES))],
  ['delayed-retry-max', both('delayed retry max', isPositive)],
  ['delayed-retry-min', both('delayed retry min', isPositive)],
  ['delayed-retry-type', both('delayed retry type', oneOf(DELAYED_RETRIES))],
  ['delivery-limit', both('delivery limit', isInteger)],
  ['expires', both('queue expiry', isPositive)],
  ['initial-cluster-size', user('cluster size', isCount)],
  ['max-age', user('max age', isAge)],
  ['max-in-memory-bytes', both('maximum memory in bytes', isCount)],
  ['max-in-memory-length', both('maximum memory in bytes', isCount)],
  ['max-length', both('maximum length', isCount)],
  ['max-length-bytes', both('maximum length in bytes', isCount)],
  ['member-placement-tag', both('member placement tag', isFilledText)],
  ['message-ttl', both('message TTL', isCount)],
  ['overflow', both('overflow value', oneOf(OVERFLOWS))],
  ['queue-leader-locator', user('queue leader locator value', oneOf(LOCATORS))],
  [
    'queue-master-locator',
    user('queue master locator', oneOf(['min-masters', 'client-local', 'random'])),
  ],
  ['queue-mode', user('queue-mode value', oneOf(['default', 'lazy']))],
  ['queue-version', both('queue-version value', isVersion)],
  ['stream-filter-size-bytes', user('filter size. Valid range is 16-255', isFilterSize)],
  ['stream-max-segment-size-bytes', user('segment size', isCount)],
  ['target-group-size', both('qq target count value', isPositive)],
]);

const ANYTHING: Key = user('', () => true);

/** Keys that mean something in RabbitMQ and nothing here, by what they belong to. */
const FOREIGN: ReadonlyMap<string, string> = new Map([
  ['federation-upstream', 'federation'],
  ['federation-upstream-pattern', 'federation'],
  ['federation-upstream-set', 'federation'],
  ['ha-mode', 'mirrored queues'],
  ['ha-params', 'mirrored queues'],
  ['ha-promote-on-failure', 'mirrored queues'],
  ['ha-promote-on-shutdown', 'mirrored queues'],
  ['ha-sync-batch-size', 'mirrored queues'],
  ['ha-sync-mode', 'mirrored queues'],
  ['routing-key', 'sharding'],
  ['shards-per-node', 'sharding'],
]);

/** What to tell operators about a policy: settings that are kept and have no effect. */
export function policyWarning({ vhost, name, definition }: PolicyRecord): string | null {
  const foreign = [...definition.keys()].filter((key) => FOREIGN.has(key));
  if (foreign.length === 0) return null;
  const shown = foreign.map((key) => `'${key}' (${FOREIGN.get(key)})`).join(', ');
  return `policy '${name}' in vhost '${vhost}': ${shown} is kept, but has no effect here`;
}

/**
 * The policy that is asked for, if nothing is wrong with it.
 * @throws BrokerError PRECONDITION_FAILED with RabbitMQ's sentence
 */
export function policyOf(
  kind: PolicyKind,
  vhost: string,
  name: string,
  request: PolicyRequest,
): PolicyRecord {
  const { pattern, applyTo = 'all', priority = 0, definition } = request;
  const objection =
    objectionToPriority(priority) ??
    objectionToPattern(pattern) ??
    objectionToScope(applyTo) ??
    objectionToDefinition(kind, definition);
  if (objection !== null) {
    throw new BrokerError('PRECONDITION_FAILED', `Validation failed\n\n${objection}\n`);
  }
  return {
    vhost,
    name,
    pattern: pattern as string,
    applyTo: applyTo as PolicyScope,
    priority: numberOf(priority) as number,
    definition: definition as Fields,
  };
}

function objectionToPriority(priority: Field): string | null {
  if (numberOf(priority) !== null) return null;
  return `priority should be a number, actually was ${print(priority)}`;
}

function objectionToPattern(pattern: Field): string | null {
  if (typeof pattern !== 'string') return `pattern should be a binary but was ${print(pattern)}`;
  try {
    policyPattern(pattern);
    return null;
  } catch (error) {
    const why = JSON.stringify((error as Error).message);
    return `pattern should be regular expression but is invalid: {${why},0}`;
  }
}

function objectionToScope(applyTo: Field): string | null {
  if (typeof applyTo === 'string' && SCOPES.includes(applyTo)) return null;
  const known = "'queues', 'classic_queues',  'quorum_queues', 'streams', 'exchanges', or 'all'";
  return `apply-to '${String(applyTo)}' unrecognised; should be one of: ${known}`;
}

function objectionToDefinition(kind: PolicyKind, definition: Field): string | null {
  if (!(definition instanceof Map)) {
    return `definition should be a list of properties, actually was ${print(definition)}`;
  }
  const entries: [string, Field][] = [...definition].sort(([a], [b]) => (a < b ? -1 : 1));
  if (entries.length === 0) return 'no policy provided';
  const unknown = entries.filter(([key]) => !isKey(kind, key));
  if (unknown.length > 0) {
    const shown = unknown.map(([key, value]) => `{<<"${key}">>,${print(value)}}`).join(',');
    return `[${shown}] are not recognised policy settings`;
  }
  for (const [key, value] of entries) {
    const { valid, noun } = KEYS.get(key) ?? ANYTHING;
    if (!valid(value)) return `${print(value)} is not a valid ${noun}`;
  }
  return null;
}

function isKey(kind: PolicyKind, key: string): boolean {
  if (kind === 'policy' && FOREIGN.has(key)) return true;
  const known = KEYS.get(key);
  return known !== undefined && (kind === 'policy' || known.operator);
}

function numberOf(value: Field): number | null {
  if (typeof value === 'number') return value;
  return value instanceof TypedNumber ? Number(value.value) : null;
}

function isText(value: Field): boolean {
  return typeof value === 'string';
}

function isFilledText(value: Field): boolean {
  return typeof value === 'string' && value !== '';
}

function isInteger(value: Field): boolean {
  return integerOf(value) !== null;
}

function isCount(value: Field): boolean {
  return (integerOf(value) ?? -1) >= 0;
}

function isPositive(value: Field): boolean {
  return (integerOf(value) ?? 0) > 0;
}

function isVersion(value: Field): boolean {
  const version = integerOf(value);
  return version === 1 || version === 2;
}

function isFilterSize(value: Field): boolean {
  const bytes = integerOf(value) ?? 0;
  return bytes >= 16 && bytes <= 255;
}

/** A number and a unit: `7D` is a week. */
function isAge(value: Field): boolean {
  return typeof value === 'string' && /^\d+[YMDhms]$/.test(value);
}

function oneOf(words: readonly string[]): Key['valid'] {
  return (value) => typeof value === 'string' && words.includes(value);
}

/** As Erlang would. */
function print(value: Field): string {
  if (typeof value === 'string') return `<<"${value}">>`;
  if (Array.isArray(value)) return `[${value.map(print).join(',')}]`;
  if (!(value instanceof Map)) return String(numberOf(value) ?? value);
  const entries = [...value].map(([key, each]) => `<<"${key}">> => ${print(each)}`);
  return `#{${entries.join(',')}}`;
}
