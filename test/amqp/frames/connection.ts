/** Golden frames of class connection: arguments and the bytes that they are. See fixture.ts. */
import { Buffer } from 'node:buffer';
import type { Field } from '../../../src/broker/field.ts';
import { golden } from './fixture.ts';

export const CONNECTION_FRAMES = [
  golden(
    'connection.start',
    0,
    {
      versionMajor: 0,
      versionMinor: 9,
      serverProperties: new Map<string, Field>([
        ['product', 'Warren'],
        [
          'capabilities',
          new Map<string, Field>([
            ['basic.nack', true],
            ['consumer_priorities', true],
          ]),
        ],
      ]),
      mechanisms: Buffer.from('PLAIN AMQPLAIN'),
      locales: Buffer.from('en_US'),
    },
    `
    01 0000 0000006d
    000a 000a
    00
    09
    00000048
      07 'product' 'S' 00000006 'Warren'
      0c 'capabilities' 'F' 00000023 0a 'basic.nack' 't' 01 13 'consumer_priorities' 't' 01
    0000000e 'PLAIN AMQPLAIN'
    00000005 'en_US'
    ce`,
  ),
  golden(
    'connection.start-ok',
    0,
    {
      clientProperties: new Map<string, Field>([
        ['product', 'golden'],
        ['connection_name', ''],
      ]),
      mechanism: 'PLAIN',
      response: Buffer.from('\0guest\0guest'),
      locale: 'en_US',
    },
    `
    01 0000 0000004c
    000a 000b
    00000028
      07 'product' 'S' 00000006 'golden'
      0f 'connection_name' 'S' 00000000
    05 'PLAIN'
    0000000c 00 'guest' 00 'guest'
    05 'en_US'
    ce`,
  ),
  golden(
    'connection.secure',
    0,
    { challenge: Buffer.from('who?') },
    `01 0000 0000000c 000a 0014 00000004 'who?' ce`,
  ),
  golden(
    'connection.secure-ok',
    0,
    { response: Buffer.from('me') },
    `01 0000 0000000a 000a 0015 00000002 'me' ce`,
  ),
  golden(
    'connection.tune',
    0,
    { channelMax: 2047, frameMax: 131_072, heartbeat: 60 },
    `01 0000 0000000c 000a 001e 07ff 00020000 003c ce`,
  ),
  golden(
    'connection.tune-ok',
    0,
    { channelMax: 65_535, frameMax: 4_294_967_295, heartbeat: 0 },
    `01 0000 0000000c 000a 001f ffff ffffffff 0000 ce`,
  ),
  golden('connection.open', 0, { virtualHost: '/' }, `01 0000 00000008 000a 0028 01 '/' 00 00 ce`),
  golden('connection.open-ok', 0, {}, `01 0000 00000005 000a 0029 00 ce`),
  golden(
    'connection.close',
    0,
    { replyCode: 320, replyText: 'CONNECTION_FORCED - bye', classId: 0, methodId: 0 },
    `
    01 0000 00000022
    000a 0032
    0140
    17 'CONNECTION_FORCED - bye'
    0000
    0000
    ce`,
  ),
  golden('connection.close-ok', 0, {}, `01 0000 00000004 000a 0033 ce`),
  golden(
    'connection.blocked',
    0,
    { reason: 'low on memory' },
    `01 0000 00000012 000a 003c 0d 'low on memory' ce`,
  ),
  golden('connection.unblocked', 0, {}, `01 0000 00000004 000a 003d ce`),
  golden(
    'connection.update-secret',
    0,
    { newSecret: Buffer.from('token'), reason: 'refresh' },
    `01 0000 00000015 000a 0046 00000005 'token' 07 'refresh' ce`,
  ),
  golden('connection.update-secret-ok', 0, {}, `01 0000 00000004 000a 0047 ce`),
];
