import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type ExplainedStep, explain } from '../../../src/broker/exchange/explanation.ts';
import type { Field } from '../../../src/broker/field.ts';
import { Message } from '../../../src/broker/message.ts';
import { Properties } from '../../../src/broker/properties.ts';
import type { VHost } from '../../../src/broker/vhost.ts';
import { Engine } from '../../support/engine.ts';

type Arguments = Record<string, Field>;

let queues = 0;

function putExchange(vhost: VHost, name: string, type: string, args: Arguments = {}): void {
  const flags = { durable: false, autoDelete: false, internal: false };
  const record = { vhost: '/', name, type, ...flags, arguments: new Map(Object.entries(args)) };
  vhost.topology.apply({ op: 'exchange.put', record });
}

function putQueue(vhost: VHost, name: string): void {
  const flags = { durable: false, autoDelete: false, owner: null, id: 1_000_000 + ++queues };
  const record = { vhost: '/', name, ...flags, arguments: new Map() };
  vhost.topology.apply({ op: 'queue.put', record });
}

function bind(vhost: VHost, source: string, to: string, routingKey: string, args: Arguments = {}) {
  const destinationKind = vhost.topology.queues.has(to)
    ? ('queue' as const)
    : ('exchange' as const);
  const where = { vhost: '/', source, destinationKind, destination: to, routingKey };
  const record = { ...where, arguments: new Map(Object.entries(args)) };
  vhost.topology.apply({ op: 'binding.put', record });
}

function message(exchange: string, routingKey: string, headers: Arguments = {}): Message {
  const properties = new Properties({ headers: new Map(Object.entries(headers)) });
  return new Message(exchange, routingKey, properties, Buffer.alloc(0));
}

function explainIn(vhost: VHost, sent: Message, keys: string[] | null = null) {
  return explain(vhost.topology, vhost.exchange(sent.exchange), sent, keys);
}

const reasons = (step: ExplainedStep | undefined, which: 'matched' | 'missed') =>
  step?.[which].map(({ destination, reason }) => `${destination?.name}: ${reason}`).sort();

