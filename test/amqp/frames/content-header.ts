/** A golden content header with all fourteen properties, and one with none. See fixture.ts. */
import { type Field, Timestamp } from '../../../src/broker/field.ts';
import { Properties } from '../../../src/broker/properties.ts';
import { bytesOf } from './fixture.ts';

export interface GoldenHeader {
  readonly title: string;
  readonly channel: number;
  readonly bodyBytes: number;
  readonly properties: Properties;
  /** The whole frame. */
  readonly bytes: Buffer;
}

export const HEADER_FRAMES: readonly GoldenHeader[] = [
  {
    title: 'all fourteen properties',
    channel: 3,
    bodyBytes: 4_294_967_297,
    properties: new Properties({
      contentType: 'text/plain',
      contentEncoding: 'gzip',
      headers: new Map<string, Field>([
        ['trace', 'é'],
        ['tries', 3],
        ['when', new Timestamp(1_700_000_000)],
        ['none', null],
        ['list', ['a', true]],
      ]),
      deliveryMode: 2,
      priority: 9,
      correlationId: 'c-1',
      replyTo: 'answers',
      expiration: '60000',
      messageId: 'm-1',
      timestamp: 1_700_000_000,
      type: 'order',
      userId: 'guest',
      appId: 'shop',
      clusterId: 'eu',
    }),
    bytes: bytesOf(`
      02 0003 00000094
      003c 0000 0000000100000001
      fffc
      0a 'text/plain'
      04 'gzip'
      0000003e
        05 'trace' 'S' 00000002 c3a9
        05 'tries' 'I' 00000003
        04 'when' 'T' 000000006553f100
        04 'none' 'V'
        04 'list' 'A' 00000008 'S' 00000001 'a' 't' 01
      02
      09
      03 'c-1'
      07 'answers'
      05 '60000'
      03 'm-1'
      000000006553f100
      05 'order'
      05 'guest'
      04 'shop'
      02 'eu'
      ce`),
  },
  {
    title: 'no property',
    channel: 65_535,
    bodyBytes: 0,
    properties: new Properties({}),
    bytes: bytesOf('02 ffff 0000000e 003c 0000 0000000000000000 0000 ce'),
  },
  {
    title: 'an empty header table and empty strings',
    channel: 1,
    bodyBytes: 16,
    properties: new Properties({ contentType: '', headers: new Map(), clusterId: '' }),
    bytes: bytesOf('02 0001 00000014 003c 0000 0000000000000010 a004 00 00000000 00 ce'),
  },
];
