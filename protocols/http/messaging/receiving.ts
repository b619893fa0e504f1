/**
 * Receiving over HTTP: a long poll takes messages on a lease, each with a token that acknowledges
 * it, gives it back or prolongs its lease. A message is lost for nobody: who does not say what
 * became of it in time, or vanishes before the answer is there, gives it back.
 */
import { decided } from '../../../src/auth/undecided.ts';
import {
  HTTP_LEASE_LEAST_MS,
  HTTP_LEASE_MOST_MS,
  HTTP_ORDER_BYTES,
  HTTP_RECEIVE_MAX,
  HTTP_RECEIVE_WAIT_MS,
} from '../../../src/limits.ts';
import { Answer } from '../answer.ts';
import { EVENTS } from './cloud-event.ts';
import { heldEvent } from './event-form.ts';
import { ENCODING, FORMAT, HELD_MESSAGE, heldMessage } from './message-json.ts';
import { type Call, type Operation, operation } from './operation.ts';
import { PolledQueue, type Taken } from './polled-queue.ts';
import { Problem } from './problem.ts';
import type { ValueOf } from './schema.ts';
import type { SharedSession } from './session-pool.ts';

const LEASE = {
  type: 'integer',
  minimum: HTTP_LEASE_LEAST_MS,
  maximum: HTTP_LEASE_MOST_MS,
  default: 30_000,
  description: 'ms until a message that nobody has said anything about goes back to its queue.',
} as const;

const RECEIVE = {
  type: 'object',
  additionalProperties: false,
  properties: {
    max_messages: { type: 'integer', minimum: 1, maximum: HTTP_RECEIVE_MAX, default: 1 },
    wait_ms: {
      type: 'integer',
      minimum: 0,
      maximum: HTTP_RECEIVE_WAIT_MS,
      default: 0,
      description: 'How long to wait for the first message.',
    },
    lease_ms: LEASE,
    auto_ack: {
      type: 'boolean',
      default: false,
      description: 'They count as acknowledged with the answer: lost if it does not arrive.',
    },
    encoding: ENCODING,
    format: FORMAT,
  },
} as const;

const TOKENS = {
  type: 'array',
  minItems: 1,
  maxItems: HTTP_RECEIVE_MAX,
  items: { type: 'string', maxLength: 64 },
} as const;

const ACK = {
  type: 'object',
  additionalProperties: false,
  required: ['tokens'],
  properties: { tokens: TOKENS },
} as const;

const NACK = {
  type: 'object',
  additionalProperties: false,
  required: ['tokens'],
  properties: {
    tokens: TOKENS,
    requeue: {
      type: 'boolean',
      default: true,
      description: 'Back to the queue; else it is dead-lettered, or gone.',
    },
  },
} as const;

const EXTEND = {
  type: 'object',
  additionalProperties: false,
  required: ['tokens'],
  properties: { tokens: TOKENS, lease_ms: LEASE },
} as const;

const RECEIVED = {
  type: 'object',
  required: ['messages'],
  properties: { messages: { type: 'array', items: HELD_MESSAGE } },
} as const;

const RECEIVED_EITHER = {
  'application/json': RECEIVED,
  [EVENTS]: { type: 'array', items: { type: 'object' } },
} as const;

const DONE = {
  type: 'object',
  required: ['done', 'unknown'],
  properties: {
    done: { type: 'integer' },
    unknown: {
      type: 'array',
      items: { type: 'string' },
      description: 'Tokens of no lease: it ran out, and the message went back, or is settled.',
    },
  },
} as const;

/** The queues that each session polls. */
type Polled = WeakMap<SharedSession, Map<string, PolledQueue>>;

