/**
 * The options of HTTP: the management API. Part of the table in config-options.ts; read it for
 * what a row means.
 */
import { isIP } from 'node:net';
import { list, single } from './config-option.ts';
import { webAddress, webListener } from './config-options-network.ts';
import { webTls } from './config-options-tls.ts';
import {
  boolean,
  integer,
  listener,
  milliseconds,
  oneOf,
  orNone,
  size,
  string,
  type ValueType,
} from './config-value.ts';

const MANAGEMENT = 'Management API';
const METRICS = 'Metrics';
const TRACES = 'Live traces';
const EVENTS = 'Events';
const WEBHOOKS = 'Webhooks';

const address: ValueType<string> = {
  placeholder: '<address>',
  expected: 'an IP address',
  parse: (text) => (isIP(text) !== 0 ? text : undefined),
};

const pathPrefix: ValueType<string> = {
  placeholder: '<path>',
  expected: 'a path that begins with a slash, such as /rabbit',
  parse: (text) => (/^(\/[\w.~-]+)*\/?$/.test(text) ? text.replace(/\/$/, '') : undefined),
};

export const MANAGEMENT_OPTIONS = {
  'trace.max_messages': single({
    group: TRACES,
    type: integer(1, 1_000_000),
    default: '10000',
    text: 'How many messages a live trace (`warren trace`, the console) may keep at most.',
  }),
  'trace.max_bytes': single({
    group: TRACES,
    type: size(64 * 1024, 2 ** 40),
    default: '16MB',
    text: 'The memory that each of them may take, of which there are at most 16 at a time.',
  }),
  'event_exchange.enabled': single({
    group: EVENTS,
    type: boolean,
    default: 'false',
    text:
      'Whether the broker publishes its events (queue.created, connection.closed …) to the topic ' +
      'exchange amq.rabbitmq.event, with all there is to say in the headers.',
  }),
  'event_exchange.vhost': single({
    group: EVENTS,
    type: string(1, 255),
    default: '/',
    text: 'The virtual host of that exchange.',
  }),
  'prometheus.tcp.port': single({
    group: METRICS,
    type: orNone(listener),
    default: '15692',
    text:
      'Where Prometheus finds the metrics: a port, or an address and a port; "none" for nowhere. ' +
      'If the default is taken by somebody else, the broker starts without them and says so.',
  }),
  'prometheus.tcp.ip': single({
    group: METRICS,
    type: orNone(address),
    default: 'none',
    text: 'The address that they are at; with "none" every interface.',
  }),
  'prometheus.ssl.port': webListener(
    METRICS,
    [],
    'Where Prometheus finds the metrics by HTTPS, usually port 15691; "none" for nowhere.',
    'none',
  ),
  'prometheus.ssl.ip': webAddress(METRICS, 'prometheus.ssl.port'),
  ...webTls(METRICS, 'prometheus.ssl'),
  'prometheus.path': single({
    group: METRICS,
    type: pathPrefix,
    default: '/metrics',
    text: 'The path of the metrics.',
  }),
  'prometheus.return_per_object_metrics': single({
    group: METRICS,
    type: boolean,
    default: 'false',
    text:
      'Whether they have a line for each queue, channel and connection instead of their sum, ' +
      'which /metrics/per-object has in any case.',
  }),
  'prometheus.authentication.enabled': single({
    group: METRICS,
    type: boolean,
    default: 'false',
    text: 'Whether who asks for them has to log in, as somebody with the tag monitoring.',
  }),

  'webhooks.private_targets': single({
    group: WEBHOOKS,
    type: boolean,
    default: 'false',
    text:
      'Whether webhooks may be sent to this machine and to private networks. Whoever makes one ' +
      'can then reach there what the broker can reach.',
  }),
  'webhooks.cacertfile': single({
    group: WEBHOOKS,
    type: string(0, 4096),
    default: '',
    text: 'The authorities that vouch for targets, as PEM; if empty those that Node knows.',
  }),

  'management.tcp.port': single({
    group: MANAGEMENT,
    type: orNone(listener),
    default: '15672',
    aliases: ['management.listener.port'],
    text:
      'Where the management API listens: a port, or an address and a port; "none" for nowhere. ' +
      'If the default is taken by somebody else, the broker starts without it and says so.',
  }),
  'management.tcp.ip': single({
    group: MANAGEMENT,
    type: orNone(address),
    default: 'none',
    aliases: ['management.listener.ip'],
    text: 'The address it listens on; with "none" every interface.',
  }),
  'management.ssl.port': webListener(
    MANAGEMENT,
    [],
    'Where the management API listens by HTTPS, usually port 15671; "none" for nowhere.',
    'none',
  ),
  'management.ssl.ip': webAddress(MANAGEMENT, 'management.ssl.port'),
  ...webTls(MANAGEMENT, 'management.ssl'),
  'management.path_prefix': single({
    group: MANAGEMENT,
    type: pathPrefix,
    default: '/',
    text: 'What stands before /api in every path, for a reverse proxy: "/rabbit".',
  }),
  'management.http.max_body_size': single({
    group: MANAGEMENT,
    type: size(1024, 1024 * 1024 * 1024),
    default: '20000000',
    text: 'The largest request: definitions and messages are the large ones.',
  }),
  'management.cors.allow_origins': list({
    group: MANAGEMENT,
    type: string(1, 2048),
    member: 'number',
    default: {},
    defaultsReplaced: true,
    none: true,
    text: 'The origins whose pages may call the API from a browser; "*" for any.',
  }),
  'management.cors.max_age': single({
    group: MANAGEMENT,
    type: integer(0, 86_400 * 365),
    default: '1800',
    text: 'How many seconds a browser may remember that it may.',
  }),
  'management.csp.policy': single({
    group: MANAGEMENT,
    type: orNone(string(1, 4096)),
    default: 'none',
    text:
      "The Content-Security-Policy of the console's pages. Without one they load nothing from " +
      'elsewhere, and call nobody but the broker and management.oauth_provider_url. A provider ' +
      'with endpoints in several places needs a policy that names them all.',
  }),
  'management.disable_stats': single({
    group: MANAGEMENT,
    type: boolean,
    default: 'false',
    text: 'Whether the API leaves statistics out, for brokers that are watched by Prometheus only.',
  }),
  'management.rates_mode': single({
    group: MANAGEMENT,
    type: oneOf(['basic', 'detailed', 'none']),
    default: 'basic',
    text:
      'Which counters are sampled for rates and charts. "detailed" also counts all the time ' +
      'which channel publishes to which exchange, and that to which queue; "basic" only while ' +
      'somebody looks at one. "none" is the same as "management.disable_stats = true".',
  }),
  collect_statistics_interval: single({
    group: MANAGEMENT,
    type: milliseconds(1000, 86_400_000),
    default: '5000',
    text: 'The time between two samples of every counter.',
  }),
} as const;
