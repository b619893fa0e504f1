/** Topics: what is allowed, and that the mapping to routing keys loses nothing. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  isTopicFilter,
  isTopicName,
  keyOf,
  matches,
  sharedFilterOf,
  topicOf,
} from '../../protocols/mqtt/topics.ts';
import { TopicTrie } from '../../src/broker/exchange/topic-trie.ts';

const deep = (levels: number): string => Array.from({ length: levels }, () => '+').join('/');

describe('a topic name', () => {
  it.each(['a', '/', '/a', 'a/', 'a//b', ' ', '$SYS', 'ä/日本', 'a.b', 'a*b'])(
    'may be %j',
    (name) => {
      expect(isTopicName(name)).toBe(true);
    },
  );

  it.each(['', '+', 'a/+', '#', 'a/#', 'a+', 'x'.repeat(3).concat('/y'.repeat(201))])(
    'may not be %j [MQTT-4.7.3-1], [MQTT-3.3.2-2]',
    (name) => {
      expect(isTopicName(name)).toBe(false);
    },
  );
});

describe('a topic filter', () => {
  it.each(['#', '+', 'a/#', '/#', '+/+', '+/a/+', 'a/+/#', '$SYS/#', deep(201)])(
    'may be %j',
    (text) => {
      expect(isTopicFilter(text)).toBe(true);
    },
  );

  it.each(['', 'a#', '#/a', 'a/#/b', '##', deep(202)])('may not be %j [MQTT-4.7.1-1]', (text) => {
    expect(isTopicFilter(text)).toBe(false);
  });

  it.each(['a+', '+a', 'a/b+/c', '++'])('may not be %j [MQTT-4.7.1-2]', (text) => {
    expect(isTopicFilter(text)).toBe(false);
  });
});

describe('a shared subscription', () => {
  it('has a group and a filter [MQTT-4.8.2-1]', () => {
    expect(sharedFilterOf('$share/g/a/+')).toEqual({ group: 'g', filter: 'a/+' });
    expect(sharedFilterOf('$share/g//a')).toEqual({ group: 'g', filter: '/a' });
  });

  it.each(['$share/', '$share/g', '$share/g/', '$share//a', '$share/g+/a', '$share/#/a'])(
    'may not be %j [MQTT-4.8.2-2]',
    (text) => {
      expect(sharedFilterOf(text)).toBe(null);
    },
  );
});

describe('matching', () => {
  const cases: [filter: string, topic: string, result: boolean][] = [
    ['sport/tennis/player1/#', 'sport/tennis/player1', true],
    ['sport/tennis/player1/#', 'sport/tennis/player1/ranking', true],
    ['sport/#', 'sport', true],
    ['#', 'sport/x', true],
    ['sport/tennis/+', 'sport/tennis/player1', true],
    ['sport/tennis/+', 'sport/tennis/player1/ranking', false],
    ['sport/+', 'sport', false],
    ['sport/+', 'sport/', true],
    ['+/+', '/finance', true],
    ['/+', '/finance', true],
    ['+', '/finance', false],
    ['a', 'A', false],
    ['a', 'a/', false],
    ['#', '$SYS/x', false],
    ['+/x', '$SYS/x', false],
    ['$SYS/#', '$SYS/x', true],
    ['$SYS/+', '$SYS/x', true],
  ];

  it.each(cases)('%j takes %j: %j [MQTT-4.7]', (filter, topic, result) => {
    expect(matches(filter, topic)).toBe(result);
  });

  const level = fc.constantFrom('a', 'b', '', 'a.b', '*', 'x y');
  const topics = fc.array(level, { minLength: 1, maxLength: 5 }).map((words) => words.join('/'));
  const filters = fc
    .array(fc.oneof(level, fc.constant('+')), { minLength: 1, maxLength: 5 })
    .chain((words) => fc.boolean().map((all) => (all ? [...words, '#'] : words).join('/')));

  it('agrees with the topic exchange that carries the messages', () => {
    fc.assert(
      fc.property(topics, filters, (topic, filter) => {
        fc.pre(topic !== '' && filter !== '');
        const trie = new TopicTrie<string>();
        trie.add(keyOf(filter), filter);
        expect(trie.match(keyOf(topic)).length === 1).toBe(matches(filter, topic));
      }),
    );
  });
});

describe('the mapping to routing keys', () => {
  it('is that of RabbitMQ for names without dots and stars', () => {
    expect(keyOf('a/b/c')).toBe('a.b.c');
    expect(keyOf('a/+/#')).toBe('a.*.#');
    expect(topicOf('a.b.c')).toBe('a/b/c');
  });

  it('gives every name back as it was [MQTT-3.3.2-1]', () => {
    const names = fc.string({ unit: 'grapheme', minLength: 1 }).filter(isTopicName);
    fc.assert(fc.property(names, (name) => topicOf(keyOf(name)) === name || name.includes('\0')));
  });

  it.each(['', 'a.*', 'a.#', '#', 'a\0b'])('has no name for the routing key %j', (key) => {
    expect(topicOf(key)).toBe(null);
  });
});
