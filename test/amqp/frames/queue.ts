/** Golden frames of class queue: arguments and the bytes that they are. See fixture.ts. */
import { type Field, NO_FIELDS } from '../../../src/broker/field.ts';
import { golden } from './fixture.ts';

export const QUEUE_FRAMES = [
  golden(
    'queue.declare',
    1,
    {
      queue: 'orders',
      passive: false,
      durable: true,
      exclusive: false,
      autoDelete: true,
      noWait: true,
      arguments: new Map<string, Field>([
        ['x-message-ttl', 60_000],
        ['x-max-length-bytes', 8_589_934_592],
        ['x-dead-letter-exchange', ''],
      ]),
    },
    `
    01 0001 0000005d
    0032 000a
    0000
    06 'orders'
    1a
    0000004b
      0d 'x-message-ttl' 'I' 0000ea60
      12 'x-max-length-bytes' 'l' 0000000200000000
      16 'x-dead-letter-exchange' 'S' 00000000
    ce`,
  ),
  golden(
    'queue.declare-ok',
    1,
    { queue: 'orders', messageCount: 4_294_967_295, consumerCount: 2 },
    `01 0001 00000013 0032 000b 06 'orders' ffffffff 00000002 ce`,
  ),
  golden(
    'queue.bind',
    1,
    {
      queue: 'orders',
      exchange: 'amq.headers',
      routingKey: '',
      noWait: false,
      arguments: new Map<string, Field>([['x-match', 'all']]),
    },
    `
    01 0001 0000002f
    0032 0014
    0000
    06 'orders'
    0b 'amq.headers'
    00
    00
    00000010
      07 'x-match' 'S' 00000003 'all'
    ce`,
  ),
  golden('queue.bind-ok', 1, {}, `01 0001 00000004 0032 0015 ce`),
  golden(
    'queue.purge',
    1,
    { queue: 'orders', noWait: true },
    `01 0001 0000000e 0032 001e 0000 06 'orders' 01 ce`,
  ),
  golden('queue.purge-ok', 1, { messageCount: 65_536 }, `01 0001 00000008 0032 001f 00010000 ce`),
  golden(
    'queue.delete',
    1,
    { queue: 'zażółć', ifUnused: false, ifEmpty: true, noWait: true },
    `01 0001 00000012 0032 0028 0000 0a 'zażółć' 06 ce`,
  ),
  golden('queue.delete-ok', 1, { messageCount: 0 }, `01 0001 00000008 0032 0029 00000000 ce`),
  golden(
    'queue.unbind',
    1,
    { queue: 'orders', exchange: 'amq.topic', routingKey: 'eu.*', arguments: NO_FIELDS },
    `
    01 0001 00000020
    0032 0032
    0000
    06 'orders'
    09 'amq.topic'
    04 'eu.*'
    00000000
    ce`,
  ),
  golden('queue.unbind-ok', 1, {}, `01 0001 00000004 0032 0033 ce`),
];
