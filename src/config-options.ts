/**
 * The option table: every setting of the broker with its key, type, default and documentation.
 * The typed Config, `--help`, config/warren.conf and the messages about wrong keys all come from
 * here. To add an option, add a row and run `node scripts/config-sample.ts`; list only what has
 * an effect. Keys are RabbitMQ's wherever RabbitMQ has the setting.
 */
import {
  type AnyOption,
  aroundMember,
  type FamilyOption,
  type SingleOption,
  single,
} from './config-option.ts';
import { ACCESS_OPTIONS } from './config-options-access.ts';
import { AUTH_OPTIONS } from './config-options-auth.ts';
import { DEFINITIONS_OPTIONS } from './config-options-definitions.ts';
import { LDAP_OPTIONS } from './config-options-ldap.ts';
import { MANAGEMENT_OPTIONS } from './config-options-management.ts';
import { MQTT_OPTIONS } from './config-options-mqtt.ts';
import { NETWORK_OPTIONS } from './config-options-network.ts';
import { OAUTH2_OPTIONS } from './config-options-oauth2.ts';
import { POLICY_OPTIONS } from './config-options-policies.ts';
import { RESOURCE_OPTIONS } from './config-options-resources.ts';
import { STOMP_OPTIONS } from './config-options-stomp.ts';
import { TLS_OPTIONS } from './config-options-tls.ts';
import {
  boolean,
  integer,
  milliseconds,
  oneOf,
  orInfinity,
  orNone,
  seconds,
  size,
  string,
} from './config-value.ts';

const QUEUES = 'Queues';
const LIMITS = 'Protocol limits';
const LOGGING = 'Logging';
const IDENTITY = 'Identity';
const STORAGE = 'Storage';

/** RabbitMQ refuses a larger max_message_size; also bounds the frame sizes. */
const MAX_MESSAGE_SIZE_LIMIT = 512 * 1024 * 1024;

/** Smaller files would cost more than they spare; offsets in larger ones would not fit. */
const MIN_SEGMENT_SIZE = 1024 * 1024;
const MAX_SEGMENT_SIZE = 1024 * 1024 * 1024;

/** The smallest frame-max that every AMQP peer must accept [AMQP 4.2.3]. */
const FRAME_MIN_SIZE = 4096;

/** AMQP's short strings carry names of users and virtual hosts [AMQP 4.2.5.3]. */
const name = string(1, 255);

/** Warren has no levels between warning and info, nor above critical. */
const logLevel = oneOf(['debug', 'info', 'warning', 'error', 'critical', 'none'], {
  notice: 'warning',
  alert: 'critical',
  emergency: 'critical',
});

