/** HTTP in the matrix: fetch, with a durable queue bound to amq.topic and read as events. */
import { type Connect, type Got, Inbox, queueOf } from './side.ts';

/** A message as `/v1` shows it. */
interface Held {
  readonly token: string;
  readonly redelivered: boolean;
  readonly payload: string;
  readonly properties: {
    readonly content_type?: string;
    readonly correlation_id?: string;
    readonly reply_to?: string;
    readonly delivery_mode?: number;
    readonly expiration?: string;
    readonly headers?: Readonly<Record<string, unknown>>;
  };
}

export const connectHttp: Connect = async (portOf) => {
  const leaving = new AbortController();
  const root = `http://127.0.0.1:${portOf('http')}`;
  const authorization = `Basic ${btoa('guest:guest')}`;

  async function call(method: string, path: string, body: Buffer | string, headers = {}) {
    const init = { method, headers: { authorization, ...headers } };
    const response = await fetch(root + path, { ...init, body: new Uint8Array(Buffer.from(body)) });
    if (!response.ok) throw new Error(`${method} ${path}: ${await response.text()}`);
    await response.arrayBuffer();
  }

  function got(queue: string, { token, redelivered, payload, properties }: Held): Got {
    const settle = (how: string, more = {}) => {
      const order = JSON.stringify({ tokens: [token], ...more });
      const path = `/v1/vhosts/%2F/queues/${queue}/messages:${how}`;
      // A test that leaves meanwhile has what it wanted.
      call('POST', path, order).catch(() => {});
    };
    const { content_type, correlation_id, reply_to, delivery_mode, expiration } = properties;
    return {
      ...{ body: Buffer.from(payload, 'base64'), redelivered },
      ...{ contentType: content_type, correlationId: correlation_id, replyTo: reply_to },
      headers: properties.headers ?? {},
      persistent: delivery_mode === 2,
      expirationMs: expiration === undefined ? undefined : Number(expiration),
      ack: () => settle('ack'),
      refuse: () => settle('nack', { requeue: false }),
    };
  }

  async function read(queue: string, body: ReadableStream<Uint8Array>, inbox: Inbox) {
    const decoder = new TextDecoder();
    let text = '';
    for await (const chunk of body) {
      text += decoder.decode(chunk, { stream: true });
      const events = text.split('\n\n');
      text = events.pop() as string;
      for (const event of events) {
        const data = /^data: (.*)$/m.exec(event)?.[1];
        if (data !== undefined) inbox.put(got(queue, JSON.parse(data)));
      }
    }
  }

  return {
    async publish(key, { body, headers = {}, persistent = false, expirationMs, ...said }) {
      const head: Record<string, string> = { 'warren-persistent': String(persistent) };
      if (said.contentType !== undefined) head['content-type'] = said.contentType;
      if (said.correlationId !== undefined) head['warren-correlation-id'] = said.correlationId;
      if (said.replyTo !== undefined) head['warren-reply-to'] = said.replyTo;
      if (expirationMs !== undefined) head['warren-expiration'] = String(expirationMs);
      for (const [name, value] of Object.entries(headers)) {
        head[`warren-header-${name}`] = Buffer.from(value, 'utf8').toString('latin1');
      }
      const path = `/v1/vhosts/%2F/exchanges/amq.topic/messages?routing_key=${key}`;
      await call('POST', path, body, head);
    },

    async subscribe(key, { deadLetterKey, prefetch = 100 } = {}) {
      const queue = queueOf(key);
      const dead = { 'x-dead-letter-exchange': 'amq.topic' };
      const args = deadLetterKey && { ...dead, 'x-dead-letter-routing-key': deadLetterKey };
      const wanted = JSON.stringify({ durable: true, arguments: args ?? {} });
      await call('PUT', `/api/queues/%2F/${queue}`, wanted);
      const binding = JSON.stringify({ routing_key: key });
      await call('POST', `/api/bindings/%2F/e/amq.topic/q/${queue}`, binding);
      const path = `/v1/vhosts/%2F/queues/${queue}/events?encoding=base64&credit=${prefetch}`;
      const { signal } = leaving;
      const { body } = await fetch(root + path, { headers: { authorization }, signal });
      const inbox = new Inbox();
      read(queue, body as ReadableStream<Uint8Array>, inbox).catch(() => {});
      return inbox;
    },

    leave: async () => leaving.abort(),
  };
};
