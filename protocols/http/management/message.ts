/**
 * Messages in the management API: publishing one to an exchange and getting some from a queue.
 * For looking into a broker, not for carrying load: each is a request of its own.
 */
import { isUtf8 } from 'node:buffer';
import { Message } from '../../../src/broker/message.ts';
import { Properties, type PropertyValues } from '../../../src/broker/properties.ts';
import { Receipt } from '../../../src/broker/receipt.ts';
import type { Fetched, Session } from '../../../src/broker/session.ts';
import { GET_MESSAGES_MAX } from '../../../src/limits.ts';
import { ApiError, badRequest, notFound } from '../answer.ts';
import { fieldsFromJson, fieldsToJson } from '../field-json.ts';
import { integerOr, isObject, type JsonObject, requireKeys, textOr } from '../input.ts';
import { type Call, objectOf, type Resource } from '../routing.ts';
import { asViewer, exchangeName, type ManagementContext, vhostOf } from './context.ts';

/** RabbitMQ's names of the properties, and ours. */
const TEXTS = {
  content_type: 'contentType',
  content_encoding: 'contentEncoding',
  correlation_id: 'correlationId',
  reply_to: 'replyTo',
  expiration: 'expiration',
  message_id: 'messageId',
  type: 'type',
  user_id: 'userId',
  app_id: 'appId',
  cluster_id: 'clusterId',
} as const satisfies Readonly<Record<string, keyof PropertyValues>>;

const NUMBERS = {
  delivery_mode: 'deliveryMode',
  priority: 'priority',
  timestamp: 'timestamp',
} as const satisfies Readonly<Record<string, keyof PropertyValues>>;

const NUMBERS_MAX: Readonly<Record<string, number>> = { delivery_mode: 255, priority: 255 };

/** Properties of a message as JSON: those that are set. */
export function propertiesToJson(properties: Properties): Record<string, unknown> {
  const json: Record<string, unknown> = {};
  for (const [name, key] of [...Object.entries(NUMBERS), ...Object.entries(TEXTS)]) {
    const value = properties[key];
    if (value !== undefined) json[name] = value;
  }
  const { headers } = properties;
  if (headers !== undefined) json.headers = fieldsToJson(headers);
  return json;
}

/** @throws ApiError if a property has the wrong type */
export function propertiesFromJson(json: unknown): Properties {
  // RabbitMQ's own clients send an empty list for no properties.
  if (Array.isArray(json) && json.length === 0) return new Properties({});
  if (!isObject(json)) throw badRequest('properties must be an object');
  const values: Record<string, unknown> = {};
  for (const name of Object.keys(json)) values[keyOf(name)] = propertyOf(json, name);
  return new Properties(values as PropertyValues);
}

/** Our name of a property. @throws ApiError if there is none of that name */
export function keyOf(name: string): string {
  const key = { ...TEXTS, ...NUMBERS, headers: 'headers' }[name as keyof typeof TEXTS];
  if (key === undefined) throw badRequest(`unknown property ${name}`);
  return key;
}

function propertyOf(json: JsonObject, name: string): unknown {
  const value = json[name];
  if (name === 'headers') {
    if (!isObject(value)) throw badRequest('headers must be an object');
    return fieldsFromJson(value);
  }
  if (Object.hasOwn(NUMBERS, name)) return integerOr(json, name, 0, 0, NUMBERS_MAX[name]);
  return textOr(json, name, '');
}

/** The payload in a body. @throws ApiError */
export function payloadOf(body: JsonObject): Buffer {
  const payload = textOr(body, 'payload', '');
  const encoding = textOr(body, 'payload_encoding', '');
  if (encoding === 'string') return Buffer.from(payload, 'utf8');
  if (encoding !== 'base64') throw badRequest(['unsupported_encoding', encoding]);
  if (/[^A-Za-z0-9+/=\s]/.test(payload)) throw badRequest('payload is not base64');
  return Buffer.from(payload, 'base64');
}

