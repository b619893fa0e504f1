/** The tables of errors in protocols/README.md, beside the maps that each protocol answers from. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { REPLY_OF_KIND } from '../../../protocols/amqp/errors.ts';
import { STATUS_OF_KIND } from '../../../protocols/http/messaging/problem.ts';
import { REASON_OF_KIND } from '../../../protocols/mqtt/reason-codes.ts';
import { TITLE_OF_KIND } from '../../../protocols/stomp/errors.ts';
import type { ErrorKind } from '../../../src/broker/errors.ts';

const README = join(import.meta.dirname, '..', '..', '..', 'protocols', 'README.md');
const text = readFileSync(README, 'utf8');

test('every kind of the engine is there, with the code that each protocol answers', () => {
  const [, table = ''] = text.split('| kind | HTTP | AMQP 0-9-1 | MQTT 5 | STOMP |\n');
  const rows = [...table.split('\n\n')[0]!.matchAll(/^\| `(\w+)` \|(.*)\|$/gm)];
  const said = rows.map(([, kind, cells]) => [kind, cells!.split('|').map((cell) => cell.trim())]);
  const kinds = Object.keys(REPLY_OF_KIND) as ErrorKind[];
  const meant = kinds.map((kind) => {
    const reason = `0x${REASON_OF_KIND[kind].toString(16)}`;
    const codes = [STATUS_OF_KIND[kind], REPLY_OF_KIND[kind].code].map(String);
    return [kind, [...codes, reason, `\`${TITLE_OF_KIND[kind]}\``]];
  });
  expect(said).toEqual(meant);
});

test('every kind that only HTTP has is there, with its status', () => {
  const [, table = ''] = text.split('| kind | status | | kind | status |\n');
  const cells = [...table.matchAll(/`(\w+)`[^|]*\| (\d+) \|/g)];
  const said = new Map(cells.map(([, kind, status]) => [kind, Number(status)]));
  const own = Object.entries(STATUS_OF_KIND).filter(([kind]) => !(kind in REPLY_OF_KIND));
  expect(Object.fromEntries(said)).toEqual(Object.fromEntries(own));
});
