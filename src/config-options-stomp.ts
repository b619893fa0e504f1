/**
 * The options of STOMP, over TCP, TLS and WebSocket. Part of the table in config-options.ts; read
 * it for what a row means.
 */
import { single } from './config-option.ts';
import {
  allowOrigins,
  listeners,
  tcpOptions,
  webAddress,
  webListener,
  webSocketOptions,
} from './config-options-network.ts';
import { proxyProtocol, webTls } from './config-options-tls.ts';
import { boolean, milliseconds, oneOf, orInfinity, orNone, size, string } from './config-value.ts';

const STOMP = 'STOMP';

/** RabbitMQ refuses a larger max_message_size; also bounds the frame sizes. */
const MAX_FRAME_SIZE_LIMIT = 512 * 1024 * 1024;

export const STOMP_OPTIONS = {
  'stomp.listeners.tcp': listeners(
    STOMP,
    'Where STOMP clients connect, written as listeners.tcp is; "none" for nowhere.',
    '61613',
  ),
  'stomp.listeners.ssl': listeners(
    STOMP,
    'Where STOMP clients connect with TLS, usually port 61614, written as for listeners.tcp. ' +
      'Needs ssl_options.certfile and ssl_options.keyfile.',
    null,
  ),
  ...tcpOptions(STOMP, 'stomp.tcp_listen_options'),
  'stomp.proxy_protocol': proxyProtocol(STOMP, 'STOMP clients'),
  'web_stomp.tcp.port': webListener(
    STOMP,
    ['web_stomp.tcp.listener', 'web_stomp.port'],
    'Where STOMP clients connect over WebSocket, such as those in browsers; "none" for nowhere.',
    '15674',
  ),
  'web_stomp.tcp.ip': webAddress(STOMP, 'web_stomp.tcp.port'),
  'web_stomp.ssl.port': webListener(
    STOMP,
    ['web_stomp.ssl.listener'],
    'Where STOMP clients connect over WebSocket with TLS (wss://), usually port 15673; "none" ' +
      'for nowhere.',
    'none',
  ),
  'web_stomp.ssl.ip': webAddress(STOMP, 'web_stomp.ssl.port'),
  ...webTls(STOMP, 'web_stomp.ssl'),
  'web_stomp.proxy_protocol': proxyProtocol(STOMP, 'STOMP clients over WebSocket'),
  'web_stomp.allow_origins': allowOrigins(STOMP),
  'web_stomp.ws_frame': single({
    group: STOMP,
    type: oneOf(['text', 'binary']),
    default: 'text',
    text:
      'Whether what STOMP clients get over WebSocket comes in text frames, where it is UTF-8, or ' +
      'always in binary ones.',
  }),
  'web_stomp.use_http_auth': single({
    group: STOMP,
    type: boolean,
    default: 'false',
    text:
      'Whether STOMP clients over WebSocket are whom their HTTP request names (Basic), and ' +
      'without that stomp.default_user, whatever their CONNECT says.',
  }),
  ...webSocketOptions(STOMP, 'web_stomp.ws_opts'),
  'web_stomp.ws_path': single({
    group: STOMP,
    type: string(1, 255),
    default: '/ws',
    text: 'The path at which STOMP clients open their WebSocket.',
  }),
  'stomp.default_vhost': single({
    group: STOMP,
    type: string(1, 255),
    default: '/',
    text: 'The virtual host of STOMP clients that ask for none, or for one by a host name.',
  }),
  'stomp.default_user': single({
    group: STOMP,
    type: orNone(string(1, 255)),
    default: 'none',
    text:
      'Whom STOMP clients are that name nobody when they connect; "none" turns them away. Mind ' +
      'that anybody who reaches the port can be this user.',
  }),
  'stomp.default_pass': single({
    group: STOMP,
    type: orNone(string(0, 4096)),
    default: 'none',
    secret: true,
    text: 'The password of stomp.default_user.',
  }),
  'stomp.ssl_cert_login': single({
    group: STOMP,
    type: boolean,
    default: 'false',
    text:
      'Whether STOMP clients that name nobody are the user that their TLS certificate names, as ' +
      'ssl_cert_login_from reads it; no password is asked then.',
  }),
  'stomp.implicit_connect': single({
    group: STOMP,
    type: boolean,
    default: 'false',
    text: 'Whether a STOMP client may leave CONNECT out, to be stomp.default_user at once.',
  }),
  'stomp.default_topic_exchange': single({
    group: STOMP,
    type: string(1, 255),
    default: 'amq.topic',
    text: 'The exchange that /topic destinations publish to and are bound to.',
  }),
  'stomp.default_nack_requeue': single({
    group: STOMP,
    type: boolean,
    default: 'true',
    text:
      'Whether a NACK without a "requeue" header puts the message back into its queue; otherwise ' +
      'it is dead-lettered.',
  }),
  'stomp.hide_server_info': single({
    group: STOMP,
    type: boolean,
    default: 'false',
    text: 'Whether CONNECTED leaves out the "server" header.',
  }),
  'stomp.login_timeout': single({
    group: STOMP,
    type: orInfinity(milliseconds(1, 86_400_000)),
    default: { sameAs: 'handshake_timeout' },
    text: 'How long a STOMP client may take from connecting until it is logged in.',
  }),
  'stomp.max_frame_size': single({
    group: STOMP,
    type: size(1, MAX_FRAME_SIZE_LIMIT),
    default: { sameAs: 'max_message_size' },
    text: 'The largest body of a STOMP frame; never more than max_message_size.',
  }),
  'stomp.max_frame_size_unauthenticated': single({
    group: STOMP,
    type: size(1024, MAX_FRAME_SIZE_LIMIT),
    default: '65536',
    text: 'The largest STOMP frame of a client that is not logged in yet.',
  }),
} as const;