export const OPTIONS = {
  ...NETWORK_OPTIONS,
  ...TLS_OPTIONS,
  ...MQTT_OPTIONS,
  ...RESOURCE_OPTIONS,
  ...STOMP_OPTIONS,
  ...ACCESS_OPTIONS,
  ...AUTH_OPTIONS,
  ...OAUTH2_OPTIONS,
  ...LDAP_OPTIONS,
  ...POLICY_OPTIONS,

  data_dir: single({
    group: STORAGE,
    type: string(1, 4096),
    default: './data',
    text:
      'Where definitions and messages are kept. Made if it is not there, closed to everybody but ' +
      'the user that the broker runs as, and locked: one broker a directory.',
  }),
  memory_only: single({
    group: STORAGE,
    type: boolean,
    default: 'false',
    text: 'Keeps nothing on disk: what the broker knows is gone when it ends.',
  }),
  msg_store_file_size_limit: single({
    group: STORAGE,
    type: size(MIN_SEGMENT_SIZE, MAX_SEGMENT_SIZE),
    default: '67108864',
    text:
      'How large a file of the message log gets before the next one is begun. Space is given ' +
      'back by the file: small ones keep the disk emptier, large ones the start faster.',
  }),

  heartbeat: single({
    group: LIMITS,
    type: seconds(0, 65_535),
    default: '60',
    text:
      'The heartbeat proposed to AMQP clients; the client decides. A peer that is silent for two ' +
      'to three times as long is disconnected. 0 proposes none.',
  }),
  frame_max: single({
    group: LIMITS,
    type: size(FRAME_MIN_SIZE, MAX_MESSAGE_SIZE_LIMIT),
    default: '131072',
    text: 'The largest AMQP frame that a client may send or be sent.',
  }),
  initial_frame_max: single({
    group: LIMITS,
    type: size(FRAME_MIN_SIZE, MAX_MESSAGE_SIZE_LIMIT),
    default: '8192',
    text: 'The largest frame before the client is logged in; long tokens may need more.',
  }),
  channel_max: single({
    group: LIMITS,
    type: integer(0, 65_535),
    default: '2047',
    aliases: ['max_channels_per_connection'],
    text: 'How many channels a connection may have open. 0 means as many as AMQP can number.',
  }),
  max_message_size: single({
    group: LIMITS,
    type: size(1, MAX_MESSAGE_SIZE_LIMIT),
    default: '16777216',
    text: 'The largest message body that may be published.',
  }),

  default_queue_type: single({
    group: QUEUES,
    type: oneOf(['classic', 'quorum']),
    default: 'classic',
    text:
      'The type of queues that are declared without x-queue-type. Transient, exclusive, ' +
      'auto-delete and server-named ones are classic all the same.',
  }),
  consumer_timeout: single({
    group: QUEUES,
    type: orInfinity(milliseconds(1, 315_360_000_000)),
    default: '1800000',
    text:
      'How long a consumer of a quorum queue may hold a message before it is cancelled and the ' +
      'message goes back. Queues, policies and consumers can say otherwise.',
  }),
  'quorum_queue.property_equivalence.relaxed_checks_on_redeclaration': single({
    group: QUEUES,
    type: boolean,
    default: 'false',
    text: 'Whether a quorum queue may be declared again as if it were a classic queue.',
  }),

  nodename: single({
    group: IDENTITY,
    type: orNone(string(1, 255)),
    default: 'none',
    env: ['RABBITMQ_NODENAME'],
    text: 'How tools call this node; with "none", "rabbit@" and the name of the machine.',
  }),
  cluster_name: single({
    group: IDENTITY,
    type: name,
    default: 'warren',
    text: 'How the broker introduces itself to clients.',
  }),

  ...DEFINITIONS_OPTIONS,
  ...MANAGEMENT_OPTIONS,

  'log.level': single({
    group: LOGGING,
    type: logLevel,
    default: 'info',
    aliases: ['log.default.level'],
    text: 'The least urgent lines that are logged.',
  }),
  'log.console': single({
    group: LOGGING,
    type: boolean,
    default: 'true',
    text: 'Whether the log goes to standard output.',
  }),
  'log.exchange': single({
    group: LOGGING,
    type: boolean,
    default: 'false',
    text:
      'Whether the log is published to the topic exchange amq.rabbitmq.log of the default ' +
      'virtual host, too, with the level as routing key.',
  }),
  'log.exchange.level': single({
    group: LOGGING,
    type: logLevel,
    default: { sameAs: 'log.level' },
    text: 'The least urgent lines that are published there.',
  }),
  'log.console.level': single({
    group: LOGGING,
    type: logLevel,
    default: { sameAs: 'log.level' },
    text: 'The least urgent lines on standard output.',
  }),
  'log.console.formatter': single({
    group: LOGGING,
    type: oneOf(['plaintext', 'json']),
    default: 'plaintext',
    text: 'Whether lines are text for people or JSON objects for machines.',
  }),
} as const satisfies Readonly<Record<string, AnyOption>>;

export type Options = typeof OPTIONS;

/** A key of `Config.get`: that of a single option, or what a family's members start with. */
export type OptionKey = keyof Options;

/** What `Config.get` answers for a key. */
export type OptionValue<Key extends OptionKey> = ValueOf<Options[Key]>;

/** Of several options, what any of them has. */
type ValueOf<Option> =
  Option extends SingleOption<infer T>
    ? T
    : Option extends FamilyOption<infer T, 'map'>
      ? ReadonlyMap<string, T>
      : Option extends FamilyOption<infer T, 'list'>
        ? readonly T[]
        : ReadonlySet<string>;

/** The table without its exact types, for code that walks it. */
export const ALL_OPTIONS: ReadonlyMap<OptionKey, AnyOption> = new Map(
  Object.entries(OPTIONS) as [OptionKey, AnyOption][],
);

/** What a key in a file means: an option, and of a family the member, null being all of it. */
export interface OptionReference {
  readonly key: OptionKey;
  readonly option: AnyOption;
  readonly member: string | null;
}

/** The option that a written key sets, or null. Dots within a member's name are written `\.`. */
export function findOption(written: string): OptionReference | null {
  for (const [key, option] of ALL_OPTIONS) {
    if (option.kind === 'single') {
      const names = [key, ...(option.aliases ?? [])];
      if (names.includes(written)) return { key, option, member: null };
      continue;
    }
    if (written === key) return option.none ? { key, option, member: null } : null;
    const [before, behind] = aroundMember(key);
    if (!written.startsWith(before) || !written.endsWith(behind)) continue;
    const member = written.slice(before.length, written.length - behind.length);
    if (written.length < before.length + behind.length || /(?<!\\)\./.test(member)) continue;
    return { key, option, member: member.replaceAll('\\.', '.') };
  }
  return null;
}

/** The variable that sets a key: `WARREN_LISTENERS_TCP_DEFAULT`. */
export function variableOf(key: string): string {
  return `WARREN_${shouted(key)}`;
}

/** What stands before and behind the names of a family in its variables. */
export function aroundVariable(key: string): readonly [before: string, behind: string] {
  const [before, behind] = aroundMember(key);
  return [variableOf(before), shouted(behind)];
}

function shouted(text: string): string {
  return text.toUpperCase().replace(/[^A-Z0-9]/g, '_');
}
