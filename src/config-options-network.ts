/**
 * The options of the network: where clients connect and how. Part of the table in
 * config-options.ts; read it for what a row means.
 */
import { type FamilyOption, list, map, type SingleOption, single } from './config-option.ts';
import {
  boolean,
  integer,
  ipAddress,
  type ListenerAddress,
  listener,
  milliseconds,
  orInfinity,
  orNone,
  size,
  string,
  type ValueType,
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
  const others = aliases.length === 0 ? {} : { aliases };
  return single({ group, type: orNone(listener), default: port, ...others, text });
}

/** The address of a listener for WebSocket, where RabbitMQ has it apart from the port. */
export function webAddress(group: string, listenerKey: string): SingleOption<string | null> {
  const text = `The address that ${listenerKey} listens on if it has none; "none" is every one.`;
  return single({ group, type: orNone(ipAddress), default: 'none', text });
}

/** How sockets are opened, of one protocol: what RabbitMQ calls `x.tcp_listen_options.…`. */
export type TcpOptions<Prefix extends string> = Readonly<
  Record<`${Prefix}.backlog`, SingleOption<number>> &
    Record<`${Prefix}.${'nodelay' | 'keepalive'}`, SingleOption<boolean>>
>;

/** The rows for it; AMQP's count unless they are set. @param prefix `x.tcp_listen_options` */
export function tcpOptions<P extends string>(group: string, prefix: P): TcpOptions<P> {
  const row = <T>(word: string, type: ValueType<T>) => {
    const sameAs = `tcp_listen_options.${word}`;
    const text = `The same as ${sameAs}, for these listeners.`;
    return [`${prefix}.${word}`, single({ group, type, default: { sameAs }, text })];
  };
  const backlog = row('backlog', integer(1, 65_535));
  return Object.fromEntries([backlog, row('nodelay', boolean), row('keepalive', boolean)]);
}

/** What clients may do over WebSocket, of one protocol: `web_x.ws_opts.…`. */
export type WebSocketOptions<Prefix extends string> = Readonly<
  Record<`${Prefix}.${'max_frame_size' | 'idle_timeout'}`, SingleOption<number>>
>;

/** The rows for it. @param prefix `web_x.ws_opts` */
export function webSocketOptions<P extends string>(group: string, prefix: P): WebSocketOptions<P> {
  const largest = single({
    group,
    type: orInfinity(size(1024, 2 ** 30)),
    default: 'infinity',
    text: 'The largest WebSocket message; never more than a little over max_message_size.',
  });
  const idle = single({
    group,
    type: orInfinity(milliseconds(10, 86_400_000)),
    default: '60000',
    text: 'How long a client may be silent over WebSocket; it is pinged when half of it is over.',
  });
  return Object.fromEntries([
    [`${prefix}.max_frame_size`, largest],
    [`${prefix}.idle_timeout`, idle],
  ]) as WebSocketOptions<P>;
}

/** Which pages may open a WebSocket of one protocol: `web_x.allow_origins`. */
export function allowOrigins(group: string): FamilyOption<string, 'list'> {
  return list({
    group,
    type: string(1, 2048),
    member: 'number',
    default: {},
    defaultsReplaced: true,
    none: true,
    text:
      'The origins whose pages may connect over WebSocket, such as https://example.com; "*", or ' +
      'none at all, for any. Programs that are no browsers name no origin, and may.',
  });
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
  'web_amqp.allow_origins': allowOrigins(NETWORK),
  ...webSocketOptions(NETWORK, 'web_amqp.ws_opts'),
} as const;