async function publish(context: ManagementContext, call: Call): Promise<unknown> {
  const body = objectOf(call);
  requireKeys(body, ['properties', 'routing_key', 'payload', 'payload_encoding']);
  const exchange = exchangeName(call.params.name);
  if (!vhostOf(context, call).topology.exchanges.has(exchange)) throw notFound();
  const payload = payloadOf(body);
  const properties = propertiesFromJson(body.properties);
  const message = new Message(exchange, textOr(body, 'routing_key', ''), properties, payload);
  return asViewer(context, call, async (session) => {
    session.checkSize(payload.length);
    return { routed: (await confirmed(session, message)) > 0 };
  });
}

/** Publishes and waits until every queue has it. @throws ApiError if one would not take it */
async function confirmed(session: Session, message: Message): Promise<number> {
  let reached = 0;
  const accepted = await new Promise<boolean>((resolve) => {
    const holder = { completed: (_sequence: number, taken: boolean) => resolve(taken) };
    const receipt = new Receipt(holder, 1);
    reached = session.publish(message, receipt);
    receipt.release();
  });
  if (!accepted) {
    throw new ApiError(400, 'rejected', 'Unable to publish message. Check queue limits.');
  }
  session.traffic.confirm++;
  return reached;
}

const ACK_MODES = {
  ack_requeue_true: { noAck: false, requeue: true },
  reject_requeue_true: { noAck: false, requeue: true },
  ack_requeue_false: { noAck: true, requeue: false },
  reject_requeue_false: { noAck: false, requeue: false },
} as const;

async function get(context: ManagementContext, call: Call): Promise<unknown> {
  const body = objectOf(call);
  requireKeys(body, ['ackmode', 'count', 'encoding']);
  const { name } = call.params;
  if (!vhostOf(context, call).topology.queues.has(name as string)) throw notFound();
  const count = integerOr(body, 'count', 1, 0);
  const truncateBytes = integerOr(body, 'truncate', Number.MAX_SAFE_INTEGER);
  const ackMode = textOr(body, 'ackmode', '');
  const encoding = textOr(body, 'encoding', '');
  if (!Object.hasOwn(ACK_MODES, ackMode)) throw badRequest(['invalid_ackmode', ackMode]);
  if (encoding !== 'auto' && encoding !== 'base64') {
    throw badRequest(['unsupported_encoding', encoding]);
  }
  const { noAck, requeue } = ACK_MODES[ackMode as keyof typeof ACK_MODES];
  return asViewer(context, call, async (session) => {
    const fetched: Fetched[] = [];
    while (fetched.length < Math.min(count, GET_MESSAGES_MAX)) {
      const one = await session.fetch(name as string, noAck);
      if (one === null) break;
      fetched.push(one);
    }
    const shown = fetched.map((one) => show(one, encoding === 'auto', truncateBytes));
    if (noAck) return shown;
    for (const { delivery } of fetched) session.settle(delivery, requeue ? 'requeue' : 'reject');
    return shown;
  });
}

function show({ delivery, remaining }: Fetched, auto: boolean, truncateBytes: number): unknown {
  const { message, redelivered } = delivery;
  const { body, exchange, routingKey, properties } = message;
  const shown = body.subarray(0, truncateBytes);
  const asText = auto && isUtf8(shown);
  return {
    payload_bytes: body.length,
    redelivered,
    exchange,
    routing_key: routingKey,
    message_count: remaining,
    properties: propertiesToJson(properties),
    payload: shown.toString(asText ? 'utf8' : 'base64'),
    payload_encoding: asText ? 'string' : 'base64',
  };
}

/** Publish and get. */
export function messageResources(context: ManagementContext): Resource[] {
  return [
    {
      path: '/api/exchanges/:vhost/:name/publish',
      access: 'vhost',
      post: (call) => publish(context, call),
    },
    {
      path: '/api/queues/:vhost/:name/get',
      access: 'vhost',
      post: (call) => get(context, call),
    },
  ];
}
