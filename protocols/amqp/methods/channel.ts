/**
 * Class channel on an open channel [AMQP 1.5]: flow. Opening and closing channels is channels.ts,
 * because it decides which frames reach a channel at all.
 */
import { AmqpError } from '../errors.ts';
import type { Handler } from './handlers.ts';

/** A server need not stop a client's flow, and RabbitMQ does not. */
const flow: Handler<'channel.flow'> = (channel, { active }) => {
  if (!active) throw new AmqpError('NOT_IMPLEMENTED', 'active=false');
  channel.send('channel.flow-ok', { active });
};

/** Nobody asked for it; harmless. */
const flowOk: Handler<'channel.flow-ok'> = () => {};

export const channelMethods = { 'channel.flow': flow, 'channel.flow-ok': flowOk };
