/**
 * The exchange types that send each message to one of several: x-consistent-hash, x-modulus-hash,
 * x-random and x-local-random.
 */
import { describe, expect, test } from 'vitest';
import type { Field } from '../../../src/broker/field.ts';
import type { PropertyValues } from '../../../src/broker/properties.ts';
import { Engine, headers, message, refusal } from '../../support/engine.ts';

/** An engine with an exchange `x` and queues of these names bound to it, and where messages go. */
async function start(type: string, keys: Record<string, string>, args: Record<string, Field> = {}) {
  const engine = await Engine.open('memory');
  const session = engine.session();
  await engine.declareExchange(session, 'x', type, args);
  for (const [name, key] of Object.entries(keys)) {
    await engine.declare(session, name);
    await engine.bind(session, 'x', name, key);
  }
  const names = Object.keys(keys);
  const sizes = () => names.map((name) => engine.vhost.topology.queues.get(name)?.size ?? 0);
  const goesTo = (key: string, values: PropertyValues = {}) => {
    const before = sizes();
    expect(session.publish(message('x', key, '', values), null)).toBe(1);
    const after = sizes();
    return names[after.findIndex((size, i) => size > (before[i] as number))];
  };
  return { engine, session, goesTo, sizes };
}

const bindRefusal = async (type: string, key: string) => {
  const { engine, session } = await start(type, {});
  await engine.declare(session, 'q');
  return refusal(() => engine.bind(session, 'x', 'q', key));
};

describe('a consistent hash exchange', () => {
  const three = { a: '1', b: '1', c: '1' };

  test('sends each message to one queue, always the same for a routing key', async () => {
    const { goesTo, sizes } = await start('x-consistent-hash', three);
    for (let i = 0; i < 60; i++) expect(goesTo(`key.${i}`)).toBe(goesTo(`key.${i}`));
    for (const size of sizes()) expect(size).toBeGreaterThan(10);
  });

  test('chooses once, whatever CC says', async () => {
    const { goesTo } = await start('x-consistent-hash', three);
    goesTo('k', { headers: headers({ CC: ['k1', 'k2', 'k3', 'k4', 'k5'] }) });
  });

  test('hashes a header or a property if told so, integers of any width alike', async () => {
    const byHeader = await start('x-consistent-hash', three, { 'hash-header': 'h' });
    const to = (h: Field, key = 'k') => byHeader.goesTo(key, { headers: headers({ h }) });
    const values: Field[] = ['one', 2, true, null, [1, 'x'], new Map([['a', 1]]), 1.5];
    for (const value of values) expect(to(value, 'k1')).toBe(to(value, 'k2'));
    expect(new Set([...'abcdefghijklmnop'].map((h) => to(h))).size).toBe(3);
    expect(byHeader.goesTo('k1')).toBe(byHeader.goesTo('k2'));

    for (const [property, name] of [
      ['message_id', 'messageId'],
      ['correlation_id', 'correlationId'],
      ['timestamp', 'timestamp'],
    ] as const) {
      const { goesTo } = await start('x-consistent-hash', three, { 'hash-property': property });
      const values = Array.from({ length: 16 }, (_, i) => (name === 'timestamp' ? i : `v${i}`));
      const found = values.map((value) => goesTo(`k${value}`, { [name]: value }));
      expect(values.map((value) => goesTo('other', { [name]: value }))).toEqual(found);
      expect(new Set(found).size).toBe(3);
      expect(goesTo('k1')).toBe(goesTo('k2'));
    }
  });

  test('counts a queue once, by its first binding', async () => {
    const { engine, session, goesTo, sizes } = await start('x-consistent-hash', { a: '1', b: '1' });
    await engine.bind(session, 'x', 'a', '1000');
    for (let i = 0; i < 200; i++) goesTo(`key.${i}`);
    const [, ofB] = sizes() as [number, number];
    expect(ofB).toBeGreaterThan(50);
    const first = { source: 'x', destination: 'a', destinationKind: 'queue' as const };
    await session.topology.unbind({ ...first, routingKey: '1', arguments: new Map() });
    for (let i = 0; i < 200; i++) goesTo(`key.${i}`);
    expect(sizes()[1]).toBeLessThan(ofB + 20);
    await session.topology.unbind({ ...first, routingKey: '1000', arguments: new Map() });
    expect(goesTo('k')).toBe('b');
  });

  test('reaches nobody when nobody is bound', async () => {
    const { session } = await start('x-consistent-hash', {});
    expect(session.publish(message('x', 'k'), null)).toBe(0);
  });

  test('refuses weights that are none, and arguments that make no sense', async () => {
    const prefix = 'PRECONDITION_FAILED - ';
    const least = `${prefix}The binding key must be greater than 0`;
    expect(await bindRefusal('x-consistent-hash', '0')).toBe(least);
    expect(await bindRefusal('x-consistent-hash', '-1')).toBe(least);
    const integer = `${prefix}The binding key must be an integer: `;
    expect(await bindRefusal('x-consistent-hash', 'abc')).toBe(`${integer}<<"abc">>`);
    expect(await bindRefusal('x-consistent-hash', '')).toBe(`${integer}<<>>`);
    const declaring = async (args: Record<string, Field>) =>
      refusal(() => start('x-consistent-hash', {}, args));
    expect(await declaring({ 'hash-header': 'a', 'hash-property': 'message_id' })).toBe(
      `${prefix}hash-header and hash-property are mutually exclusive`,
    );
    expect(await declaring({ 'hash-property': 'nope' })).toBe(
      `${prefix}Unsupported property: nope`,
    );
    expect(await declaring({ 'hash-header': 5 })).toBe(
      `${prefix}invalid type 'signedint' for arg 'hash-header' in exchange 'x' in vhost '/'`,
    );
  });
});

