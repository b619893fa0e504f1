/**
 * Retained: the retained messages of one vhost [MQTT 3.3.1.3], in a tree of topic levels so that a
 * wildcard visits only what can match. Bounded in number and bytes; what runs out is let go when
 * somebody comes across it. Whether they outlive the process is up to who fills it.
 */
import type { Message } from '../../src/broker/message.ts';
import { topicOf } from './topics.ts';

/** How much may be kept. */
export interface RetainedLimits {
  readonly messages: number;
  readonly bytes: number;
}

class Level {
  readonly children = new Map<string, Level>();
  message: Message | null = null;
}

export class Retained {
  size = 0;
  /** Of topics and payloads. */
  bytes = 0;
  private readonly root = new Level();
  private readonly limits: RetainedLimits;

  constructor(limits: RetainedLimits) {
    this.limits = limits;
  }

  /** Keeps a message as the last of its topic. Returns false if there is no room for it. */
  put(message: Message): boolean {
    const topic = topicOf(message.routingKey) as string;
    const before = this.get(topic);
    const messages = this.size + (before === null ? 1 : 0);
    const bytes = this.bytes + sizeOf(message) - (before === null ? 0 : sizeOf(before));
    if (messages > this.limits.messages || bytes > this.limits.bytes) return false;
    let level = this.root;
    for (const word of topic.split('/')) {
      let child = level.children.get(word);
      if (child === undefined) {
        child = new Level();
        level.children.set(word, child);
      }
      level = child;
    }
    level.message = message;
    this.size = messages;
    this.bytes = bytes;
    return true;
  }

  /** Forgets the message of a topic. Returns false if there was none. */
  delete(topic: string): boolean {
    const words = topic.split('/');
    const path = [this.root];
    for (const word of words) {
      const child = path.at(-1)?.children.get(word);
      if (child === undefined) return false;
      path.push(child);
    }
    const last = path.at(-1) as Level;
    if (last.message === null) return false;
    this.size--;
    this.bytes -= sizeOf(last.message);
    last.message = null;
    for (let depth = words.length; depth > 0; depth--) {
      const level = path[depth] as Level;
      if (level.message !== null || level.children.size > 0) break;
      (path[depth - 1] as Level).children.delete(words[depth - 1] as string);
    }
    return true;
  }

  get(topic: string): Message | null {
    let level: Level | undefined = this.root;
    for (const word of topic.split('/')) {
      level = level?.children.get(word);
      if (level === undefined) return null;
    }
    return level.message;
  }

  /** The messages that a filter takes, each once. */
  match(filter: string, nowMs: number): Message[] {
    const found: Message[] = [];
    visit(this.root, filter.split('/'), 0, found);
    const expired = found.filter((message) => hasExpired(message, nowMs));
    for (const message of expired) this.delete(topicOf(message.routingKey) as string);
    return expired.length === 0 ? found : found.filter((one) => !hasExpired(one, nowMs));
  }
}

function visit(level: Level, words: readonly string[], at: number, found: Message[]): void {
  const word = words[at];
  if (word === undefined) {
    if (level.message !== null) found.push(level.message);
  } else if (word === '#') {
    // `a/#` takes `a` as well [MQTT 4.7.1.2].
    collect(level, at === 0, found);
  } else if (word === '+') {
    for (const [name, child] of level.children) {
      if (at > 0 || !name.startsWith('$')) visit(child, words, at + 1, found);
    }
  } else {
    const child = level.children.get(word);
    if (child !== undefined) visit(child, words, at + 1, found);
  }
}

/** Everything below, but at the top nothing of the server's own [MQTT-4.7.2-1]. */
function collect(level: Level, top: boolean, found: Message[]): void {
  if (level.message !== null) found.push(level.message);
  for (const [name, child] of level.children) {
    if (!top || !name.startsWith('$')) collect(child, false, found);
  }
}

function hasExpired(message: Message, nowMs: number): boolean {
  return message.properties.ttlMs >= 0 && message.expiresAtMs <= nowMs;
}

function sizeOf(message: Message): number {
  return message.routingKey.length + message.bodyBytes;
}
