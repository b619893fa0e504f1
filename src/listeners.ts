/**
 * Listeners: which protocol listens where, as a table. A composition root, like running-broker.ts.
 *
 * To add a protocol: export its adapter from protocols/index.ts, add its option keys to
 * config-options-<protocol>.ts (`listeners()` and `webListener()` of config-options-network.ts
 * make the rows), and add a row to PROTOCOLS below. TCP, TLS, WebSocket, PROXY headers, limits,
 * the registry of connections and the lines printed at start-up come with it.
 */
import { Amqp, Mqtt, Stomp } from '../protocols/index.ts';
import type { CertificateNameRule } from './auth/certificate-name.ts';
import type { Broker } from './broker/broker.ts';
import { Config, type Overrides } from './config.ts';
import type { OptionKey, OptionValue } from './config-options.ts';
import type { ListenerAddress } from './config-value.ts';
import { WEBSOCKET_OVERHEAD_BYTES } from './limits.ts';
import type { EntranceOptions } from './server/entrance.ts';
import { Listener } from './server/listener.ts';
import type { Protocol } from './server/protocol.ts';
import type { Shared } from './server/shared.ts';
import { WebSocketEndpoint, type WebSocketRules } from './server/websocket-endpoint.ts';
import { type CertificatePrefix, TlsIdentities } from './tls-identities.ts';
import { VERSION } from './version.ts';

/** The keys of options whose values are of this type. */
type KeysOf<T> = { [K in OptionKey]: OptionValue<K> extends T ? K : never }[OptionKey];

/** What stands before a word in keys: `mqtt.tcp_listen_options` of `….backlog`. */
type PrefixOf<Word extends string> =
  Extract<OptionKey, `${string}.${Word}`> extends `${infer P}.${Word}` ? P : never;

/** One protocol and the options that say where it listens. */
interface ListeningProtocol {
  /** As RabbitMQ's API calls it: `amqp`, `mqtt`, `stomp`. */
  readonly id: string;
  make(config: Config, broker: Broker): Protocol;
  readonly tcp: KeysOf<ReadonlyMap<string, ListenerAddress>>;
  /** The same with TLS; all of them show the certificate of `ssl_options`. */
  readonly tls: KeysOf<ReadonlyMap<string, ListenerAddress>>;
  /** What stands before `.backlog`. */
  readonly tcpOptions: PrefixOf<'backlog'>;
  readonly proxyProtocol: KeysOf<boolean>;
  readonly web: WebListening;
}

