/**
 * Requesting: a request and its reply in one call. The message is published with a direct reply-to
 * of its own, so that any responder that answers to reply-to will do, whatever it speaks; the
 * first answer is the answer of the call, byte for byte.
 */
import { randomUUID } from 'node:crypto';
import type { Delivery } from '../../../src/broker/delivery.ts';
import { Message } from '../../../src/broker/message.ts';
import { REPLY_TO } from '../../../src/broker/properties.ts';
import type { CancelReason, Consumer } from '../../../src/broker/subscription.ts';
import { HTTP_REPLY_WAIT_MS, HTTP_REQUESTS_MAX } from '../../../src/limits.ts';
import { Answer } from '../answer.ts';
import { Confirmation, type Fate } from './confirmation.ts';
import { HEAD_DESCRIPTIONS, headOf } from './message-head.ts';
import { type Call, type Operation, operation } from './operation.ts';
import { invalid, Problem } from './problem.ts';
import { messageIn, type PublishingOptions } from './publishing.ts';
import type { ValueOf } from './schema.ts';
import type { SharedSession } from './session-pool.ts';

const QUERY = {
  type: 'object',
  additionalProperties: false,
  properties: {
    routing_key: { type: 'string', default: '', description: 'Where to, as the exchange says.' },
    timeout_ms: {
      type: 'integer',
      minimum: 1,
      maximum: HTTP_REPLY_WAIT_MS,
      default: 30_000,
      description: 'How long to wait. The request expires after that, unless it says otherwise.',
    },
  },
} as const;

type RequestCall = Call<ValueOf<typeof QUERY>, Buffer>;

/** A reply is somebody else's: a browser must not take it for a page of the broker's. */
const HARMLESS = {
  'x-content-type-options': 'nosniff',
  'content-security-policy': "sandbox; default-src 'none'",
};

/** How many requests of each session wait. */
const waiting = new WeakMap<SharedSession, number>();

/** Takes the first reply. */
class ReplyConsumer implements Consumer {
  readonly reply: Promise<Message | null>;
  private resolve: (reply: Message | null) => void = () => {};
  private open = true;

  constructor() {
    this.reply = new Promise((resolve) => {
      this.resolve = resolve;
    });
  }

  canTake(): boolean {
    return this.open;
  }

  take(delivery: Delivery): void {
    this.open = false;
    this.resolve(delivery.message);
  }

  cancelled(_reason: CancelReason): void {
    this.giveUp();
  }

  giveUp(): void {
    this.open = false;
    this.resolve(null);
  }
}

/** See the head of this file. */
export function requesting(options: PublishingOptions): Operation {
  return operation({
    method: 'POST',
    path: '/vhosts/{vhost}/exchanges/{exchange}/requests',
    id: 'request',
    summary: 'Publishes the body as a request, and answers with the body of the reply.',
    query: QUERY,
    accepts: { '*/*': {} },
    headers: HEAD_DESCRIPTIONS,
    answers: {
      200: { description: 'The reply, with its properties as headers.', content: { '*/*': {} } },
      422: { description: 'NO_ROUTE: no queue takes the request.' },
      429: { description: 'Too many requests of the user wait for replies.' },
      504: { description: 'NO_REPLY: there was none in time.' },
    },
    maxBodyBytes: options.maxMessageBytes,
    publishes: true,
    handle: (call) => request(call, options),
  });
}

async function request(call: RequestCall, options: PublishingOptions): Promise<Answer> {
  const { shared } = call;
  const message = requestIn(call);
  const before = waiting.get(shared) ?? 0;
  if (before >= HTTP_REQUESTS_MAX) {
    throw new Problem('TOO_MANY_REQUESTS', 'too many of your requests wait for replies');
  }
  waiting.set(shared, before + 1);
  try {
    const { properties, body } = await replyTo(message, call, options);
    return new Answer(200, body, { ...headOf(properties), ...HARMLESS });
  } finally {
    waiting.set(shared, (waiting.get(shared) ?? 1) - 1);
  }
}

/** @throws Problem NO_ROUTE, NO_REPLY, or what publishing it led to */
async function replyTo(
  message: Message,
  { shared, query, reply }: RequestCall,
  { intake }: PublishingOptions,
): Promise<Message> {
  const { session, broker } = shared;
  const consumer = new ReplyConsumer();
  // A channel of its own has an address of its own: no reply is ever taken for another's.
  const traffic = session.openTraffic();
  const gone = (): void => consumer.giveUp();
  reply.raw.once('close', gone);
  try {
    const tag = `http.request.${message.properties.correlationId}`;
    const subscription = session.subscribe(REPLY_TO, consumer, { tag, noAck: true, traffic });
    const timer = broker.clock.schedule(query.timeout_ms, gone);
    try {
      subscription.resume();
      const postings = [{ message, mandatory: true }];
      const publishing = Confirmation.of(session, postings, intake, broker.clock, traffic);
      const [fate] = (await publishing) as [Fate];
      if (fate.problem !== null) throw fate.problem;
      const answer = await consumer.reply;
      if (answer !== null) return answer;
      throw new Problem('NO_REPLY', `no reply within ${query.timeout_ms} ms`);
    } finally {
      timer.cancel();
      subscription.cancel();
    }
  } finally {
    reply.raw.off('close', gone);
    session.closeTraffic(traffic);
  }
}

/** The request in the body, with what makes it one. @throws Problem */
function requestIn(call: RequestCall): Message {
  const { exchange, routingKey, properties, body } = messageIn(call, false);
  if (properties.replyTo !== undefined) throw invalid('warren-reply-to is set by the broker here');
  const asked = properties.with({
    replyTo: REPLY_TO,
    correlationId: properties.correlationId ?? randomUUID(),
    expiration: properties.expiration ?? String(call.query.timeout_ms),
  });
  return new Message(exchange, routingKey, asked, body);
}
