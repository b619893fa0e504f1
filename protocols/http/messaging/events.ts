/**
 * Events: a queue read as Server-Sent Events, by a browser's own EventSource or anybody else. How
 * a message becomes an event is event-stream.ts.
 */
import { decided } from '../../../src/auth/undecided.ts';
import { HTTP_ORDER_BYTES, HTTP_STREAM_CREDIT_MAX, HTTP_STREAMS_MAX } from '../../../src/limits.ts';
import { EventStream } from './event-stream.ts';
import { ENCODING, FORMAT, HELD_MESSAGE } from './message-json.ts';
import { type Call, type Operation, operation } from './operation.ts';
import { Problem } from './problem.ts';
import type { ValueOf } from './schema.ts';

const QUERY = {
  type: 'object',
  additionalProperties: false,
  properties: {
    credit: {
      type: 'integer',
      minimum: 1,
      maximum: HTTP_STREAM_CREDIT_MAX,
      default: 100,
      description: 'Messages that may be on their way or unacknowledged at a time.',
    },
    ack: {
      type: 'string',
      enum: ['token', 'auto'],
      default: 'token',
      description:
        'token: each is acknowledged by messages:ack, and comes again if it is not when the ' +
        'stream ends. auto: it is when the socket has taken it, and then comes no more.',
    },
    encoding: ENCODING,
    format: FORMAT,
  },
} as const;

/** The headers of an answer that hooks have set, e.g. for other origins. */
const KEPT = /^(access-control-|vary$)/;

/** The stream of one queue. */
export function events(): Operation {
  return operation({
    method: 'GET',
    path: '/vhosts/{vhost}/queues/{queue}/events',
    id: 'events',
    summary:
      'Messages as Server-Sent Events, until either side ends it. A queue has no places to go ' +
      'back to: Last-Event-ID changes nothing, what was not acknowledged comes again.',
    query: QUERY,
    answers: {
      200: {
        description: 'Events whose data is a message; `event: end` says why nothing more comes.',
        content: { 'text/event-stream': HELD_MESSAGE },
      },
      429: { description: 'The user has as many streams as may be.' },
    },
    maxBodyBytes: HTTP_ORDER_BYTES,
    publishes: false,
    handle: stream,
  });
}

async function stream(call: Call<ValueOf<typeof QUERY>, Buffer>): Promise<undefined> {
  const { shared, reply, params, query } = call;
  if (shared.watchers >= HTTP_STREAMS_MAX) {
    throw new Problem('TOO_MANY_REQUESTS', 'you have as many streams as may be');
  }
  const options = {
    queue: params.queue as string,
    credit: query.credit,
    autoAck: query.ack === 'auto',
    encoding: query.encoding,
    format: query.format,
  };
  const events = await decided(() => new EventStream(shared, reply.raw, options));
  reply.hijack();
  const set = Object.entries(reply.getHeaders()).filter(([name]) => KEPT.test(name));
  events.start(Object.fromEntries(set.map(([name, value]) => [name, String(value)])));
}
