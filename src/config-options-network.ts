/**
 * The options of the network: where clients connect and how. Part of the table in
 * config-options.ts; read it for what a row means.
 */
import { type FamilyOption, map, type SingleOption, single } from './config-option.ts';
import {
  boolean,
  integer,
  ipAddress,
  type ListenerAddress,
  listener,
  milliseconds,
  orInfinity,
  orNone,
  string,
} from './config-value.ts';

const NETWORK = 'Network';

/** Listeners under any number of names: a port, or an address and a port. */
export function listeners(
  group: string,
  text: string,
  port: string | null,
): FamilyOption<ListenerAddress, 'map'> {
  return map({
    group,
    type: listener,
    member: 'name',
    default: port === null ? {} : { default: port },
    defaultsReplaced: true,
    none: true,
    text,
  });
}

/**
 * A listener for WebSocket, of which there is one per protocol: `web_x.tcp.port`, or what RabbitMQ
 * calls `web_x.tcp.listener`. The address can also stand alone in `web_x.tcp.ip`.
 */
export function webListener(
  group: string,
  aliases: readonly string[],
  text: string,
  port: string,
): SingleOption<ListenerAddress | null> {
  return single({ group, type: orNone(listener), default: port, aliases, text });
}

/** The address of a listener for WebSocket, where RabbitMQ has it apart from the port. */
export function webAddress(group: string, listenerKey: string): SingleOption<string | null> {
  const text = `The address that ${listenerKey} listens on if it has none; "none" is every one.`;
  return single({ group, type: orNone(ipAddress), default: 'none', text });
}

export const NETWORK_OPTIONS = {
  'listeners.tcp': map({
    group: NETWORK,
    type: listener,
    member: 'name',
    default: { default: '5672' },
    defaultsReplaced: true,
    none: true,
    text:
      'Where AMQP clients connect, under any number of names: a port on every interface, or an ' +
      'address and a port. Port 0 picks a free one. Naming one listener drops the default, so ' +
      '"listeners.tcp.local = 127.0.0.1:5672" alone listens on the loopback interface only; ' +
      '"listeners.tcp = none" listens nowhere.',
  }),
  'tcp_listen_options.backlog': single({
    group: NETWORK,
    type: integer(1, 65_535),
    default: '128',
    text: 'How many connections the system may hold before they are accepted.',
  }),
  'tcp_listen_options.nodelay': single({
    group: NETWORK,
    type: boolean,
    default: 'true',
    text: "Whether small packets go out at once (true turns Nagle's algorithm off).",
  }),
  'tcp_listen_options.keepalive': single({
    group: NETWORK,
    type: boolean,
    default: 'false',
    text: 'Whether the system probes idle connections, besides the heartbeats of the protocol.',
  }),
  handshake_timeout: single({
    group: NETWORK,
    type: orInfinity(milliseconds(1, 86_400_000)),
    default: '10000',
    text: 'How long a client may take from connecting until it is logged in.',
  }),

  'web_amqp.tcp.port': webListener(
    NETWORK,
    ['web_amqp.tcp.listener'],
    'Where AMQP clients connect over WebSocket, such as those in browsers; "none" for nowhere.',
    'none',
  ),
  'web_amqp.tcp.ip': webAddress(NETWORK, 'web_amqp.tcp.port'),
  'web_amqp.ws_path': single({
    group: NETWORK,
    type: string(1, 255),
    default: '/ws',
    text: 'The path at which AMQP clients open their WebSocket.',
  }),
} as const;
