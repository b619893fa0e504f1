/**
 * Class basic: qos, consume, get, ack and their kin [AMQP 1.8]. What is on the way in is
 * publishing.ts, what is on the way out delivering.ts; tags and acks are kept in unacked.ts.
 */
import { generatedName } from '../../../src/broker/queue-declaration.ts';
import { methodFrame } from '../compile.ts';
import { AmqpConsumer } from '../consumer.ts';
import { AmqpError } from '../errors.ts';
import type { Handler } from './handlers.ts';
import { queueName } from './queue.ts';

/** global=false counts for each consumer made later, global=true for the channel as a whole. */
const qos: Handler<'basic.qos'> = (channel, { prefetchSize, prefetchCount, global }) => {
  if (prefetchSize !== 0) {
    throw new AmqpError('NOT_IMPLEMENTED', `prefetch_size!=0 (${prefetchSize})`);
  }
  // What a higher limit lets through comes after the answer.
  channel.send('basic.qos-ok', {});
  if (global) channel.window.limit = prefetchCount;
  else channel.prefetch = prefetchCount;
};

const consume: Handler<'basic.consume'> = (channel, args) => {
  const tag = args.consumerTag === '' ? generatedName('amq.ctag') : args.consumerTag;
  if (channel.consumers.has(tag)) {
    throw new AmqpError('NOT_ALLOWED', `attempt to reuse consumer tag '${tag}'`);
  }
  channel.session.quota.checkConsumer(channel.consumers.size);
  const { noAck, exclusive } = args;
  const consumer = new AmqpConsumer(channel, tag, noAck);
  const { prefetch, window } = channel;
  const subscription = channel.session.subscribe(queueName(channel, args.queue), consumer, {
    tag,
    noAck,
    exclusive,
    prefetch,
    window,
    traffic: channel.traffic,
    arguments: args.arguments,
  });
  consumer.subscription = subscription;
  channel.consumers.set(tag, consumer);
  if (!args.noWait) channel.send('basic.consume-ok', { consumerTag: tag });
  subscription.resume();
};

/** Unknown tags are fine: the consumer may have been cancelled by the broker meanwhile. */
const cancel: Handler<'basic.cancel'> = (channel, { consumerTag, noWait }) => {
  const consumer = channel.consumers.get(consumerTag);
  channel.consumers.delete(consumerTag);
  consumer?.subscription?.cancel();
  if (!noWait) channel.send('basic.cancel-ok', { consumerTag });
};

const cancelOk: Handler<'basic.cancel-ok'> = () => {};

const get: Handler<'basic.get'> = async (channel, { queue, noAck }) => {
  const fetched = await channel.session.fetch(queueName(channel, queue), noAck, channel.traffic);
  if (fetched === null) {
    channel.send('basic.get-empty', {});
    return;
  }
  const { delivery, remaining: messageCount } = fetched;
  const deliveryTag = noAck ? channel.unacked.skip() : channel.unacked.add(delivery);
  const { redelivered, message } = delivery;
  const { exchange, routingKey } = message;
  const args = { deliveryTag, redelivered, exchange, routingKey, messageCount };
  channel.writer.send(methodFrame('basic.get-ok', channel.number, args), message);
};

const ack: Handler<'basic.ack'> = (channel, { deliveryTag, multiple }) => {
  channel.settle(deliveryTag, multiple, 'ack');
};

/** Unlike basic.reject it does not count as a failed delivery (RabbitMQ 4.3). */
const nack: Handler<'basic.nack'> = (channel, { deliveryTag, multiple, requeue }) => {
  channel.settle(deliveryTag, multiple, requeue ? 'release' : 'reject');
};

const reject: Handler<'basic.reject'> = (channel, { deliveryTag, requeue }) => {
  channel.settle(deliveryTag, false, requeue ? 'requeue' : 'reject');
};

/** What is delivered again comes after the answer. */
const recover: Handler<'basic.recover'> = (channel, { requeue }) => {
  checkRequeue(requeue);
  channel.send('basic.recover-ok', {});
  channel.giveBack('release');
};

const recoverAsync: Handler<'basic.recover-async'> = (channel, { requeue }) => {
  checkRequeue(requeue);
  channel.giveBack('release');
};

function checkRequeue(requeue: boolean): void {
  if (!requeue) throw new AmqpError('NOT_IMPLEMENTED', 'requeue=false');
}

export const basicMethods = {
  'basic.qos': qos,
  'basic.consume': consume,
  'basic.cancel': cancel,
  'basic.cancel-ok': cancelOk,
  'basic.get': get,
  'basic.ack': ack,
  'basic.nack': nack,
  'basic.reject': reject,
  'basic.recover': recover,
  'basic.recover-async': recoverAsync,
};
