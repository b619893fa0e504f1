/**
 * Class access, from AMQP 0-8: clients of that age ask for a ticket and are always given one.
 */
import type { Handler } from './handlers.ts';

const request: Handler<'access.request'> = (channel) => {
  channel.send('access.request-ok', { ticket: 1 });
};

export const accessMethods = { 'access.request': request };
