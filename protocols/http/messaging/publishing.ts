/**
 * Publishing over HTTP. The path decides what a body is, not its media type: at `messages` it is
 * the message, byte for byte; at `messages:batch` it is a list of messages in JSON. Either is
 * answered when every queue has it safe.
 */
import { Message } from '../../../src/broker/message.ts';
import type { Properties, PropertyValues } from '../../../src/broker/properties.ts';
import { HTTP_BATCH_MAX, HTTP_BATCH_OVERHEAD_BYTES } from '../../../src/limits.ts';
import { Answer } from '../answer.ts';
import { exchangeName } from '../management/context.ts';
import { checkEvent, EVENT, EVENTS, eventProperties } from './cloud-event.ts';
import { Confirmation, type Fate, type Posting } from './confirmation.ts';
import type { Intake } from './intake.ts';
import { HEAD_DESCRIPTIONS, propertiesOfHead, shortText } from './message-head.ts';
import { messageOf, NEW_MESSAGE } from './message-json.ts';
import { type Call, type Operation, operation } from './operation.ts';
import { invalid, Problem } from './problem.ts';
import { KEY_DESCRIPTION, type Repeats } from './repeats.ts';
import type { ValueOf } from './schema.ts';

const QUERY = {
  type: 'object',
  additionalProperties: false,
  properties: {
    routing_key: { type: 'string', default: '', description: 'Where to, as the exchange says.' },
    mandatory: {
      type: 'boolean',
      default: false,
      description: 'Is it a mistake if no queue takes the message?',
    },
  },
} as const;

const PUBLISHED = {
  type: 'object',
  required: ['routed'],
  properties: {
    routed: { type: 'integer', description: 'How many queues have it; 0: it is gone.' },
  },
} as const;

const BATCH = {
  type: 'object',
  required: ['confirmed', 'results'],
  properties: {
    confirmed: { type: 'integer', description: 'How many are safe.' },
    results: {
      type: 'array',
      description: 'One for each message, in their order.',
      items: {
        type: 'object',
        required: ['routed'],
        properties: {
          routed: { type: 'integer' },
          status: { type: 'integer', description: 'If it is not safe: as alone it would get.' },
          kind: { type: 'string' },
          detail: { type: 'string' },
        },
      },
    },
  },
} as const;

type PublishCall = Call<ValueOf<typeof QUERY>, Buffer>;

/** What publishing needs besides its session. */
export interface PublishingOptions {
  readonly intake: Intake;
  readonly repeats: Repeats;
  readonly maxMessageBytes: number;
  /** Checks a value against NEW_MESSAGE. Returns what is wrong, null for nothing. */
  check(call: Call, value: unknown): string | null;
}

/** Publishing one, and many. */
export function publishing(options: PublishingOptions): Operation[] {
  const { maxMessageBytes } = options;
  const refusals = {
    422: { description: 'NO_ROUTE: mandatory, and no queue takes it. KEY_REUSED.' },
    503: { description: 'Publishers are held back, or a queue is full: see Retry-After.' },
    504: { description: 'UNCONFIRMED: the broker does not know yet. It may be there.' },
  };
  return [
    operation({
      method: 'POST',
      path: '/vhosts/{vhost}/exchanges/{exchange}/messages',
      id: 'publish',
      summary: 'Publishes the body, as it is, and answers when it is safe in every queue.',
      query: QUERY,
      accepts: { '*/*': {}, [EVENT]: { type: 'object' } },
      headers: { ...HEAD_DESCRIPTIONS, ...KEY_DESCRIPTION },
      answers: {
        200: { description: 'It is safe.', content: { 'application/json': PUBLISHED } },
        ...refusals,
      },
      maxBodyBytes: maxMessageBytes,
      publishes: true,
      handle: (call) => options.repeats.once(call, () => publishOne(call, options)),
    }),
    operation({
      method: 'POST',
      path: '/vhosts/{vhost}/exchanges/{exchange}/messages:batch',
      id: 'publishBatch',
      summary: 'Publishes many messages, in their order, and says of each what became of it.',
      query: QUERY,
      accepts: {
        'application/json': { type: 'array', items: NEW_MESSAGE, maxItems: HTTP_BATCH_MAX },
        'application/x-ndjson': NEW_MESSAGE,
        [EVENTS]: { type: 'array', items: { type: 'object' }, maxItems: HTTP_BATCH_MAX },
      },
      headers: KEY_DESCRIPTION,
      answers: {
        200: { description: 'All are safe.', content: { 'application/json': BATCH } },
        207: { description: 'Some are.', content: { 'application/json': BATCH } },
        ...refusals,
      },
      // base64 takes a third more.
      maxBodyBytes: Math.ceil(maxMessageBytes * 1.4) + HTTP_BATCH_OVERHEAD_BYTES,
      publishes: true,
      handle: (call) => options.repeats.once(call, () => publishMany(call, options)),
    }),
  ];
}

