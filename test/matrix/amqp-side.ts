/** AMQP 0-9-1 in the matrix: amqplib, with a durable queue bound to amq.topic. */
import amqplib from 'amqplib';
import { type Connect, Inbox, queueOf, type SubscribeOptions } from './side.ts';

export const connectAmqp: Connect = async (portOf) => {
  const connection = await amqplib.connect(`amqp://127.0.0.1:${portOf('amqp')}`);
  const channel = await connection.createConfirmChannel();
  return {
    async publish(key, { body, headers, persistent = false, expirationMs, ...properties }) {
      channel.publish('amq.topic', key, body, {
        ...{ ...properties, persistent, headers: headers ?? {} },
        ...(expirationMs !== undefined && { expiration: expirationMs }),
      });
      await channel.waitForConfirms();
    },

    async subscribe(key, { deadLetterKey, prefetch = 0 }: SubscribeOptions = {}) {
      const dead = { deadLetterExchange: 'amq.topic', deadLetterRoutingKey: deadLetterKey! };
      const name = queueOf(key);
      await channel.assertQueue(name, { durable: true, ...(deadLetterKey && dead) });
      await channel.bindQueue(name, 'amq.topic', key);
      await channel.prefetch(prefetch);
      const inbox = new Inbox();
      await channel.consume(name, (message) => {
        if (message === null) return;
        const { properties, fields, content: body } = message;
        inbox.put({
          ...{ body, contentType: properties.contentType, replyTo: properties.replyTo },
          correlationId: properties.correlationId,
          headers: properties.headers ?? {},
          persistent: properties.deliveryMode === 2,
          expirationMs: properties.expiration && Number(properties.expiration),
          redelivered: fields.redelivered,
          ack: () => channel.ack(message),
          refuse: () => channel.nack(message, false, false),
        });
      });
      return inbox;
    },

    leave: () => connection.close().catch(() => {}),
  };
};
