/** Golden frames of class exchange: arguments and the bytes that they are. See fixture.ts. */
import { type Field, NO_FIELDS } from '../../../src/broker/field.ts';
import { golden } from './fixture.ts';

export const EXCHANGE_FRAMES = [
  golden(
    'exchange.declare',
    1,
    {
      exchange: 'prices',
      type: 'topic',
      passive: false,
      durable: true,
      autoDelete: false,
      internal: true,
      noWait: false,
      arguments: new Map<string, Field>([['alternate-exchange', 'lost']]),
    },
    `
    01 0001 00000034
    0028 000a
    0000
    06 'prices'
    05 'topic'
    0a
    0000001c
      12 'alternate-exchange' 'S' 00000004 'lost'
    ce`,
  ),
  golden('exchange.declare-ok', 1, {}, `01 0001 00000004 0028 000b ce`),
  golden(
    'exchange.delete',
    1,
    { exchange: 'prices', ifUnused: true, noWait: false },
    `01 0001 0000000e 0028 0014 0000 06 'prices' 01 ce`,
  ),
  golden('exchange.delete-ok', 1, {}, `01 0001 00000004 0028 0015 ce`),
  golden(
    'exchange.bind',
    1,
    { destination: 'to', source: 'from', routingKey: 'a.#', noWait: true, arguments: NO_FIELDS },
    `
    01 0001 00000017
    0028 001e
    0000
    02 'to'
    04 'from'
    03 'a.#'
    01
    00000000
    ce`,
  ),
  golden('exchange.bind-ok', 1, {}, `01 0001 00000004 0028 001f ce`),
  golden(
    'exchange.unbind',
    1,
    {
      destination: 'to',
      source: 'from',
      routingKey: 'a.#',
      noWait: false,
      arguments: new Map<string, Field>([['n', -1]]),
    },
    `
    01 0001 0000001e
    0028 0028
    0000
    02 'to'
    04 'from'
    03 'a.#'
    00
    00000007
      01 'n' 'I' ffffffff
    ce`,
  ),
  golden('exchange.unbind-ok', 1, {}, `01 0001 00000004 0028 0033 ce`),
];
