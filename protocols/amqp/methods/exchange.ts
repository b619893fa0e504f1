/**
 * Class exchange [AMQP 1.6]: declare, delete, and RabbitMQ's bindings between exchanges. Only
 * translates: what is allowed and equivalent is the engine's topology-access.ts.
 */
import { decided } from '../../../src/auth/undecided.ts';
import type { Handler } from './handlers.ts';

const declare: Handler<'exchange.declare'> = async (channel, args) => {
  const { topology } = channel.session;
  const { exchange: name, type, durable, autoDelete, internal } = args;
  if (args.passive) await decided(() => topology.findExchange(name));
  else {
    const flags = { durable, autoDelete, internal };
    await topology.declareExchange({ name, type, ...flags, arguments: args.arguments });
  }
  if (!args.noWait) channel.send('exchange.declare-ok', {});
};

const remove: Handler<'exchange.delete'> = async (channel, { exchange, ifUnused, noWait }) => {
  await channel.session.topology.deleteExchange(exchange, ifUnused);
  if (!noWait) channel.send('exchange.delete-ok', {});
};

const bind: Handler<'exchange.bind'> = async (channel, args) => {
  await channel.session.topology.bind({ ...args, destinationKind: 'exchange' });
  if (!args.noWait) channel.send('exchange.bind-ok', {});
};

const unbind: Handler<'exchange.unbind'> = async (channel, args) => {
  await channel.session.topology.unbind({ ...args, destinationKind: 'exchange' });
  if (!args.noWait) channel.send('exchange.unbind-ok', {});
};

export const exchangeMethods = {
  'exchange.declare': declare,
  'exchange.delete': remove,
  'exchange.bind': bind,
  'exchange.unbind': unbind,
};
