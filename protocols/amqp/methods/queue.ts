/**
 * Class queue: declare, bind, unbind, purge, delete. An empty queue name means the queue that was
 * declared last on the channel.
 */
import { decided } from '../../../src/auth/undecided.ts';
import type { QueueInfo } from '../../../src/broker/topology-access.ts';
import type { Channel } from '../channel.ts';
import { AmqpError } from '../errors.ts';
import type { Handler } from './handlers.ts';

/** @throws AmqpError NOT_FOUND if the name is empty and nothing has been declared */
export function queueName(channel: Channel, name: string): string {
  if (name !== '') return name;
  if (channel.lastQueue !== '') return channel.lastQueue;
  throw new AmqpError('NOT_FOUND', 'no previously declared queue');
}

const declare: Handler<'queue.declare'> = async (channel, args) => {
  const { topology } = channel.session;
  const { durable, exclusive, autoDelete } = args;
  let info: QueueInfo;
  if (args.passive) {
    info = await decided(() => topology.findQueue(args.queue));
  } else {
    const flags = { durable, exclusive, autoDelete };
    const declaration = { name: args.queue, ...flags, arguments: args.arguments };
    info = await topology.declareQueue(declaration);
  }
  channel.lastQueue = info.name;
  if (args.noWait) return;
  const { name: queue, messages: messageCount, consumers: consumerCount } = info;
  channel.send('queue.declare-ok', { queue, messageCount, consumerCount });
};

const bind: Handler<'queue.bind'> = async (channel, args) => {
  await channel.session.topology.bind(bindingOf(channel, args));
  if (!args.noWait) channel.send('queue.bind-ok', {});
};

const unbind: Handler<'queue.unbind'> = async (channel, args) => {
  await channel.session.topology.unbind(bindingOf(channel, args));
  channel.send('queue.unbind-ok', {});
};

const purge: Handler<'queue.purge'> = (channel, { queue, noWait }) => {
  const messageCount = channel.session.topology.purgeQueue(queueName(channel, queue));
  if (!noWait) channel.send('queue.purge-ok', { messageCount });
};

const remove: Handler<'queue.delete'> = async (channel, args) => {
  const name = queueName(channel, args.queue);
  const { ifUnused, ifEmpty } = args;
  const messageCount = await channel.session.topology.deleteQueue(name, ifUnused, ifEmpty);
  if (!args.noWait) channel.send('queue.delete-ok', { messageCount });
};

/** With neither queue nor key, both are the queue declared last [AMQP queue.bind.routing-key]. */
function bindingOf(
  channel: Channel,
  args: Parameters<Handler<'queue.unbind'>>[1],
): Parameters<Channel['session']['topology']['bind']>[0] {
  const destination = queueName(channel, args.queue);
  const routingKey = args.queue === '' && args.routingKey === '' ? destination : args.routingKey;
  const { exchange: source } = args;
  return { source, destinationKind: 'queue', destination, routingKey, arguments: args.arguments };
}

export const queueMethods = {
  'queue.declare': declare,
  'queue.bind': bind,
  'queue.unbind': unbind,
  'queue.purge': purge,
  'queue.delete': remove,
};
