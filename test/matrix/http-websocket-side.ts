/** HTTP over WebSocket in the matrix: `ws`, with a durable queue bound to amq.topic. */
import { once } from 'node:events';
import WebSocket from 'ws';
import { caller } from '../support/management.ts';
import { type Connect, type Got, Inbox, queueOf } from './side.ts';

// biome-ignore lint/suspicious/noExplicitAny: whatever the broker says
type Event = any;

export const connectHttpByWebSocket: Connect = async (portOf) => {
  const call = caller(portOf('http'));
  const url = `ws://127.0.0.1:${portOf('http')}/v1/vhosts/%2F/socket`;
  const socket = new WebSocket(url, { auth: 'guest:guest' });
  socket.on('error', () => {});
  const inboxes = new Map<string, Inbox>();
  const results = new Map<number, (result: Event) => void>();
  const answers = new Map<string, () => void>();
  let lastId = 0;
  socket.on('message', (data) => {
    const event: Event = JSON.parse(String(data));
    for (const one of event.messages ?? []) inboxes.get(one.consumer)?.put(gotOf(one));
    for (const one of event.results ?? []) results.get(one.id)?.(one);
    if (event.type === 'consuming') answers.get(event.consumer)?.();
  });
  await once(socket, 'open');
  const say = (command: object) => socket.send(JSON.stringify(command));

  function gotOf({ token, redelivered, payload, properties }: Event): Got {
    const { content_type, correlation_id, reply_to, delivery_mode, expiration } = properties;
    return {
      ...{ body: Buffer.from(payload, 'base64'), redelivered },
      ...{ contentType: content_type, correlationId: correlation_id, replyTo: reply_to },
      headers: properties.headers ?? {},
      persistent: delivery_mode === 2,
      expirationMs: expiration === undefined ? undefined : Number(expiration),
      ack: () => say({ type: 'ack', tokens: [token] }),
      refuse: () => say({ type: 'nack', tokens: [token], requeue: false }),
    };
  }

  return {
    async publish(key, { body, headers = {}, persistent = false, expirationMs, ...said }) {
      const id = ++lastId;
      const properties = {
        headers,
        delivery_mode: persistent ? 2 : 1,
        ...(said.contentType !== undefined && { content_type: said.contentType }),
        ...(said.correlationId !== undefined && { correlation_id: said.correlationId }),
        ...(said.replyTo !== undefined && { reply_to: said.replyTo }),
        ...(expirationMs !== undefined && { expiration: String(expirationMs) }),
      };
      const what = { payload: body.toString('base64'), payload_encoding: 'base64', properties };
      const result = new Promise<Event>((resolve) => results.set(id, resolve));
      say({ type: 'publish', id, exchange: 'amq.topic', routing_key: key, ...what });
      const { kind } = await result;
      if (kind !== undefined) throw new Error(kind);
    },

    async subscribe(key, { deadLetterKey, prefetch = 100 } = {}) {
      const queue = queueOf(key);
      const dead = { 'x-dead-letter-exchange': 'amq.topic' };
      const args = deadLetterKey && { ...dead, 'x-dead-letter-routing-key': deadLetterKey };
      await call('PUT', `/api/queues/%2F/${queue}`, { durable: true, arguments: args || {} });
      await call('POST', `/api/bindings/%2F/e/amq.topic/q/${queue}`, { routing_key: key });
      const inbox = new Inbox();
      inboxes.set(queue, inbox);
      const consuming = new Promise<void>((resolve) => answers.set(queue, resolve));
      const wishes = { queue, consumer: queue, credit: prefetch, encoding: 'base64' };
      say({ type: 'consume', ...wishes });
      await consuming;
      return inbox;
    },

    leave: async () => socket.terminate(),
  };
};