/** Taking messages, and saying what became of them. */
export function receiving(): Operation[] {
  const polled: Polled = new WeakMap();
  const path = '/vhosts/{vhost}/queues/{queue}/messages';
  const order = { method: 'POST', maxBodyBytes: HTTP_ORDER_BYTES, publishes: false } as const;
  const done = { 'application/json': DONE };
  const answers = {
    200: { description: 'Done.', content: done },
    207: { description: 'Done for some of them.', content: done },
    410: { description: 'UNKNOWN_TOKEN: none is of a lease that still runs.' },
  };
  return [
    operation({
      ...order,
      path: `${path}:receive`,
      id: 'receive',
      summary: 'Takes messages that are there, or waits for the first.',
      json: RECEIVE,
      answers: {
        200: { description: 'Maybe none.', content: RECEIVED_EITHER },
        429: { description: 'The user holds as much as may be: acknowledge something.' },
      },
      handle: (call) => receive(call, polled),
    }),
    operation({
      ...order,
      path: `${path}:ack`,
      id: 'ack',
      summary: 'These messages are done with.',
      json: ACK,
      answers,
      handle: async (call) =>
        each(call, (token, queue) => leases(call).settle(token, 'ack', queue)),
    }),
    operation({
      ...order,
      path: `${path}:nack`,
      id: 'nack',
      summary: 'These messages are not wanted, or not now.',
      json: NACK,
      answers,
      handle: async (call) => {
        const outcome = call.body.requeue ? 'requeue' : 'reject';
        return each(call, (token, queue) => leases(call).settle(token, outcome, queue));
      },
    }),
    operation({
      ...order,
      path: `${path}:extend`,
      id: 'extend',
      summary: 'The leases of these messages begin anew.',
      json: EXTEND,
      answers,
      handle: async (call) => {
        const { lease_ms: leaseMs } = call.body;
        return each(call, (token, queue) => leases(call).extend(token, leaseMs, queue));
      },
    }),
  ];
}

function leases({ shared }: Call) {
  return shared.leases;
}

async function receive(
  call: Call<unknown, ValueOf<typeof RECEIVE>>,
  polled: Polled,
): Promise<Answer> {
  const { shared, body, params, reply } = call;
  const { max_messages: max, wait_ms: waitMs, lease_ms: leaseMs } = body;
  if (shared.leases.full) {
    throw new Problem('TOO_MANY_REQUESTS', 'you hold as many messages as may be');
  }
  const gone = new AbortController();
  if (reply.raw.destroyed) return new Answer(200, { messages: [] });
  let taken: Taken = new Map();
  const { raw } = reply;
  raw.once('close', () => {
    if (raw.writableFinished) return;
    gone.abort();
    for (const token of taken.keys()) shared.leases.settle(token, 'requeue');
  });
  const queue = await decided(() => polledQueue(shared, params.queue as string, polled));
  taken = await queue.poll(max, waitMs, gone.signal);
  if (raw.destroyed) {
    // It left while it waited: nobody has seen them.
    for (const token of taken.keys()) shared.leases.settle(token, 'release');
    return new Answer(200, { messages: [] });
  }
  const { auto_ack: autoAck, encoding, format } = body;
  const messages = [...taken].map(([token, delivery]) => {
    if (autoAck) shared.leases.settle(token, 'ack');
    else shared.leases.run(token, leaseMs);
    const shown = autoAck ? null : token;
    if (format === 'message') return heldMessage(delivery, shown, encoding);
    return heldEvent(delivery, shown, token, params.vhost as string);
  });
  if (format === 'message') return new Answer(200, { messages });
  const events = Buffer.from(JSON.stringify(messages));
  return new Answer(200, events, { 'content-type': `${EVENTS}; charset=utf-8` });
}

function polledQueue(shared: SharedSession, name: string, polled: Polled): PolledQueue {
  const known = polled.get(shared) ?? new Map<string, PolledQueue>();
  polled.set(shared, known);
  let queue = known.get(name);
  if (queue === undefined) {
    queue = new PolledQueue(shared, name, () => known.delete(name));
    known.set(name, queue);
  }
  return queue;
}

/** @throws Problem UNKNOWN_TOKEN if it could be done for none */
function each(
  { body, params }: Call<unknown, { readonly tokens: readonly string[] }>,
  act: (token: string, queue: string) => boolean,
): Answer {
  const unknown = body.tokens.filter((token) => !act(token, params.queue as string));
  const done = body.tokens.length - unknown.length;
  if (done === 0) {
    throw new Problem('UNKNOWN_TOKEN', 'the lease ran out, or the message is settled already');
  }
  return new Answer(unknown.length === 0 ? 200 : 207, { done, unknown });
}