describe('a modulus hash exchange', () => {
  test('sends each message to one queue by its key, whatever the bindings say', async () => {
    const { goesTo, sizes } = await start('x-modulus-hash', { a: 'x', b: '', c: 'y' });
    for (let i = 0; i < 60; i++) expect(goesTo(`key.${i}`)).toBe(goesTo(`key.${i}`));
    for (const size of sizes()) expect(size).toBeGreaterThan(10);
  });

  test('does not depend on the order of the bindings, and takes a queue once', async () => {
    const one = await start('x-modulus-hash', { a: '', b: '', c: '' });
    const other = await start('x-modulus-hash', { c: '', a: '', b: '' });
    await other.engine.bind(other.session, 'x', 'a', 'again');
    for (let i = 0; i < 50; i++) expect(one.goesTo(`k${i}`)).toBe(other.goesTo(`k${i}`));
    await other.engine.run(other.session.topology.deleteQueue('b', false, false));
    await other.engine.run(other.session.topology.deleteQueue('a', false, false));
    expect(other.goesTo('k1')).toBe('c');
  });
});

describe.each(['x-random', 'x-local-random'])('an exchange of type %s', (type) => {
  test('sends each message to one queue, and in time to each', async () => {
    const { engine, session, goesTo, sizes } = await start(type, { a: '', b: '', c: '' });
    for (let i = 0; i < 300; i++) goesTo('k', { headers: headers({ CC: ['x'] }) });
    for (const size of sizes()) expect(size).toBeGreaterThan(40);
    await engine.run(session.topology.deleteQueue('a', false, false));
    await engine.run(session.topology.deleteQueue('b', false, false));
    expect(goesTo('k')).toBe('c');
    await engine.run(session.topology.deleteQueue('c', false, false));
    expect(session.publish(message('x', 'k'), null)).toBe(0);
  });
});

describe('a local random exchange', () => {
  test('takes bindings to queues only, with empty keys', async () => {
    const { engine, session } = await start('x-local-random', {});
    expect(await bindRefusal('x-local-random', 'x')).toBe(
      "PRECONDITION_FAILED - Non empty binding 'x' key not permitted",
    );
    const toExchange = () => engine.bind(session, 'x', 'amq.fanout', '', {}, 'exchange');
    expect(await refusal(toExchange)).toBe('PRECONDITION_FAILED - Destination not found');
  });
});
