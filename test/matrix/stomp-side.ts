/** STOMP 1.2 in the matrix: stomp.js over TCP, with a durable topic subscription. */
import { Client, type IFrame, type StompConfig, type StompHeaders } from '@stomp/stompjs';
import { TCPWrapper } from '../support/tcp-wrapper.ts';
import { type Connect, Inbox, queueOf, type Side } from './side.ts';

/** Headers of a MESSAGE that are not the message's own. */
const KNOWN = new Set(
  (
    'subscription,destination,message-id,redelivered,ack,content-length,content-type,persistent,' +
    'correlation-id,reply-to,expiration'
  ).split(','),
);

export const connectStomp: Connect = (portOf) =>
  connectBy({ webSocketFactory: () => new TCPWrapper(portOf('stomp')) });

/** The same over WebSocket. */
export const connectStompByWebSocket: Connect = (portOf) =>
  connectBy({ brokerURL: `ws://127.0.0.1:${portOf('http/web-stomp')}/ws` });

async function connectBy(transport: StompConfig): Promise<Side> {
  const client = new Client({
    ...transport,
    connectHeaders: { login: 'guest', passcode: 'guest', host: '/' },
    reconnectDelay: 0,
  });
  await new Promise<IFrame>((resolve, reject) => {
    client.onConnect = resolve;
    client.onStompError = (frame) => reject(new Error(frame.body));
    client.activate();
  });
  let receipts = 0;
  const answered = (send: (receipt: string) => void) =>
    new Promise<IFrame>((resolve) => {
      const receipt = `receipt-${++receipts}`;
      client.watchForReceipt(receipt, resolve);
      send(receipt);
    });
  return {
    async publish(key, message) {
      const headers: StompHeaders = { ...message.headers };
      if (message.contentType !== undefined) headers['content-type'] = message.contentType;
      if (message.correlationId !== undefined) headers['correlation-id'] = message.correlationId;
      if (message.replyTo !== undefined) headers['reply-to'] = message.replyTo;
      if (message.persistent) headers.persistent = 'true';
      if (message.expirationMs !== undefined) headers.expiration = String(message.expirationMs);
      const what = { destination: `/topic/${key}`, binaryBody: new Uint8Array(message.body) };
      await answered((receipt) => client.publish({ ...what, headers: { ...headers, receipt } }));
    },

    async subscribe(key, { deadLetterKey, prefetch } = {}) {
      const inbox = new Inbox();
      const headers: StompHeaders = {
        ...{ id: key, ack: 'client-individual', durable: 'true', 'auto-delete': 'false' },
        'x-queue-name': queueOf(key),
      };
      if (prefetch !== undefined) headers['prefetch-count'] = String(prefetch);
      if (deadLetterKey !== undefined) {
        headers['x-dead-letter-exchange'] = 'amq.topic';
        headers['x-dead-letter-routing-key'] = deadLetterKey;
      }
      await answered((receipt) => {
        const take = { ...headers, receipt };
        client.subscribe(
          `/topic/${key}`,
          (message) => {
            const all = message.headers;
            const own = Object.entries(all).filter(([name]) => !KNOWN.has(name));
            inbox.put({
              body: Buffer.from(message.binaryBody),
              contentType: all['content-type'],
              correlationId: all['correlation-id'],
              replyTo: all['reply-to']?.replace('/reply-queue/', ''),
              headers: Object.fromEntries(own),
              persistent: all.persistent === 'true',
              expirationMs: all.expiration === undefined ? undefined : Number(all.expiration),
              redelivered: all.redelivered === 'true',
              ack: () => message.ack(),
              refuse: () => message.nack({ requeue: 'false' }),
            });
          },
          take,
        );
      });
      return inbox;
    },

    leave: () => client.deactivate({ force: true }),
  };
}
