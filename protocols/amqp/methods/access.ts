/**
 * Class access, from AMQP 0-8: clients of that age ask for a ticket to use a realm. All of them
 * are given ticket 1; rights are checked where things are used, as in RabbitMQ.
 */
import type { Handler } from './handlers.ts';

const request: Handler<'access.request'> = (channel) => {
  channel.send('access.request-ok', { ticket: 1 });
};

export const accessMethods = { 'access.request': request };
