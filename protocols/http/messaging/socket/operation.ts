/**
 * The operation `socket`, as the document has it. An upgrade never comes this way (endpoint.ts): a
 * request that does has not asked for one.
 */
import { HTTP_ORDER_BYTES } from '../../../../src/limits.ts';
import { type Operation, operation } from '../operation.ts';
import { Problem } from '../problem.ts';
import { COMMANDS } from './commands.ts';
import { EVENTS_OF_SOCKET } from './events.ts';

/** The subprotocol, for clients that name one. */
export const HTTP_SOCKET_PROTOCOL = 'warren.v1';

/** See the head of this file. */
export function socketOperation(): Operation {
  return operation({
    method: 'GET',
    path: '/vhosts/{vhost}/socket',
    id: 'socket',
    summary: 'A WebSocket: consumes from any queues and publishes, as JSON.',
    description:
      'Each WebSocket message of a client is a command (schema `SocketCommand`) or an array of ' +
      'them, each of the broker an event (`SocketEvent`). The first command is `login`, unless ' +
      'the handshake has a header Authorization; the broker says `ready`. Messages that are not ' +
      'acknowledged when the socket closes go back to their queues. A client that does not read ' +
      'is sent no more, and its messages wait in their queues. Pings of WebSocket are answered; ' +
      `a silent client gets them. The subprotocol is ${HTTP_SOCKET_PROTOCOL} or none.`,
    headers: { authorization: 'Basic or Bearer; without it the first command has to log in' },
    answers: {
      101: { description: 'It is a WebSocket from now on.' },
      426: { description: 'UPGRADE_REQUIRED: the request asks for no WebSocket.' },
    },
    schemas: {
      SocketCommand: { oneOf: Object.values(COMMANDS) },
      SocketEvent: { oneOf: Object.values(EVENTS_OF_SOCKET) },
    },
    maxBodyBytes: HTTP_ORDER_BYTES,
    publishes: false,
    handle: async () => {
      throw new Problem('UPGRADE_REQUIRED', 'this path is for WebSockets', {
        upgrade: 'websocket',
        connection: 'upgrade',
      });
    },
  });
}
