/**
 * Commands: what a client may say over a socket, as schemas. One constant checks what comes, is
 * the type of what a handler gets, and is printed in the OpenAPI document. What each does is
 * connection.ts.
 */
import { HTTP_STREAM_CREDIT_MAX } from '../../../../src/limits.ts';
import { ENCODING, FORMAT, NEW_MESSAGE } from '../message-json.ts';
import { invalid } from '../problem.ts';
import { NAME_OR_NUMBER, type ObjectSchema, type ValueOf } from '../schema.ts';
import { wrongWith } from '../schema-check.ts';

const ID = {
  type: NAME_OR_NUMBER,
  maxLength: 255,
  description: 'Chosen by the client, and said again in the answer.',
} as const;

const CONSUMER = { type: 'string', minLength: 1, maxLength: 255 } as const;

const TOKENS = {
  type: 'array',
  minItems: 1,
  maxItems: HTTP_STREAM_CREDIT_MAX,
  items: { type: 'string', maxLength: 64 },
} as const;

const CREDIT = {
  type: 'integer',
  minimum: 0,
  maximum: HTTP_STREAM_CREDIT_MAX,
  description: 'Messages that it may hold unacknowledged; 0: none for now.',
} as const;

const { payload, payload_encoding, properties } = NEW_MESSAGE.properties;

/** By their `type`. */
export const COMMANDS = {
  login: {
    type: 'object',
    additionalProperties: false,
    required: ['type'],
    description:
      'The first command, unless the handshake had a header Authorization. Again later, by the ' +
      'same user: new credentials.',
    properties: {
      type: { type: 'string', enum: ['login'] },
      id: ID,
      username: { type: 'string', maxLength: 255 },
      password: { type: 'string', maxLength: 65_536 },
      token: {
        type: 'string',
        maxLength: 65_536,
        description: 'A bearer token instead of name and password.',
      },
    },
  },
  consume: {
    type: 'object',
    additionalProperties: false,
    required: ['type', 'queue'],
    description: 'Messages of a queue from now on. Answered by `consuming`.',
    properties: {
      type: { type: 'string', enum: ['consume'] },
      id: ID,
      queue: { type: 'string', minLength: 1, maxLength: 255 },
      consumer: { ...CONSUMER, description: 'Its name on this socket; one is made if not given.' },
      credit: { ...CREDIT, default: 100 },
      ack: {
        type: 'string',
        enum: ['token', 'auto'],
        default: 'token',
        description:
          'token: each is acknowledged by its token, and goes back when the socket closes. auto: ' +
          'each counts as acknowledged when it is sent.',
      },
      encoding: ENCODING,
      format: FORMAT,
      exclusive: { type: 'boolean', default: false, description: 'Nobody else may consume.' },
      priority: {
        type: 'integer',
        minimum: -2_147_483_648,
        maximum: 2_147_483_647,
        default: 0,
        description: 'Consumers of a higher one are served first.',
      },
    },
  },
  credit: {
    type: 'object',
    additionalProperties: false,
    required: ['type', 'consumer', 'credit'],
    description: 'Changes the credit of a consumer. Answered by `credited` if it has an id.',
    properties: {
      type: { type: 'string', enum: ['credit'] },
      id: ID,
      consumer: CONSUMER,
      credit: CREDIT,
    },
  },
  cancel: {
    type: 'object',
    additionalProperties: false,
    required: ['type', 'consumer'],
    description:
      'No more messages for a consumer. What it holds may still be acknowledged. Answered by ' +
      '`cancelled`.',
    properties: { type: { type: 'string', enum: ['cancel'] }, id: ID, consumer: CONSUMER },
  },
  ack: {
    type: 'object',
    additionalProperties: false,
    required: ['type', 'tokens'],
    description: 'These messages are done with. Answered by `settled` if it has an id.',
    properties: { type: { type: 'string', enum: ['ack'] }, id: ID, tokens: TOKENS },
  },
  nack: {
    type: 'object',
    additionalProperties: false,
    required: ['type', 'tokens'],
    description: 'These messages are not wanted. Answered by `settled` if it has an id.',
    properties: {
      type: { type: 'string', enum: ['nack'] },
      id: ID,
      tokens: TOKENS,
      requeue: {
        type: 'boolean',
        default: true,
        description: 'Back to the queue; else they are dead-lettered, or gone.',
      },
    },
  },
  publish: {
    type: 'object',
    additionalProperties: false,
    required: ['type', 'payload'],
    description:
      'A message. Answered by a result in `published` when every queue has it safe; without an ' +
      'id only if that came to nothing.',
    properties: {
      type: { type: 'string', enum: ['publish'] },
      id: ID,
      exchange: {
        type: 'string',
        maxLength: 255,
        default: 'amq.default',
        description: 'amq.default is the default exchange: the key is the name of a queue.',
      },
      routing_key: { type: 'string', default: '' },
      mandatory: {
        type: 'boolean',
        default: false,
        description: 'Is it a mistake if no queue takes the message?',
      },
      payload,
      payload_encoding,
      properties,
    },
  },
  ping: {
    type: 'object',
    additionalProperties: false,
    required: ['type'],
    description: 'Answered by `pong`: for browsers, which cannot send pings of WebSocket.',
    properties: { type: { type: 'string', enum: ['ping'] }, id: ID },
  },
} as const satisfies Readonly<Record<string, ObjectSchema>>;

/** The names of all commands. */
export type CommandName = keyof typeof COMMANDS;

/** A command that has been checked. */
export type Command<Name extends CommandName> = ValueOf<(typeof COMMANDS)[Name]>;

/** What a client numbers a command with. */
export type CommandId = string | number | undefined;

/** The id of a command that may be anything. */
export function idOf({ id }: Record<string, unknown>): CommandId {
  return typeof id === 'string' || Number.isSafeInteger(id) ? (id as CommandId) : undefined;
}

/** The name of a command that is as it has to be. @throws Problem */
export function checkedName(command: Record<string, unknown>): CommandName {
  const { type } = command;
  if (typeof type !== 'string' || !Object.hasOwn(COMMANDS, type)) {
    throw invalid(`type must be one of ${Object.keys(COMMANDS).join(', ')}`);
  }
  const wrong = wrongWith(command, COMMANDS[type as CommandName]);
  if (wrong !== null) throw invalid(`${type}: ${wrong}`);
  return type as CommandName;
}
