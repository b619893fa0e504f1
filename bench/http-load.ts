/**
 * HttpLoad: what bench/http.ts has brokers do: each load is one way of sending or getting so many
 * messages of 1 KiB over HTTP. RabbitMQ's own API is one of them; the others only Warren has.
 */
import { once } from 'node:events';
import WebSocket from 'ws';
import { HttpConnection, requestBytes } from './http-connection.ts';

export interface HttpLoad {
  readonly name: string;
  /** Does it put messages into the queue, or take them out? */
  readonly kind: 'publish' | 'consume';
  /** Only Warren can do it. */
  readonly own: boolean;
  /** Messages that it moves, at most. */
  readonly messages: number;
  /** Moves them. */
  run(port: number, messages: number): Promise<void>;
}

export const QUEUE = 'bench.http';
const CONNECTIONS = 8;
const BATCH = 100;
const PAYLOAD = 'x'.repeat(1024);
const V1 = '/v1/vhosts/%2F';
const PUBLISH = `${V1}/exchanges/amq.default/messages`;
const MESSAGE = { payload: PAYLOAD, payload_encoding: 'string' };

/** Has some connections send the same request, one after the other, so many times in all. */
async function closedLoop(port: number, requests: number, request: Buffer): Promise<void> {
  let left = requests;
  const worker = async (): Promise<void> => {
    const connection = await HttpConnection.open(port);
    while (left-- > 0) await connection.send(request);
    connection.close();
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, worker));
}

/** Polls and acknowledges, until so many have come. */
async function poll(port: number, messages: number, each: number): Promise<void> {
  const order = JSON.stringify({ max_messages: each, wait_ms: 1000 });
  const receive = requestBytes('POST', `${V1}/queues/${QUEUE}/messages:receive`, order);
  let left = messages;
  const worker = async (): Promise<void> => {
    const connection = await HttpConnection.open(port);
    while (left > 0) {
      const answer = JSON.parse((await connection.send(receive)).toString());
      const tokens = answer.messages.map(({ token }: { token: string }) => token);
      if (tokens.length === 0) continue;
      left -= tokens.length;
      const ack = JSON.stringify({ tokens });
      await connection.send(requestBytes('POST', `${V1}/queues/${QUEUE}/messages:ack`, ack));
    }
    connection.close();
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, worker));
}

async function readEvents(port: number, messages: number): Promise<void> {
  const connection = await HttpConnection.open(port);
  const path = `${V1}/queues/${QUEUE}/events?ack=auto&credit=1000`;
  const mark = '\nid: ';
  let count = 0;
  let rest = '';
  await new Promise<void>((resolve) => {
    connection.stream(requestBytes('GET', path), (chunk) => {
      // Every event has one line with its id, and no payload has such a line.
      const text = rest + chunk.toString('latin1');
      for (let at = text.indexOf(mark); at >= 0; at = text.indexOf(mark, at + 1)) count++;
      rest = text.slice(1 - mark.length);
      if (count >= messages) resolve();
    });
  });
  connection.close();
}

async function socketOf(port: number): Promise<WebSocket> {
  const url = `ws://127.0.0.1:${port}${V1}/socket`;
  const socket = new WebSocket(url, { auth: 'guest:guest', perMessageDeflate: false });
  await once(socket, 'open');
  return socket;
}

/** As many as a thousand unconfirmed. */
async function publishBySocket(port: number, messages: number): Promise<void> {
  const socket = await socketOf(port);
  let sent = 0;
  let confirmed = 0;
  await new Promise<void>((resolve) => {
    const more = (): void => {
      while (sent < messages && sent - confirmed < 1000) {
        const id = ++sent;
        socket.send(JSON.stringify({ type: 'publish', id, routing_key: QUEUE, ...MESSAGE }));
      }
    };
    socket.on('message', (data) => {
      const { results } = JSON.parse(String(data));
      if (results === undefined) return;
      confirmed += results.length;
      if (confirmed === messages) resolve();
      else more();
    });
    more();
  });
  socket.terminate();
}

async function consumeBySocket(port: number, messages: number): Promise<void> {
  const socket = await socketOf(port);
  let count = 0;
  const done = new Promise<void>((resolve) => {
    socket.on('message', (data) => {
      const event = JSON.parse(String(data));
      if (event.messages !== undefined) {
        const tokens = event.messages.map(({ token }: { token: string }) => token);
        count += tokens.length;
        socket.send(JSON.stringify({ type: 'ack', tokens }));
        if (count === messages) socket.send(JSON.stringify({ type: 'ping' }));
      } else if (event.type === 'pong') resolve();
    });
  });
  socket.send(JSON.stringify({ type: 'consume', queue: QUEUE, credit: 1000 }));
  await done;
  socket.terminate();
}

const RABBIT_PUBLISH = JSON.stringify({
  ...MESSAGE,
  properties: { delivery_mode: 2 },
  routing_key: QUEUE,
});
const RABBIT_GET = JSON.stringify({ count: 1, ackmode: 'ack_requeue_false', encoding: 'auto' });

export const LOADS: readonly HttpLoad[] = [
  {
    name: 'publish one, RabbitMQ’s API',
    ...{ kind: 'publish', own: false, messages: 4000 },
    run: (port, messages) => {
      const path = '/api/exchanges/%2F/amq.default/publish';
      return closedLoop(port, messages, requestBytes('POST', path, RABBIT_PUBLISH));
    },
  },
  {
    name: 'get one, RabbitMQ’s API',
    ...{ kind: 'consume', own: false, messages: 4000 },
    run: (port, messages) => {
      const path = `/api/queues/%2F/${QUEUE}/get`;
      return closedLoop(port, messages, requestBytes('POST', path, RABBIT_GET));
    },
  },
  {
    name: 'publish one, /v1',
    ...{ kind: 'publish', own: true, messages: 10_000 },
    run: (port, messages) => {
      const path = `${PUBLISH}?routing_key=${QUEUE}`;
      return closedLoop(port, messages, requestBytes('POST', path, PAYLOAD));
    },
  },
  {
    name: 'long poll of one, and ack',
    ...{ kind: 'consume', own: true, messages: 10_000 },
    run: (port, messages) => poll(port, messages, 1),
  },
  {
    name: 'publish 100 in a batch',
    ...{ kind: 'publish', own: true, messages: 100_000 },
    run: (port, messages) => {
      const batch = JSON.stringify(Array.from({ length: BATCH }, () => MESSAGE));
      const path = `${PUBLISH}:batch?routing_key=${QUEUE}`;
      return closedLoop(port, messages / BATCH, requestBytes('POST', path, batch));
    },
  },
  {
    name: 'long poll of 100, and ack',
    ...{ kind: 'consume', own: true, messages: 100_000 },
    run: (port, messages) => poll(port, messages, BATCH),
  },
  {
    name: 'publish over WebSocket',
    ...{ kind: 'publish', own: true, messages: 100_000 },
    run: publishBySocket,
  },
  {
    name: 'Server-Sent Events',
    ...{ kind: 'consume', own: true, messages: 100_000 },
    run: readEvents,
  },
  {
    name: 'publish over WebSocket, again',
    ...{ kind: 'publish', own: true, messages: 100_000 },
    run: publishBySocket,
  },
  {
    name: 'consume over WebSocket, and ack',
    ...{ kind: 'consume', own: true, messages: 100_000 },
    run: consumeBySocket,
  },
];
