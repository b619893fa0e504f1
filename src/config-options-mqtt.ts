/**
 * The options of MQTT: listeners, limits, sessions, retained messages. Part of the table in
 * config-options.ts; read it for what a row means.
 */
import { type SingleOption, single } from './config-option.ts';
import {
  allowOrigins,
  listeners,
  tcpOptions,
  webAddress,
  webListener,
  webSocketOptions,
} from './config-options-network.ts';
import { proxyProtocol, webTls } from './config-options-tls.ts';
import {
  boolean,
  integer,
  milliseconds,
  oneOf,
  orInfinity,
  orNone,
  size,
  string,
} from './config-value.ts';

const MQTT = 'MQTT';

/** Packets cannot be larger [MQTT 2.1.4]. */
const MAX_PACKET_BYTES = 268_435_460;

const CERTIFICATE_NAMES = [
  'distinguished_name',
  'common_name',
  'subject_alternative_name',
] as const;

/** Where in a certificate a name is. */
const certificateName = { ...oneOf(CERTIFICATE_NAMES), placeholder: '<part>' };

const YEARS_IN_SECONDS = 4_294_967_294;

function packetSize(byDefault: string, text: string): SingleOption<number> {
  return single({ group: MQTT, type: size(1024, MAX_PACKET_BYTES), default: byDefault, text });
}