/** How a protocol is spoken over WebSocket; see WebSocketRules. */
interface WebListening {
  readonly tcp: KeysOf<ListenerAddress | null>;
  /** The address where `tcp` has none. */
  readonly tcpIp: KeysOf<string | null>;
  readonly tls: KeysOf<ListenerAddress | null>;
  readonly tlsIp: KeysOf<string | null>;
  /** What stands before `.certfile`: see webTls() of config-options-tls.ts. */
  readonly certificate: CertificatePrefix;
  readonly proxyProtocol: KeysOf<boolean>;
  /** What stands before `.max_frame_size`. */
  readonly options: PrefixOf<'idle_timeout'>;
  readonly path: KeysOf<string>;
  readonly origins: KeysOf<readonly string[]>;
  /** Whether frames are text or binary, where the protocol has both. */
  readonly frame: KeysOf<'text' | 'binary'> | null;
  /** Whether the HTTP request says who a client is. */
  readonly httpLogin: KeysOf<boolean> | null;
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
    tcpOptions: 'tcp_listen_options',
    tls: 'listeners.ssl',
    proxyProtocol: 'proxy_protocol',
    web: {
      tcp: 'web_amqp.tcp.port',
      tcpIp: 'web_amqp.tcp.ip',
      tls: 'web_amqp.ssl.port',
      tlsIp: 'web_amqp.ssl.ip',
      certificate: 'web_amqp.ssl',
      proxyProtocol: 'web_amqp.proxy_protocol',
      options: 'web_amqp.ws_opts',
      path: 'web_amqp.ws_path',
      origins: 'web_amqp.allow_origins',
      frame: null,
      httpLogin: null,
      managementPath: '/ws/amqp',
      subprotocols: ['amqp'],
      // Clients of AMQP 0-9-1 in browsers (amqp-client.js) name none.
      subprotocolRequired: false,
      text: false,
    },
  },
  {
    id: 'mqtt',
    make: mqttOf,
    tcp: 'mqtt.listeners.tcp',
    tcpOptions: 'mqtt.tcp_listen_options',
    tls: 'mqtt.listeners.ssl',
    proxyProtocol: 'mqtt.proxy_protocol',
    web: {
      tcp: 'web_mqtt.tcp.port',
      tcpIp: 'web_mqtt.tcp.ip',
      tls: 'web_mqtt.ssl.port',
      tlsIp: 'web_mqtt.ssl.ip',
      certificate: 'web_mqtt.ssl',
      proxyProtocol: 'web_mqtt.proxy_protocol',
      options: 'web_mqtt.ws_opts',
      path: 'web_mqtt.ws_path',
      origins: 'web_mqtt.allow_origins',
      frame: null,
      httpLogin: null,
      managementPath: '/ws/mqtt',
      subprotocols: ['mqtt', 'mqttv3.1'],
      // [MQTT-6.0.0-3]
      subprotocolRequired: true,
      text: false,
    },
  },
  {
    id: 'stomp',
    make: stompOf,
    tcp: 'stomp.listeners.tcp',
    tcpOptions: 'stomp.tcp_listen_options',
    tls: 'stomp.listeners.ssl',
    proxyProtocol: 'stomp.proxy_protocol',
    web: {
      tcp: 'web_stomp.tcp.port',
      tcpIp: 'web_stomp.tcp.ip',
      tls: 'web_stomp.ssl.port',
      tlsIp: 'web_stomp.ssl.ip',
      certificate: 'web_stomp.ssl',
      proxyProtocol: 'web_stomp.proxy_protocol',
      options: 'web_stomp.ws_opts',
      path: 'web_stomp.ws_path',
      origins: 'web_stomp.allow_origins',
      frame: 'web_stomp.ws_frame',
      httpLogin: 'web_stomp.use_http_auth',
      managementPath: '/ws/stomp',
      subprotocols: ['v12.stomp', 'v11.stomp', 'v10.stomp'],
      // RabbitMQ takes clients that name none, and old ones do.
      subprotocolRequired: false,
      text: true,
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
  const keys = PROTOCOLS.flatMap(({ tcp, tls, web }) => [tcp, tls, web.tcp, web.tls]);
  const named = (key: string): boolean =>
    Object.keys(overrides).some((other) => other === key || other.startsWith(`${key}.`));
  const nowhere = keys.filter((key) => key !== 'listeners.tcp' && !named(key));
  return Config.from({
    'listeners.tcp.default': '127.0.0.1:0',
    memory_only: overrides.data_dir === undefined,
    ...(named('management.tcp.port') ? {} : { 'management.tcp.port': 'none' }),
    ...(named('prometheus.tcp.port') ? {} : { 'prometheus.tcp.port': 'none' }),
    ...Object.fromEntries(nowhere.map((key) => [key, 'none'])),
    // What the program around it uses is not the broker's business.
    'vm_memory_high_watermark.relative': 1,
    ...overrides,
  });
}

/** What listens, and what the management port can take by WebSocket. */
export interface Listening {
  readonly listeners: readonly Listener[];
  /** For the 'upgrade' event of the management port; see WebSocketEndpoint.handleUpgrade(). */
  readonly endpoints: readonly WebSocketEndpoint[];
  /** The certificates that they show. */
  readonly identities: TlsIdentities;
}

/**
 * Makes all listeners; none listens yet.
 * @throws Error if a listener with TLS lacks something
 */
export function makeListeners(config: Config, broker: Broker, shared: Shared): Listening {
  const listeners: Listener[] = [];
  const endpoints: WebSocketEndpoint[] = [];
  const identities = new TlsIdentities(config, shared.log);
  for (const row of PROTOCOLS) {
    const { id, web } = row;
    const protocol = row.make(config, broker);
    const tcp = {
      backlog: config.get(`${row.tcpOptions}.backlog`),
      noDelay: config.get(`${row.tcpOptions}.nodelay`),
      keepAlive: config.get(`${row.tcpOptions}.keepalive`),
      handshakeTimeoutMs: config.get('handshake_timeout'),
    };
    const add = (key: OptionKey, address: ListenerAddress, layers: EntranceOptions): void => {
      const optional = id !== 'amqp' && config.source(key) === 'default';
      const all = { id, ...address, ...tcp, ...layers, optional };
      listeners.push(new Listener(protocol, all, shared));
    };
    const proxyProtocol = config.get(row.proxyProtocol);
    for (const address of config.get(row.tcp).values()) add(row.tcp, address, { proxyProtocol });
    for (const address of config.get(row.tls).values()) {
      add(row.tls, address, { proxyProtocol, tls: identities.of('ssl_options', row.tls) });
    }
    const webSocket = webSocketRules(web, [config.get(web.path)], config);
    const layers = { webSocket, proxyProtocol: config.get(web.proxyProtocol) };
    const plain = config.get(web.tcp);
    if (plain !== null) add(web.tcp, at(plain, config.get(web.tcpIp)), layers);
    const secure = config.get(web.tls);
    if (secure !== null) {
      const tls = identities.of(web.certificate, web.tls);
      add(web.tls, at(secure, config.get(web.tlsIp)), { ...layers, tls });
    }
    // The console is below the prefix, and whatever it connects to is beside it.
    const prefix = config.get('management.path_prefix');
    const paths = [...new Set([web.managementPath, `${prefix}${web.managementPath}`])];
    const rules = webSocketRules(web, paths, config);
    endpoints.push(new WebSocketEndpoint(protocol, rules, shared));
  }
  return { listeners, endpoints, identities };
}

/** The address, with `ip` for its host if it has none. */
function at(address: ListenerAddress, ip: string | null): ListenerAddress {
  return { host: address.host ?? ip, port: address.port };
}

function webSocketRules(web: WebListening, paths: string[], config: Config): WebSocketRules {
  const { subprotocols, subprotocolRequired, text } = web;
  const largest = config.get('max_message_size') + WEBSOCKET_OVERHEAD_BYTES;
  const messageBytes = Math.min(largest, config.get(`${web.options}.max_frame_size`));
  const idleTimeoutMs = config.get(`${web.options}.idle_timeout`);
  return {
    ...{ paths, subprotocols, subprotocolRequired, text, messageBytes, idleTimeoutMs },
    origins: config.get(web.origins),
    sendsBinary: web.frame !== null && config.get(web.frame) === 'binary',
    keepsLogin: web.httpLogin !== null && config.get(web.httpLogin),
  };
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

function mqttOf(config: Config, broker: Broker): Protocol {
  return new Mqtt(broker, {
    vhost: config.get('mqtt.vhost'),
    exchange: config.get('mqtt.exchange'),
    prefetch: config.get('mqtt.prefetch'),
    receiveMaximum: config.get('mqtt.receive_maximum'),
    maxSessionExpirySeconds: config.get('mqtt.max_session_expiry_interval_seconds'),
    maxPacketBytesUnauthenticated: config.get('mqtt.max_packet_size_unauthenticated'),
    maxPacketBytes: config.get('mqtt.max_packet_size_authenticated'),
    topicAliasMaximum: config.get('mqtt.topic_alias_maximum'),
    maxKeepAliveSeconds: config.get('mqtt.max_keep_alive'),
    disconnectOnUnauthorized: config.get('mqtt.disconnect_on_unauthorized'),
    anonymous: anonymousOf(config),
    certificateLogin: config.get('mqtt.ssl_cert_login'),
    certificateClientId: certificateClientId(config),
    durableQueueType: config.get('mqtt.durable_queue_type'),
    qos0QueueBytes: config.get('mqtt.qos0_queue_size'),
    retained: {
      messages: config.get('mqtt.retained_messages_max'),
      bytes: config.get('mqtt.retained_bytes_max'),
    },
    loginTimeoutMs: config.get('mqtt.login_timeout'),
    version: VERSION,
  });
}

/** Where in a certificate the client identifier is; null if it need not be there. */
function certificateClientId(config: Config): CertificateNameRule | null {
  const from = config.get('mqtt.ssl_cert_client_id_from');
  const sanType = config.get('mqtt.ssl_cert_login_san_type');
  const sanIndex = config.get('mqtt.ssl_cert_login_san_index');
  return from === null ? null : { from, sanType, sanIndex };
}

/** Who clients without a user name are; null if they are nobody. */
function anonymousOf(config: Config): { username: string; password: string } | null {
  const username = config.get('anonymous_login_user');
  const asked = config.source('mqtt.allow_anonymous') !== 'default';
  const named = config.source('anonymous_login_user') !== 'default';
  const allowed = asked ? config.get('mqtt.allow_anonymous') : named;
  const password = config.get('anonymous_login_pass');
  return !allowed || username === null || password === null ? null : { username, password };
}

function stompOf(config: Config, broker: Broker): Protocol {
  return new Stomp(broker, {
    defaultVhost: config.get('stomp.default_vhost'),
    defaultUser: config.get('stomp.default_user'),
    defaultPassword: config.get('stomp.default_pass') ?? '',
    certificateLogin: config.get('stomp.ssl_cert_login'),
    httpLogin: config.get('web_stomp.use_http_auth'),
    topicExchange: config.get('stomp.default_topic_exchange'),
    nackRequeues: config.get('stomp.default_nack_requeue'),
    implicitConnect: config.get('stomp.implicit_connect'),
    hideServer: config.get('stomp.hide_server_info'),
    maxFrameBytes: config.get('stomp.max_frame_size'),
    maxFrameBytesBeforeLogin: config.get('stomp.max_frame_size_unauthenticated'),
    loginTimeoutMs: config.get('stomp.login_timeout'),
  });
}
