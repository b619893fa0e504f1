/**
 * Listeners: which protocol listens where, as a table. A composition root, like running-broker.ts.
 *
 * To add a protocol: export its adapter from protocols/index.ts, add its option keys to
 * config-options-<protocol>.ts (`listeners()` and `webListener()` of config-options-network.ts
 * make the rows), and add a row to PROTOCOLS below. TCP, TLS, WebSocket, PROXY headers, limits,
 * the registry of connections and the lines printed at start-up come with it.
 */
import { Amqp } from '../protocols/index.ts';
import type { Broker } from './broker/broker.ts';
import { Config, type Overrides } from './config.ts';
import type { OptionKey, OptionValue } from './config-options.ts';
import type { ListenerAddress } from './config-value.ts';
import { WEBSOCKET_OVERHEAD_BYTES } from './limits.ts';
import { Listener } from './server/listener.ts';
import type { Protocol } from './server/protocol.ts';
import type { Shared } from './server/shared.ts';
import { WebSocketEndpoint, type WebSocketRules } from './server/websocket-endpoint.ts';
import { VERSION } from './version.ts';

/** The keys of options whose values are of this type. */
type KeysOf<T> = { [K in OptionKey]: OptionValue<K> extends T ? K : never }[OptionKey];

/** One protocol and the options that say where it listens. */
interface ListeningProtocol {
  /** As RabbitMQ's API calls it: `amqp`, `mqtt`, `stomp`. */
  readonly id: string;
  make(config: Config, broker: Broker): Protocol;
  readonly tcp: KeysOf<ReadonlyMap<string, ListenerAddress>>;
  readonly web: WebListening;
}

/** How a protocol is spoken over WebSocket; see WebSocketRules. */
interface WebListening {
  readonly tcp: KeysOf<ListenerAddress | null>;
  readonly path: KeysOf<string>;
  /** The path on the management port. */
  readonly managementPath: string;
  readonly subprotocols: readonly string[];
  readonly subprotocolRequired: boolean;
  readonly text: boolean;
}

const PROTOCOLS: readonly ListeningProtocol[] = [
  {
    id: 'amqp',
    make: amqpOf,
    tcp: 'listeners.tcp',
    web: {
      tcp: 'web_amqp.tcp.port',
      path: 'web_amqp.ws_path',
      managementPath: '/ws/amqp',
      subprotocols: ['amqp'],
      // Clients of AMQP 0-9-1 in browsers (amqp-client.js) name none.
      subprotocolRequired: false,
      text: false,
    },
  },
];

/**
 * The configuration of a broker inside another program or a test: AMQP on a free port of the
 * loopback interface, no other listener unless the caller names it, and in memory unless the
 * caller names a data directory.
 * @throws ConfigError
 */
export function loopbackConfig(overrides: Overrides = {}): Config {
  const keys = PROTOCOLS.flatMap(({ tcp, web }) => [tcp, web.tcp]);
  const named = (key: string): boolean =>
    Object.keys(overrides).some((other) => other === key || other.startsWith(`${key}.`));
  const nowhere = keys.filter((key) => key !== 'listeners.tcp' && !named(key));
  return Config.from({
    'listeners.tcp.default': '127.0.0.1:0',
    memory_only: overrides.data_dir === undefined,
    ...Object.fromEntries(nowhere.map((key) => [key, 'none'])),
    ...overrides,
  });
}

/** What listens, and what the management port can take by WebSocket. */
export interface Listening {
  readonly listeners: readonly Listener[];
  /** For the 'upgrade' event of the management port; see WebSocketEndpoint.handleUpgrade(). */
  readonly endpoints: readonly WebSocketEndpoint[];
}

/** Makes all listeners; none listens yet. */
export function makeListeners(config: Config, broker: Broker, shared: Shared): Listening {
  const listeners: Listener[] = [];
  const endpoints: WebSocketEndpoint[] = [];
  const tcp = {
    backlog: config.get('tcp_listen_options.backlog'),
    noDelay: config.get('tcp_listen_options.nodelay'),
    keepAlive: config.get('tcp_listen_options.keepalive'),
    handshakeTimeoutMs: config.get('handshake_timeout'),
  };
  for (const row of PROTOCOLS) {
    const { id, web } = row;
    const protocol = row.make(config, broker);
    const add = (address: ListenerAddress | null, webSocket?: WebSocketRules): void => {
      if (address === null) return;
      const layers = { ...(webSocket && { webSocket }) };
      listeners.push(new Listener(protocol, { id, ...address, ...tcp, ...layers }, shared));
    };
    for (const address of config.get(row.tcp).values()) add(address);
    add(config.get(web.tcp), webSocketRules(web, [config.get(web.path)], config));
    const rules = webSocketRules(web, [web.managementPath], config);
    endpoints.push(new WebSocketEndpoint(protocol, rules, shared));
  }
  return { listeners, endpoints };
}

function webSocketRules(web: WebListening, paths: string[], config: Config): WebSocketRules {
  const { subprotocols, subprotocolRequired, text } = web;
  const messageBytes = config.get('max_message_size') + WEBSOCKET_OVERHEAD_BYTES;
  return { paths, subprotocols, subprotocolRequired, text, messageBytes };
}

function amqpOf(config: Config, broker: Broker): Protocol {
  return new Amqp(broker, {
    identity: { clusterName: config.get('cluster_name'), version: VERSION },
    tuning: {
      channelMax: config.get('channel_max'),
      frameMax: config.get('frame_max'),
      heartbeat: config.get('heartbeat'),
    },
    initialFrameMax: config.get('initial_frame_max'),
    mechanisms: config.get('auth_mechanisms'),
    handshakeTimeoutMs: config.get('handshake_timeout'),
  });
}
