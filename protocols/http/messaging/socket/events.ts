/**
 * Events: what the broker says over a socket, as schemas, for the OpenAPI document. Whoever sends
 * one builds it by hand: output.ts, connection.ts.
 */
import { HELD_MESSAGE } from '../message-json.ts';
import { STATUS_OF_KIND } from '../problem.ts';
import { NAME_OR_NUMBER, type ObjectSchema } from '../schema.ts';

const ID = { type: NAME_OR_NUMBER, description: 'The one of the command.' } as const;

const TEXT = { type: 'string' } as const;

const PROBLEM = {
  title: TEXT,
  status: { type: 'integer' },
  kind: { type: 'string', enum: Object.keys(STATUS_OF_KIND) },
  detail: TEXT,
} as const;

function event(
  type: string,
  description: string,
  properties: ObjectSchema['properties'],
  required: readonly string[],
): ObjectSchema {
  const named = { type: { type: 'string', enum: [type] }, ...properties } as const;
  return { type: 'object', description, required: ['type', ...required], properties: named };
}

/** By their `type`. */
export const EVENTS_OF_SOCKET: Readonly<Record<string, ObjectSchema>> = {
  ready: event('ready', 'Logged in: commands may come.', { id: ID, user: TEXT, vhost: TEXT }, [
    'user',
    'vhost',
  ]),
  consuming: event('consuming', 'Messages follow.', { id: ID, consumer: TEXT }, ['consumer']),
  messages: event(
    'messages',
    'Messages, in the order of their queues.',
    {
      messages: {
        type: 'array',
        items: {
          type: 'object',
          description: 'The members of a message, or `event` for a consumer of CloudEvents.',
          required: ['consumer'],
          properties: { consumer: TEXT, event: { type: 'object' }, ...HELD_MESSAGE.properties },
        },
      },
    },
    ['messages'],
  ),
  published: event(
    'published',
    'What became of messages that were published: safe if there is no `kind`.',
    {
      results: {
        type: 'array',
        items: {
          type: 'object',
          required: ['routed'],
          properties: {
            id: ID,
            routed: { type: 'integer', description: 'How many queues have it.' },
            ...PROBLEM,
          },
        },
      },
    },
    ['results'],
  ),
  settled: event(
    'settled',
    'Acknowledged, or given back.',
    { id: ID, done: { type: 'integer' }, unknown: { type: 'array', items: TEXT } },
    ['id', 'done', 'unknown'],
  ),
  credited: event('credited', 'The new credit counts.', { id: ID, consumer: TEXT }, ['consumer']),
  cancelled: event(
    'cancelled',
    'No more messages for that consumer; with `kind` if that is the doing of the broker.',
    { id: ID, consumer: TEXT, ...PROBLEM },
    ['consumer'],
  ),
  blocked: event('blocked', 'The broker reads no more publishes for now.', { reason: TEXT }, [
    'reason',
  ]),
  unblocked: event('unblocked', 'It does again.', {}, []),
  pong: event('pong', 'The answer to `ping`.', { id: ID }, []),
  error: event('error', 'A command was refused; the socket stays.', { id: ID, ...PROBLEM }, [
    'status',
    'kind',
    'detail',
  ]),
  closed: event('closed', 'The last event: why the broker closes the socket.', PROBLEM, [
    'status',
    'kind',
    'detail',
  ]),
};
