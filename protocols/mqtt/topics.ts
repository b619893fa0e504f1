/**
 * Topics: what a topic name and a topic filter may be [MQTT 4.7], and how they map to routing keys
 * and binding patterns of a topic exchange. `/` and `.` change places, and so do `+` and `*`: for
 * names without `.` and `*` this is RabbitMQ's mapping, and unlike it every name comes back as it
 * was. Hot path: none, the callers remember what they asked.
 */
import { MAX_TOPIC_LEVELS } from '../../src/limits.ts';
import { malformed, protocolError } from './reason-codes.ts';

/** `$share/<group>/<filter>` [MQTT 4.8.2]. */
export interface SharedFilter {
  readonly group: string;
  readonly filter: string;
}

const SHARE = '$share/';

/** May this be published to? Wildcards have no place in a name [MQTT-3.3.2-2]. */
export function isTopicName(name: string): boolean {
  if (name === '') return false;
  return !name.includes('+') && !name.includes('#') && levelsOf(name) <= MAX_TOPIC_LEVELS;
}

/** May this be subscribed to? */
export function isTopicFilter(filter: string): boolean {
  return isSound(filter) && levelsOf(filter) <= MAX_TOPIC_LEVELS;
}

/** Does it have the form of a filter? [MQTT-4.7.1-1], [MQTT-4.7.1-2], [MQTT-4.7.3-1] */
function isSound(filter: string): boolean {
  if (filter === '') return false;
  if (!filter.includes('#') && !filter.includes('+')) return true;
  const levels = filter.split('/');
  return levels.every((level, index) => {
    if (level === '#') return index === levels.length - 1;
    return level === '+' || !(level.includes('#') || level.includes('+'));
  });
}

/** Is this meant to be a shared subscription? */
export function isShared(filter: string): boolean {
  return filter.startsWith(SHARE) || filter === '$share';
}

/**
 * Holds the text of a subscription against its form; whether it may be so deep, or be at all, is
 * for the answer to say. @throws MqttError
 */
export function checkFilter(text: string): void {
  if (!isShared(text)) {
    if (!isSound(text)) throw malformed('that is not a topic filter');
  } else if (partsOf(text) === null) {
    throw protocolError('that is not a shared subscription');
  }
}

/** The parts of a shared subscription, null if it may not be. */
export function sharedFilterOf(text: string): SharedFilter | null {
  const parts = partsOf(text);
  return parts !== null && isTopicFilter(parts.filter) ? parts : null;
}

/** The same if it has the form of one [MQTT-4.8.2-1], [MQTT-4.8.2-2]. */
function partsOf(text: string): SharedFilter | null {
  const slash = text.indexOf('/', SHARE.length);
  if (slash < 0) return null;
  const group = text.slice(SHARE.length, slash);
  const filter = text.slice(slash + 1);
  if (group === '' || group.includes('+') || group.includes('#')) return null;
  return isSound(filter) ? { group, filter } : null;
}

/** Topic name → routing key, topic filter → binding pattern. */
export function keyOf(topic: string): string {
  return MAPPED.test(topic) ? topic.replace(MAPPED_ALL, swap) : topic;
}

/**
 * Routing key → topic name; null if MQTT cannot name it: what other protocols publish may hold
 * wildcards or U+0000.
 */
export function topicOf(routingKey: string): string | null {
  if (UNNAMEABLE.test(routingKey) || routingKey === '') return null;
  return MAPPED.test(routingKey) ? routingKey.replace(MAPPED_ALL, swap) : routingKey;
}

/** Binding pattern → topic filter. What is not one comes out as none that {@link isTopicFilter}. */
export function topicFilterOf(pattern: string): string {
  return MAPPED.test(pattern) ? pattern.replace(MAPPED_ALL, swap) : pattern;
}

/** Does the filter take the topic? [MQTT 4.7] The engine decides where messages go; this is for
 * finding which of a client's subscriptions one came by. */
export function matches(filter: string, topic: string): boolean {
  // [MQTT-4.7.2-1]: wildcards at the start do not take topics of the server.
  if (topic.startsWith('$') && (filter.startsWith('+') || filter.startsWith('#'))) return false;
  const wanted = filter.split('/');
  const levels = topic.split('/');
  for (let i = 0; i < wanted.length; i++) {
    const level = wanted[i];
    if (level === '#') return true;
    if (i >= levels.length) return false;
    if (level !== '+' && level !== levels[i]) return false;
  }
  return wanted.length === levels.length;
}

const MAPPED = /[/.+*]/;
const MAPPED_ALL = /[/.+*]/g;
const UNNAMEABLE = /[*#\0]/;

function swap(char: string): string {
  if (char === '/') return '.';
  if (char === '.') return '/';
  return char === '+' ? '*' : '+';
}

function levelsOf(topic: string): number {
  let levels = 1;
  for (let at = topic.indexOf('/'); at >= 0; at = topic.indexOf('/', at + 1)) levels++;
  return levels;
}
