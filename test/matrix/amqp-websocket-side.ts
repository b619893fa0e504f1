/** AMQP over WebSocket in the matrix: @cloudamqp/amqp-client, which browsers use. */
import { type AMQPMessage, AMQPWebSocketClient } from '@cloudamqp/amqp-client';
import { type Connect, Inbox, queueOf } from './side.ts';

export const connectAmqpByWebSocket: Connect = async (portOf) => {
  const url = `ws://127.0.0.1:${portOf('http/web-amqp')}/ws`;
  const login = { vhost: '/', username: 'guest', password: 'guest' };
  const client = new AMQPWebSocketClient({ url, ...login, logger: null });
  await client.connect();
  const channel = await client.channel();
  await channel.confirmSelect();

  function gotOf(message: AMQPMessage) {
    const { properties, redelivered } = message;
    const { expiration, deliveryMode, replyTo, correlationId, contentType } = properties;
    return {
      ...{ body: Buffer.from(message.body ?? []), contentType, correlationId, replyTo },
      headers: { ...properties.headers } as Record<string, unknown>,
      persistent: deliveryMode === 2,
      expirationMs: expiration === undefined ? undefined : Number(expiration),
      redelivered,
      ack: () => void message.ack(),
      refuse: () => void message.reject(false),
    };
  }

  return {
    async publish(key, { body, headers, persistent = false, expirationMs, ...properties }) {
      await channel.basicPublish('amq.topic', key, body, {
        ...{ ...properties, deliveryMode: persistent ? 2 : 1, headers: { ...headers } },
        ...(expirationMs !== undefined && { expiration: String(expirationMs) }),
      });
    },

    async subscribe(key, { deadLetterKey, prefetch = 0 } = {}) {
      const name = queueOf(key);
      const dead = { 'x-dead-letter-exchange': 'amq.topic' };
      const args = deadLetterKey && { ...dead, 'x-dead-letter-routing-key': deadLetterKey };
      await channel.queueDeclare(name, { durable: true, autoDelete: false }, args || {});
      await channel.queueBind(name, 'amq.topic', key);
      await channel.basicQos(prefetch);
      const inbox = new Inbox();
      await channel.basicConsume(name, { noAck: false }, (message) => inbox.put(gotOf(message)));
      return inbox;
    },

    leave: () => client.close().catch(() => {}),
  };
};