/** The message in the body of a request. @throws Problem */
export function messageIn(call: Call<{ routing_key: string }, Buffer>, persistent: boolean) {
  const { params, query, body, request } = call;
  const key = shortText('routing_key', query.routing_key);
  let properties = propertiesOfHead(request.headers, persistent);
  if (mediaType(call) === EVENT) {
    const event = eventProperties(checkEvent(parsed(body)));
    const { messageId, type, timestamp } = { ...event, ...given(properties) };
    properties = properties.with({ messageId, type, timestamp });
  }
  return new Message(exchangeName(params.exchange), key, properties, body);
}

/** What the head says itself counts more than what the event says. */
function given({ messageId, type, timestamp }: Properties): PropertyValues {
  const values = Object.entries({ messageId, type, timestamp });
  return Object.fromEntries(values.filter(([, value]) => value !== undefined));
}

async function publishOne(call: PublishCall, options: PublishingOptions): Promise<Answer> {
  const { mandatory } = call.query;
  const message = messageIn(call, true);
  const [fate] = (await confirmed(call, [{ message, mandatory }], options)) as [Fate];
  if (fate.problem !== null) throw fate.problem;
  return new Answer(200, { routed: fate.routed });
}

async function publishMany(call: PublishCall, options: PublishingOptions): Promise<Answer> {
  const postings = postingsOf(call, options);
  const fates = await confirmed(call, postings, options);
  const safe = fates.filter(({ problem }) => problem === null).length;
  // Of a batch that certainly came to nothing the first reason is the answer.
  const first = fates[0]?.problem ?? null;
  const unsure = fates.some(({ problem }) => problem?.kind === 'UNCONFIRMED');
  if (safe === 0 && first !== null && !unsure) throw first;
  const results = fates.map(({ routed, problem }) => {
    if (problem === null) return { routed };
    const { status, kind, message } = problem;
    return { routed, status, kind, detail: message };
  });
  return new Answer(safe === fates.length ? 200 : 207, { confirmed: safe, results });
}

function confirmed(call: Call, postings: readonly Posting[], options: PublishingOptions) {
  const { session, broker } = call.shared;
  return Confirmation.of(session, postings, options.intake, broker.clock);
}

/** Nothing is published unless every message of the batch can be read. @throws Problem */
function postingsOf(call: PublishCall, options: PublishingOptions): Posting[] {
  const type = mediaType(call);
  const exchange = exchangeName(call.params.exchange);
  const { routing_key: key, mandatory } = call.query;
  const values = type === 'application/x-ndjson' ? linesOf(call.body) : listOf(call.body);
  if (values.length > HTTP_BATCH_MAX) throw tooMany();
  if (type === EVENTS) {
    const head = propertiesOfHead({ 'content-type': `${EVENT}; charset=utf-8` }, true);
    return values.map((value) => {
      const properties = head.with(eventProperties(checkEvent(value)));
      const body = Buffer.from(JSON.stringify(value));
      return { message: new Message(exchange, key, properties, body), mandatory };
    });
  }
  return values.map((value, index) => {
    const wrong = options.check(call, value);
    if (wrong !== null) throw invalid(`message ${index}: ${wrong}`);
    const json = value as ValueOf<typeof NEW_MESSAGE>;
    return { message: messageOf(exchange, key, json), mandatory: json.mandatory ?? mandatory };
  });
}

function listOf(body: Buffer): unknown[] {
  const value = parsed(body);
  return Array.isArray(value) ? value : [value];
}

function linesOf(body: Buffer): unknown[] {
  // The largest batch with a blank line after each, and one to know that there are more.
  const lines = body.toString('utf8').split('\n', 2 * HTTP_BATCH_MAX + 1);
  if (lines.length > 2 * HTTP_BATCH_MAX) throw tooMany();
  return lines.filter((line) => line.trim() !== '').map((line) => parsed(line));
}

function tooMany(): Problem {
  return new Problem('TOO_LARGE', `a batch has ${HTTP_BATCH_MAX} messages at most`);
}

function parsed(text: Buffer | string): unknown {
  try {
    return JSON.parse(text.toString());
  } catch {
    throw invalid('the body is not JSON');
  }
}

function mediaType({ request }: Call): string {
  return (request.headers['content-type'] ?? '').split(';', 1)[0]!.trim().toLowerCase();
}
