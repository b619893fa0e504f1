/**
 * Class confirm: publisher confirms, RabbitMQ's extension. Turns them on; numbering and answering
 * is confirms.ts. A channel confirms or is transactional, never both.
 */
import { Confirms } from '../confirms.ts';
import { AmqpError } from '../errors.ts';
import type { Handler } from './handlers.ts';

const select: Handler<'confirm.select'> = (channel, { noWait }) => {
  if (channel.transaction !== null) {
    throw new AmqpError('PRECONDITION_FAILED', 'cannot switch from tx to confirm mode');
  }
  channel.confirms ??= new Confirms(channel, channel.traffic);
  if (!noWait) channel.send('confirm.select-ok', {});
};

export const confirmMethods = { 'confirm.select': select };