describe('an explanation', () => {
  test('names the queues that a message really reaches, whatever the topology', async () => {
    const exchange = fc.constantFrom('x0', 'x1', 'x2', 'x3');
    const queue = fc.constantFrom('q0', 'q1', 'q2');
    const key = fc.constantFrom('a', 'b', 'a.b', 'b.a', 'a.b.c', '');
    const pattern = fc.oneof(key, fc.constantFrom('*', '#', 'a.*', '#.b', '*.b.#', '1', '3'));
    const headers = fc.dictionary(fc.constantFrom('h', 'i', 'x-j'), fc.constantFrom('1', '2'));
    const mode = fc.constantFrom('all', 'any', 'all-with-x', 'any-with-x');
    const type = fc.constantFrom('direct', 'fanout', 'topic', 'headers', 'x-modulus-hash');
    const topology = fc.record({
      types: fc.array(type, { minLength: 4, maxLength: 4 }),
      alternates: fc.array(fc.option(fc.oneof(exchange, fc.constant('gone'))), {
        minLength: 4,
        maxLength: 4,
      }),
      bindings: fc.array(fc.tuple(exchange, fc.oneof(queue, exchange), pattern, headers, mode), {
        maxLength: 12,
      }),
      sends: fc.array(fc.tuple(exchange, key, headers, fc.option(fc.array(key))), {
        minLength: 1,
        maxLength: 6,
      }),
    });
    const engine = await Engine.open('memory');
    await fc.assert(
      fc.asyncProperty(topology, async ({ types, alternates, bindings, sends }) => {
        const { vhost } = engine;
        for (const [index, of] of types.entries()) {
          const alternate = alternates[index];
          putExchange(vhost, `x${index}`, of, alternate ? { 'alternate-exchange': alternate } : {});
        }
        for (const name of ['q0', 'q1', 'q2']) putQueue(vhost, name);
        for (const [from, to, text, args, how] of bindings) {
          bind(vhost, from, to, text, { ...args, 'x-match': how });
        }
        for (const [to, text, of, keys] of sends) {
          const sent = message(to, text, of);
          const told = [...explainIn(vhost, sent, keys).queues.keys()];
          const real = vhost.targetsOf(vhost.exchange(to), sent, keys);
          expect(new Set(told)).toEqual(new Set(real));
          // And it leaves no mark: asked again, routing says the same.
          explainIn(vhost, sent, keys);
          expect(vhost.targetsOf(vhost.exchange(to), sent, keys)).toEqual(real);
        }
        for (const name of ['q0', 'q1', 'q2']) {
          vhost.topology.apply({ op: 'queue.delete', vhost: '/', name });
        }
        for (const index of types.keys()) {
          vhost.topology.apply({ op: 'exchange.delete', vhost: '/', name: `x${index}` });
        }
      }),
      { numRuns: 300 },
    );
  });

  test('says of every binding why', async () => {
    const { vhost } = await Engine.open('memory');
    putExchange(vhost, 'orders', 'topic');
    for (const name of ['new', 'all', 'eu', 'deep']) putQueue(vhost, name);
    bind(vhost, 'orders', 'new', 'order.*.new');
    bind(vhost, 'orders', 'all', '#');
    bind(vhost, 'orders', 'eu', 'order.eu.*');
    bind(vhost, 'orders', 'deep', 'order.us.new.now');
    const [step] = explainIn(vhost, message('orders', 'order.us.new')).steps;
    expect(reasons(step, 'matched')).toEqual([
      "all: the pattern '#' fits the routing key 'order.us.new'",
      "new: the pattern 'order.*.new' fits the routing key 'order.us.new'",
    ]);
    expect(reasons(step, 'missed')).toEqual([
      "deep: the pattern 'order.us.new.now' has 4 words, the routing key 3 words",
      "eu: word 2 is 'us', and 'order.eu.*' wants 'eu'",
    ]);
  });

  test('says which header is missing or different', async () => {
    const { vhost } = await Engine.open('memory');
    putExchange(vhost, 'docs', 'headers');
    for (const name of ['pdf', 'any']) putQueue(vhost, name);
    bind(vhost, 'docs', 'pdf', '', { 'x-match': 'all', format: 'pdf', type: 'report' });
    bind(vhost, 'docs', 'any', '', { 'x-match': 'any', format: 'pdf', type: 'report' });
    const [step] = explainIn(vhost, message('docs', '', { format: 'pdf', type: 'log' })).steps;
    const told = "format is 'pdf'; type is 'log', wanted 'report'";
    expect(reasons(step, 'matched')).toEqual([`any: x-match is any: ${told}`]);
    expect(reasons(step, 'missed')).toEqual([`pdf: x-match is all: ${told}`]);
  });

  test('follows alternates, and names a dead end', async () => {
    const { vhost } = await Engine.open('memory');
    putExchange(vhost, 'first', 'direct', { 'alternate-exchange': 'second' });
    putExchange(vhost, 'second', 'direct', { 'alternate-exchange': 'gone' });
    const { steps, queues: reached } = explainIn(vhost, message('first', 'k'));
    expect(reached.size).toBe(0);
    expect(steps.map(({ exchange, via, note }) => [exchange.name, via, note])).toEqual([
      ['first', 'publish', 'nothing is bound to it: it goes to the alternate exchange'],
      [
        'second',
        'alternate',
        "nothing is bound to it, and the alternate exchange 'gone' does not exist: a dead end",
      ],
    ]);
  });

  test('says perhaps where chance decides, and remembers nothing', async () => {
    const { vhost } = await Engine.open('memory');
    putExchange(vhost, 'dice', 'x-random');
    putExchange(vhost, 'past', 'x-recent-history');
    for (const name of ['q0', 'q1']) {
      putQueue(vhost, name);
      bind(vhost, 'dice', name, '');
    }
    bind(vhost, 'past', 'dice', '');
    const { queues: reached } = explainIn(vhost, message('past', ''));
    expect([...reached.values()]).toEqual(['perhaps', 'perhaps']);
    putQueue(vhost, 'late');
    bind(vhost, 'past', 'late', '');
    expect(vhost.queue('late').size).toBe(0);
  });

  test('tells how long a delayed message waits, and where it goes then', async () => {
    const { vhost } = await Engine.open('memory');
    putExchange(vhost, 'later', 'x-delayed-message', { 'x-delayed-type': 'topic' });
    putQueue(vhost, 'q');
    bind(vhost, 'later', 'q', 'a.#');
    const told = explainIn(vhost, message('later', 'a.b', { 'x-delay': 5000 }));
    expect(told.delayMs).toBe(5000);
    expect([...told.queues.keys()].map(({ name }) => name)).toEqual(['q']);
    expect(told.steps[0]?.note).toBe('it waits 5000 ms here first');
  });

  test('tells that the default exchange asks for a name', async () => {
    const { vhost } = await Engine.open('memory');
    putQueue(vhost, 'here');
    const found = explainIn(vhost, message('', 'here'));
    expect(reasons(found.steps[0], 'matched')).toEqual(["here: the queue is called 'here'"]);
    const lost = explainIn(vhost, message('', 'there'));
    expect(reasons(lost.steps[0], 'missed')).toEqual([
      "undefined: there is no queue called 'there'",
    ]);
  });
});
