/**
 * MessageJson: a message as a JSON object: what a batch is made of, and what consumers get. The
 * names are those of RabbitMQ's management API, so that a script that publishes or gets there knows
 * them.
 */
import { isUtf8 } from 'node:buffer';
import type { Delivery } from '../../../src/broker/delivery.ts';
import { Message } from '../../../src/broker/message.ts';
import { PERSISTENT, type Properties } from '../../../src/broker/properties.ts';
import { isObject } from '../input.ts';
import { propertiesFromJson, propertiesToJson } from '../management/message.ts';
import { shortText } from './message-head.ts';
import { invalid, problemOf } from './problem.ts';
import type { ValueOf } from './schema.ts';

/** Properties by RabbitMQ's names. What is in `headers` is anybody's. */
export const PROPERTIES = {
  type: 'object',
  description: 'Properties of the message; delivery_mode is 2 (persistent) if it is not there.',
  additionalProperties: false,
  properties: {
    content_type: { type: 'string' },
    content_encoding: { type: 'string' },
    delivery_mode: { type: 'integer', minimum: 1, maximum: 2 },
    priority: { type: 'integer', minimum: 0, maximum: 255 },
    correlation_id: { type: 'string' },
    reply_to: { type: 'string' },
    expiration: { type: 'string', description: 'ms, as digits' },
    message_id: { type: 'string' },
    timestamp: { type: 'integer', minimum: 0, description: 'Seconds since 1970.' },
    type: { type: 'string' },
    user_id: { type: 'string' },
    app_id: { type: 'string' },
    cluster_id: { type: 'string' },
    headers: { type: 'object' },
  },
} as const;

/** A message to be published. */
export const NEW_MESSAGE = {
  type: 'object',
  additionalProperties: false,
  required: ['payload'],
  properties: {
    payload: { type: 'string' },
    payload_encoding: {
      type: 'string',
      enum: ['string', 'base64'],
      default: 'string',
      description: 'What the payload is: the text itself (UTF-8), or bytes in base64.',
    },
    routing_key: { type: 'string', description: 'Instead of the one in the query.' },
    mandatory: { type: 'boolean', description: 'Instead of the one in the query.' },
    properties: PROPERTIES,
  },
} as const;

type NewMessage = ValueOf<typeof NEW_MESSAGE>;

/** A message that a queue has handed out. */
export const HELD_MESSAGE = {
  type: 'object',
  required: ['exchange', 'routing_key', 'redelivered', 'properties', 'payload', 'payload_encoding'],
  properties: {
    token: { type: 'string', description: 'Acknowledges it; not there if that is done already.' },
    exchange: { type: 'string' },
    routing_key: { type: 'string' },
    redelivered: { type: 'boolean', description: 'Somebody may have had it before.' },
    properties: { ...PROPERTIES, description: 'Properties of the message: those that are set.' },
    payload: { type: 'string' },
    payload_encoding: { type: 'string', enum: ['string', 'base64'] },
  },
} as const;

/** How payloads are wanted: as text where they are UTF-8, or always in base64. */
export const ENCODING = {
  type: 'string',
  enum: ['auto', 'base64'],
  default: 'auto',
  description: 'Payloads as text where they are UTF-8 and in base64 otherwise, or always so.',
} as const;

/** What messages are wanted as. */
export const FORMAT = {
  type: 'string',
  enum: ['message', 'cloudevents'],
  default: 'message',
  description:
    'As messages, or as CloudEvents 1.0 in JSON, whose attribute warrentoken is the token: those ' +
    'that were published as such, and one made of every other message.',
} as const;

/** A delivery as HELD_MESSAGE has it. @param token null if it is settled already */
export function heldMessage(
  { message, redelivered }: Delivery,
  token: string | null,
  encoding: 'auto' | 'base64',
): ValueOf<typeof HELD_MESSAGE> {
  const { exchange, routingKey, properties, body } = message;
  const asText = encoding === 'auto' && isUtf8(body);
  return {
    ...(token !== null && { token }),
    exchange,
    routing_key: routingKey,
    redelivered,
    properties: propertiesToJson(properties),
    payload: body.toString(asText ? 'utf8' : 'base64'),
    payload_encoding: asText ? 'string' : 'base64',
  };
}

/** A message of a batch that passed NEW_MESSAGE. @throws Problem */
export function messageOf(exchange: string, routingKey: string, json: NewMessage): Message {
  const key = shortText('routing_key', json.routing_key ?? routingKey);
  return new Message(exchange, key, propertiesOf(json.properties), payloadOf(json));
}

function payloadOf({ payload, payload_encoding: encoding }: NewMessage): Buffer {
  if (encoding !== 'base64') return Buffer.from(payload, 'utf8');
  if (!/^[A-Za-z0-9+/\s]*={0,2}\s*$/.test(payload)) throw invalid('payload is not base64');
  return Buffer.from(payload, 'base64');
}

function propertiesOf(json: NewMessage['properties']): Properties {
  try {
    const values = json ?? {};
    for (const [name, value] of Object.entries(values)) {
      if (typeof value === 'string') shortText(name, value);
    }
    const properties = propertiesFromJson(isObject(values) ? values : {});
    if (properties.deliveryMode !== undefined) return properties;
    return properties.with({ deliveryMode: PERSISTENT });
  } catch (error) {
    throw problemOf(error) ?? error;
  }
}