export const MQTT_OPTIONS = {
  'mqtt.listeners.tcp': listeners(
    MQTT,
    'Where MQTT clients connect, written like listeners.tcp; "mqtt.listeners.tcp = none" for ' +
      'nowhere.',
    '1883',
  ),
  'mqtt.listeners.ssl': listeners(
    MQTT,
    'Where MQTT clients connect with TLS, usually port 8883, written like listeners.ssl.',
    null,
  ),
  ...tcpOptions(MQTT, 'mqtt.tcp_listen_options'),
  'mqtt.proxy_protocol': proxyProtocol(MQTT, 'MQTT clients'),
  'web_mqtt.tcp.port': webListener(
    MQTT,
    ['web_mqtt.tcp.listener'],
    'Where MQTT clients connect over WebSocket, such as those in browsers; "none" for nowhere.',
    '15675',
  ),
  'web_mqtt.tcp.ip': webAddress(MQTT, 'web_mqtt.tcp.port'),
  'web_mqtt.ssl.port': webListener(
    MQTT,
    ['web_mqtt.ssl.listener'],
    'Where MQTT clients connect over WebSocket with TLS, usually port 15676; "none" for nowhere.',
    'none',
  ),
  'web_mqtt.ssl.ip': webAddress(MQTT, 'web_mqtt.ssl.port'),
  ...webTls(MQTT, 'web_mqtt.ssl'),
  'web_mqtt.proxy_protocol': proxyProtocol(MQTT, 'MQTT clients over WebSocket'),
  'web_mqtt.allow_origins': allowOrigins(MQTT),
  ...webSocketOptions(MQTT, 'web_mqtt.ws_opts'),
  'web_mqtt.ws_path': single({
    group: MQTT,
    type: string(1, 255),
    default: '/ws',
    text: 'The path at which MQTT clients open their WebSocket.',
  }),
  'mqtt.vhost': single({
    group: MQTT,
    type: string(1, 255),
    default: '/',
    text: 'The virtual host of clients whose user name does not name one, as in "vhost:user".',
  }),
  'mqtt.exchange': single({
    group: MQTT,
    type: string(1, 255),
    default: 'amq.topic',
    text:
      'The topic exchange that carries all topics. Levels are separated by "/" in topics and by ' +
      '"." in routing keys.',
  }),
  'mqtt.allow_anonymous': single({
    group: MQTT,
    type: boolean,
    default: 'false',
    text:
      'Whether clients may connect without a user name; they are anonymous_login_user then. In ' +
      'RabbitMQ they may by default.',
  }),
  'mqtt.login_timeout': single({
    group: MQTT,
    type: orInfinity(milliseconds(1, 86_400_000)),
    default: { sameAs: 'handshake_timeout' },
    text: 'How long an MQTT client may take from connecting until it is logged in.',
  }),
  'mqtt.ssl_cert_login': single({
    group: MQTT,
    type: boolean,
    default: 'false',
    text: 'Whether a client certificate is enough to log in, by the name that it holds.',
  }),
  'mqtt.ssl_cert_client_id_from': single({
    group: MQTT,
    type: orNone(certificateName),
    default: 'none',
    text: 'Where in a certificate the client identifier is; a client may then have no other one.',
  }),
  'mqtt.ssl_cert_login_san_type': single({
    group: MQTT,
    type: oneOf(['dns', 'ip', 'email', 'uri']),
    default: 'dns',
    text:
      'Of which type the subject alternative name is that counts as client identifier; for users ' +
      'it is ssl_cert_login_san_type.',
  }),
  'mqtt.ssl_cert_login_san_index': single({
    group: MQTT,
    type: integer(0, 1000),
    default: '0',
    text: 'Which of several of that type is the client identifier; 0 is the first.',
  }),
  'mqtt.prefetch': single({
    group: MQTT,
    type: integer(1, 65_535),
    default: '100',
    text:
      'How many messages of QoS 1 and 2 a client is sent before it acknowledges the first; fewer ' +
      'if it says so itself. RabbitMQ has 10.',
  }),
  'mqtt.receive_maximum': single({
    group: MQTT,
    type: integer(1, 65_535),
    default: '4096',
    text: 'How many messages of QoS 2 a client of MQTT 5 may have sent without releasing them.',
  }),
  'mqtt.max_session_expiry_interval_seconds': single({
    group: MQTT,
    type: orInfinity(integer(0, YEARS_IN_SECONDS)),
    default: '86400',
    text: 'How long at most the session of a client that is away is kept, with its messages.',
  }),
  'mqtt.max_keep_alive': single({
    group: MQTT,
    type: integer(0, 65_535),
    default: '0',
    text: 'The longest keep-alive in seconds that clients of MQTT 5 may have; 0 for any, or none.',
  }),
  'mqtt.max_packet_size_unauthenticated': packetSize(
    '65536',
    'The largest packet before a client is logged in.',
  ),
  'mqtt.max_packet_size_authenticated': packetSize(
    '16777216',
    'The largest packet of a client that is logged in.',
  ),
  'mqtt.topic_alias_maximum': single({
    group: MQTT,
    type: integer(0, 65_535),
    default: '16',
    text: 'How many topic aliases a client of MQTT 5 may use, and is sent at most.',
  }),
  'mqtt.disconnect_on_unauthorized': single({
    group: MQTT,
    type: boolean,
    default: 'true',
    text:
      'Whether a client is disconnected that publishes where it may not and cannot be told so: ' +
      'with QoS 0, or by a version before 5.',
  }),
  'mqtt.durable_queue_type': single({
    group: MQTT,
    type: oneOf(['classic', 'quorum']),
    default: 'classic',
    text: 'The type of the queues of sessions that outlive the connection.',
  }),
  'mqtt.qos0_queue_size': single({
    group: MQTT,
    type: size(0, 2 ** 40),
    default: '16777216',
    text:
      'How many bytes of QoS 0 wait for a client without session that does not keep up; then the ' +
      'oldest are dropped.',
  }),
  'mqtt.retained_messages_max': single({
    group: MQTT,
    type: integer(0, 100_000_000),
    default: '100000',
    text: 'How many retained messages a virtual host keeps; beyond it no new topics are kept.',
  }),
  'mqtt.retained_bytes_max': single({
    group: MQTT,
    type: size(0, 2 ** 40),
    default: '1073741824',
    text: 'How many bytes of retained messages a virtual host keeps.',
  }),
} as const;
