/** The dependency rule, proven able to fail: one small repository in memory per forbidden thing. */
import { describe, expect, test } from 'vitest';
import { forbiddenArrows, importCycles, importsOf } from './imports.ts';
import { source } from './repository.ts';

/** What the rule says to a file with one import. */
function verdict(path: string, statement: string): string[] {
  return forbiddenArrows([source(path, `/** … */\n${statement}\n`)]).map(({ text }) => text);
}

describe('imports are found', () => {
  test('in every shape that biome leaves them in', () => {
    const text = [
      "import assert from 'node:assert';",
      "import { a } from './a.ts';",
      "import type { B } from '../b.ts';",
      "import { type C, type D } from './c.ts';",
      'import {',
      '  type E,',
      '  f,',
      "} from './e.ts';",
      "export { g } from './g.ts';",
      "import './h.ts';",
      "const i = await import('./i.ts');",
    ].join('\n');
    const found = importsOf(source('src/broker/x.ts', text));
    expect(
      found.map(({ line, to, typeOnly }) => `${line} ${to}${typeOnly ? ' type' : ''}`),
    ).toEqual([
      '1 node:assert',
      '2 src/broker/a.ts',
      '3 src/b.ts type',
      '4 src/broker/c.ts type',
      '5 src/broker/e.ts',
      '9 src/broker/g.ts',
      '10 src/broker/h.ts',
      '11 src/broker/i.ts',
    ]);
  });
});

describe('forbidden:', () => {
  test.each([
    [
      'the engine → a protocol',
      'src/broker/queue/q.ts',
      "import { x } from '../../../protocols/amqp/x.ts';",
    ],
    ['the engine → the server', 'src/broker/q.ts', "import type { x } from '../server/outbox.ts';"],
    [
      'the engine → a store',
      'src/broker/q.ts',
      "import type { x } from '../storage/memory-store.ts';",
    ],
    ['users → a cluster', 'src/auth/users.ts', "import { x } from '../cluster/single-node.ts';"],
    ['the engine → a socket', 'src/broker/q.ts', "import { connect } from 'node:net';"],
    ['the engine → the disk', 'src/broker/q.ts', "import { readFile } from 'node:fs/promises';"],
    ['the engine → the composition root', 'src/broker/q.ts', "import { x } from '../embed.ts';"],
    ['values of the engine → a store', 'src/storage/m.ts', "import { x } from '../broker/q.ts';"],
    ['one implementation → the other', 'src/storage/m.ts', "import { x } from '../cluster/s.ts';"],
    ['values of the engine → the server', 'src/server/l.ts', "import { x } from '../broker/q.ts';"],
    [
      'the server → a protocol',
      'src/server/l.ts',
      "import type { x } from '../../protocols/amqp/x.ts';",
    ],
    ['a protocol → another', 'protocols/mqtt/m.ts', "import type { x } from '../amqp/table.ts';"],
    [
      'a protocol → a store',
      'protocols/amqp/m.ts',
      "import type { x } from '../../src/storage/m.ts';",
    ],
    ['a protocol → the list of them', 'protocols/amqp/m.ts', "import { x } from '../index.ts';"],
    ['main → one protocol', 'src/main.ts', "import { x } from '../protocols/amqp/connection.ts';"],
    ['what everybody shares → the engine', 'src/metrics.ts', "import { x } from './broker/q.ts';"],
    ['the console → the sources', 'ui/app.tsx', "import type { x } from '../src/config.ts';"],
    ['values of the configuration', 'src/server/l.ts', "import { config } from '../config.ts';"],
    ['the product → a test', 'src/server/l.ts', "import { x } from '../../test/support/child.ts';"],
  ])('%s', (_title, path, statement) => {
    expect(verdict(path, statement)).toHaveLength(1);
  });
});

describe('allowed:', () => {
  test.each([
    [
      'the engine → the interface of a store',
      'src/broker/q.ts',
      "import { x } from '../storage/message-store.ts';",
    ],
    [
      'types of the engine → a store',
      'src/storage/m.ts',
      "import type { x } from '../broker/q.ts';",
    ],
    ['a store → its own folder', 'src/storage/log/a.ts', "import { x } from './b.ts';"],
    [
      'types of the engine → the server',
      'src/server/l.ts',
      "import { type x } from '../broker/q.ts';",
    ],
    [
      'a protocol → the engine',
      'protocols/amqp/m.ts',
      "import { x } from '../../src/broker/q.ts';",
    ],
    [
      'a protocol → the server',
      'protocols/amqp/m.ts',
      "import { x } from '../../src/server/outbox.ts';",
    ],
    ['a protocol → itself', 'protocols/amqp/methods/basic.ts', "import { x } from '../wire.ts';"],
    ['the list → each protocol', 'protocols/index.ts', "import { x } from './amqp/connection.ts';"],
    ['main → the list', 'src/main.ts', "import { x } from '../protocols/index.ts';"],
    ['main → a store', 'src/main.ts', "import { x } from './storage/memory-store.ts';"],
    ['limits for everybody', 'src/broker/q.ts', "import { x } from '../limits.ts';"],
    [
      'types of the configuration',
      'src/server/l.ts',
      "import type { Config } from '../config.ts';",
    ],
    ['packages', 'src/log.ts', "import pino from 'pino';"],
    [
      'anything, for a test',
      'test/amqp/x.test.ts',
      "import { x } from '../../protocols/amqp/x.ts';",
    ],
  ])('%s', (_title, path, statement) => {
    expect(verdict(path, statement)).toEqual([]);
  });
});

describe('circles', () => {
  const a = source('src/broker/a.ts', "import { b } from './b.ts';");
  const b = source('src/broker/b.ts', "import { c } from './c.ts';");

  test('are found over any number of files, and shown as a path', () => {
    const c = source('src/broker/c.ts', "\nimport { a } from './a.ts';");
    const [circle, ...others] = importCycles([a, b, c]);
    expect(others).toEqual([]);
    expect(circle).toMatchObject({
      path: 'src/broker/c.ts',
      line: 2,
      text: 'src/broker/a.ts → src/broker/b.ts → src/broker/c.ts → src/broker/a.ts',
    });
  });

  test('of one file are found', () => {
    expect(importCycles([source('src/a.ts', "import { a } from './a.ts';")])).toHaveLength(1);
  });

  test('of types are none, and two ways to one file are none', () => {
    const c = source('src/broker/c.ts', "import type { a } from './a.ts';");
    const d = source('src/broker/d.ts', "import { a } from './a.ts';\nimport { b } from './b.ts';");
    expect(importCycles([a, b, c, d])).toEqual([]);
  });
});
