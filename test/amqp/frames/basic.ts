/** Golden frames of class basic: arguments and the bytes that they are. See fixture.ts. */
import type { Field } from '../../../src/broker/field.ts';
import { golden } from './fixture.ts';

export const BASIC_FRAMES = [
  golden(
    'basic.qos',
    1,
    { prefetchSize: 0, prefetchCount: 250, global: true },
    `01 0001 0000000b 003c 000a 00000000 00fa 01 ce`,
  ),
  golden('basic.qos-ok', 1, {}, `01 0001 00000004 003c 000b ce`),
  golden(
    'basic.consume',
    1,
    {
      queue: 'orders',
      consumerTag: 'me',
      noLocal: false,
      noAck: true,
      exclusive: true,
      noWait: false,
      arguments: new Map<string, Field>([['x-priority', 10]]),
    },
    `
    01 0001 00000025
    003c 0014
    0000
    06 'orders'
    02 'me'
    06
    00000010
      0a 'x-priority' 'I' 0000000a
    ce`,
  ),
  golden('basic.consume-ok', 1, { consumerTag: 'me' }, `01 0001 00000007 003c 0015 02 'me' ce`),
  golden(
    'basic.cancel',
    1,
    { consumerTag: 'me', noWait: true },
    `01 0001 00000008 003c 001e 02 'me' 01 ce`,
  ),
  golden('basic.cancel-ok', 1, { consumerTag: 'me' }, `01 0001 00000007 003c 001f 02 'me' ce`),
  golden(
    'basic.publish',
    1,
    { exchange: 'amq.topic', routingKey: 'eu.de', mandatory: true, immediate: false },
    `01 0001 00000017 003c 0028 0000 09 'amq.topic' 05 'eu.de' 01 ce`,
  ),
  golden(
    'basic.return',
    1,
    { replyCode: 312, replyText: 'NO_ROUTE', exchange: '', routingKey: 'nowhere' },
    `01 0001 00000018 003c 0032 0138 08 'NO_ROUTE' 00 07 'nowhere' ce`,
  ),
  golden(
    'basic.deliver',
    1,
    {
      consumerTag: 'me',
      deliveryTag: 9_007_199_254_740_991,
      redelivered: true,
      exchange: 'amq.topic',
      routingKey: 'eu.de',
    },
    `
    01 0001 00000020
    003c 003c
    02 'me'
    001fffffffffffff
    01
    09 'amq.topic'
    05 'eu.de'
    ce`,
  ),
  golden(
    'basic.get',
    1,
    { queue: 'orders', noAck: true },
    `01 0001 0000000e 003c 0046 0000 06 'orders' 01 ce`,
  ),
  golden(
    'basic.get-ok',
    1,
    { deliveryTag: 1, redelivered: false, exchange: '', routingKey: 'orders', messageCount: 7 },
    `
    01 0001 00000019
    003c 0047
    0000000000000001
    00
    00
    06 'orders'
    00000007
    ce`,
  ),
  golden('basic.get-empty', 1, {}, `01 0001 00000005 003c 0048 00 ce`),
  golden(
    'basic.ack',
    1,
    { deliveryTag: 4_294_967_296, multiple: true },
    `01 0001 0000000d 003c 0050 0000000100000000 01 ce`,
  ),
  golden(
    'basic.reject',
    1,
    { deliveryTag: 3, requeue: true },
    `01 0001 0000000d 003c 005a 0000000000000003 01 ce`,
  ),
  golden('basic.recover-async', 1, { requeue: true }, `01 0001 00000005 003c 0064 01 ce`),
  golden('basic.recover', 1, { requeue: true }, `01 0001 00000005 003c 006e 01 ce`),
  golden('basic.recover-ok', 1, {}, `01 0001 00000004 003c 006f ce`),
  golden(
    'basic.nack',
    1,
    { deliveryTag: 0, multiple: true, requeue: true },
    `01 0001 0000000d 003c 0078 0000000000000000 03 ce`,
  ),
];
