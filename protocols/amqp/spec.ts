/**
 * AMQP 0-9-1 as data: every method with RabbitMQ's extensions, and the basic properties. The only
 * place where a method is described; compile.ts makes codecs of it and the types below follow by
 * inference. Order of fields is order on the wire. Fields named `reserved…` are read and dropped,
 * and written as zero: the specification's reserved ones, and tickets, which nobody uses since
 * 0-9-1. No behaviour here: what a method does is in methods/<class>.ts.
 */
import type { Buffer } from 'node:buffer';
import type { Fields } from '../../src/broker/field.ts';

/** Consecutive bits share octets, the first in the lowest bit [AMQP 4.2.5.2]. */
export type WireType = keyof ValueOfType;

export interface MethodSpec {
  /** Class id, method id. */
  readonly id: readonly [number, number];
  /** Who may send it. */
  readonly from: 'client' | 'server' | 'both';
  /** Is it followed by a content header and body? */
  readonly content?: true;
  readonly fields: Readonly<Record<string, WireType>>;
}

export const METHODS = {
  // Connection: before and around channels; always on channel 0.
  'connection.start': {
    id: [10, 10],
    from: 'server',
    fields: {
      versionMajor: 'octet',
      versionMinor: 'octet',
      serverProperties: 'table',
      mechanisms: 'longstr',
      locales: 'longstr',
    },
  },
  'connection.start-ok': {
    id: [10, 11],
    from: 'client',
    fields: {
      clientProperties: 'table',
      mechanism: 'shortstr',
      response: 'longstr',
      locale: 'shortstr',
    },
  },
  'connection.secure': { id: [10, 20], from: 'server', fields: { challenge: 'longstr' } },
  'connection.secure-ok': { id: [10, 21], from: 'client', fields: { response: 'longstr' } },
  'connection.tune': {
    id: [10, 30],
    from: 'server',
    fields: { channelMax: 'short', frameMax: 'long', heartbeat: 'short' },
  },
  'connection.tune-ok': {
    id: [10, 31],
    from: 'client',
    fields: { channelMax: 'short', frameMax: 'long', heartbeat: 'short' },
  },
  'connection.open': {
    id: [10, 40],
    from: 'client',
    fields: { virtualHost: 'shortstr', reserved1: 'shortstr', reserved2: 'bit' },
  },
  'connection.open-ok': { id: [10, 41], from: 'server', fields: { reserved1: 'shortstr' } },
  'connection.close': {
    id: [10, 50],
    from: 'both',
    fields: { replyCode: 'short', replyText: 'shortstr', classId: 'short', methodId: 'short' },
  },
  'connection.close-ok': { id: [10, 51], from: 'both', fields: {} },
  'connection.blocked': { id: [10, 60], from: 'server', fields: { reason: 'shortstr' } },
  'connection.unblocked': { id: [10, 61], from: 'server', fields: {} },
  'connection.update-secret': {
    id: [10, 70],
    from: 'client',
    fields: { newSecret: 'longstr', reason: 'shortstr' },
  },
  'connection.update-secret-ok': { id: [10, 71], from: 'server', fields: {} },

  // Channel
  'channel.open': { id: [20, 10], from: 'client', fields: { reserved1: 'shortstr' } },
  'channel.open-ok': { id: [20, 11], from: 'server', fields: { reserved1: 'longstr' } },
  'channel.flow': { id: [20, 20], from: 'both', fields: { active: 'bit' } },
  'channel.flow-ok': { id: [20, 21], from: 'both', fields: { active: 'bit' } },
  'channel.close': {
    id: [20, 40],
    from: 'both',
    fields: { replyCode: 'short', replyText: 'shortstr', classId: 'short', methodId: 'short' },
  },
  'channel.close-ok': { id: [20, 41], from: 'both', fields: {} },

  // Access: from 0-8; old clients still ask, and are given ticket 1.
  'access.request': {
    id: [30, 10],
    from: 'client',
    fields: {
      realm: 'shortstr',
      exclusive: 'bit',
      passive: 'bit',
      active: 'bit',
      write: 'bit',
      read: 'bit',
    },
  },
  'access.request-ok': { id: [30, 11], from: 'server', fields: { ticket: 'short' } },

  // Exchange: auto-delete, internal, bind and unbind are RabbitMQ's.
  'exchange.declare': {
    id: [40, 10],
    from: 'client',
    fields: {
      reserved1: 'short',
      exchange: 'shortstr',
      type: 'shortstr',
      passive: 'bit',
      durable: 'bit',
      autoDelete: 'bit',
      internal: 'bit',
      noWait: 'bit',
      arguments: 'table',
    },
  },
  'exchange.declare-ok': { id: [40, 11], from: 'server', fields: {} },
  'exchange.delete': {
    id: [40, 20],
    from: 'client',
    fields: { reserved1: 'short', exchange: 'shortstr', ifUnused: 'bit', noWait: 'bit' },
  },
  'exchange.delete-ok': { id: [40, 21], from: 'server', fields: {} },
  'exchange.bind': {
    id: [40, 30],
    from: 'client',
    fields: {
      reserved1: 'short',
      destination: 'shortstr',
      source: 'shortstr',
      routingKey: 'shortstr',
      noWait: 'bit',
      arguments: 'table',
    },
  },
  'exchange.bind-ok': { id: [40, 31], from: 'server', fields: {} },
  'exchange.unbind': {
    id: [40, 40],
    from: 'client',
    fields: {
      reserved1: 'short',
      destination: 'shortstr',
      source: 'shortstr',
      routingKey: 'shortstr',
      noWait: 'bit',
      arguments: 'table',
    },
  },
  'exchange.unbind-ok': { id: [40, 51], from: 'server', fields: {} },

  // Queue
  'queue.declare': {
    id: [50, 10],
    from: 'client',
    fields: {
      reserved1: 'short',
      queue: 'shortstr',
      passive: 'bit',
      durable: 'bit',
      exclusive: 'bit',
      autoDelete: 'bit',
      noWait: 'bit',
      arguments: 'table',
    },
  },
  'queue.declare-ok': {
    id: [50, 11],
    from: 'server',
    fields: { queue: 'shortstr', messageCount: 'long', consumerCount: 'long' },
  },
  'queue.bind': {
    id: [50, 20],
    from: 'client',
    fields: {
      reserved1: 'short',
      queue: 'shortstr',
      exchange: 'shortstr',
      routingKey: 'shortstr',
      noWait: 'bit',
      arguments: 'table',
    },
  },
  'queue.bind-ok': { id: [50, 21], from: 'server', fields: {} },
  'queue.purge': {
    id: [50, 30],
    from: 'client',
    fields: { reserved1: 'short', queue: 'shortstr', noWait: 'bit' },
  },
  'queue.purge-ok': { id: [50, 31], from: 'server', fields: { messageCount: 'long' } },
  'queue.delete': {
    id: [50, 40],
    from: 'client',
    fields: {
      reserved1: 'short',
      queue: 'shortstr',
      ifUnused: 'bit',
      ifEmpty: 'bit',
      noWait: 'bit',
    },
  },
  'queue.delete-ok': { id: [50, 41], from: 'server', fields: { messageCount: 'long' } },
  'queue.unbind': {
    id: [50, 50],
    from: 'client',
    fields: {
      reserved1: 'short',
      queue: 'shortstr',
      exchange: 'shortstr',
      routingKey: 'shortstr',
      arguments: 'table',
    },
  },
  'queue.unbind-ok': { id: [50, 51], from: 'server', fields: {} },

  // Basic: messages. nack is RabbitMQ's, and goes both ways because of confirms, as ack does.
  'basic.qos': {
    id: [60, 10],
    from: 'client',
    fields: { prefetchSize: 'long', prefetchCount: 'short', global: 'bit' },
  },
  'basic.qos-ok': { id: [60, 11], from: 'server', fields: {} },
  'basic.consume': {
    id: [60, 20],
    from: 'client',
    fields: {
      reserved1: 'short',
      queue: 'shortstr',
      consumerTag: 'shortstr',
      noLocal: 'bit',
      noAck: 'bit',
      exclusive: 'bit',
      noWait: 'bit',
      arguments: 'table',
    },
  },
  'basic.consume-ok': { id: [60, 21], from: 'server', fields: { consumerTag: 'shortstr' } },
  // From the server it says that the queue has gone.
  'basic.cancel': {
    id: [60, 30],
    from: 'both',
    fields: { consumerTag: 'shortstr', noWait: 'bit' },
  },
  'basic.cancel-ok': { id: [60, 31], from: 'both', fields: { consumerTag: 'shortstr' } },
  'basic.publish': {
    id: [60, 40],
    from: 'client',
    content: true,
    fields: {
      reserved1: 'short',
      exchange: 'shortstr',
      routingKey: 'shortstr',
      mandatory: 'bit',
      immediate: 'bit',
    },
  },
  'basic.return': {
    id: [60, 50],
    from: 'server',
    content: true,
    fields: {
      replyCode: 'short',
      replyText: 'shortstr',
      exchange: 'shortstr',
      routingKey: 'shortstr',
    },
  },
  'basic.deliver': {
    id: [60, 60],
    from: 'server',
    content: true,
    fields: {
      consumerTag: 'shortstr',
      deliveryTag: 'longlong',
      redelivered: 'bit',
      exchange: 'shortstr',
      routingKey: 'shortstr',
    },
  },
  'basic.get': {
    id: [60, 70],
    from: 'client',
    fields: { reserved1: 'short', queue: 'shortstr', noAck: 'bit' },
  },
  'basic.get-ok': {
    id: [60, 71],
    from: 'server',
    content: true,
    fields: {
      deliveryTag: 'longlong',
      redelivered: 'bit',
      exchange: 'shortstr',
      routingKey: 'shortstr',
      messageCount: 'long',
    },
  },
  'basic.get-empty': { id: [60, 72], from: 'server', fields: { reserved1: 'shortstr' } },
  'basic.ack': {
    id: [60, 80],
    from: 'both',
    fields: { deliveryTag: 'longlong', multiple: 'bit' },
  },
  'basic.reject': {
    id: [60, 90],
    from: 'client',
    fields: { deliveryTag: 'longlong', requeue: 'bit' },
  },
  'basic.recover-async': { id: [60, 100], from: 'client', fields: { requeue: 'bit' } },
  'basic.recover': { id: [60, 110], from: 'client', fields: { requeue: 'bit' } },
  'basic.recover-ok': { id: [60, 111], from: 'server', fields: {} },
  'basic.nack': {
    id: [60, 120],
    from: 'both',
    fields: { deliveryTag: 'longlong', multiple: 'bit', requeue: 'bit' },
  },

  // Tx
  'tx.select': { id: [90, 10], from: 'client', fields: {} },
  'tx.select-ok': { id: [90, 11], from: 'server', fields: {} },
  'tx.commit': { id: [90, 20], from: 'client', fields: {} },
  'tx.commit-ok': { id: [90, 21], from: 'server', fields: {} },
  'tx.rollback': { id: [90, 30], from: 'client', fields: {} },
  'tx.rollback-ok': { id: [90, 31], from: 'server', fields: {} },

  // Confirm: RabbitMQ's.
  'confirm.select': { id: [85, 10], from: 'client', fields: { noWait: 'bit' } },
  'confirm.select-ok': { id: [85, 11], from: 'server', fields: {} },
} as const satisfies Record<string, MethodSpec>;

/** The class that every content header names. */
export const BASIC_CLASS = 60;

/** Basic's properties: the first has the highest bit of the flags [AMQP 4.2.6.1]. */
export const BASIC_PROPERTIES = {
  contentType: 'shortstr',
  contentEncoding: 'shortstr',
  headers: 'table',
  deliveryMode: 'octet',
  priority: 'octet',
  correlationId: 'shortstr',
  replyTo: 'shortstr',
  expiration: 'shortstr',
  messageId: 'shortstr',
  timestamp: 'timestamp',
  type: 'shortstr',
  userId: 'shortstr',
  appId: 'shortstr',
  clusterId: 'shortstr',
} as const satisfies Record<string, WireType>;

/** What a wire type is in JavaScript. A longlong is exact up to 2⁵³: delivery tags count up. */
interface ValueOfType {
  octet: number;
  short: number;
  long: number;
  longlong: number;
  bit: boolean;
  shortstr: string;
  longstr: Buffer;
  timestamp: number;
  table: Fields;
}

type Specs = typeof METHODS;
type FieldsOf<N extends MethodName> = Specs[N]['fields'];
type NamesFrom<Side extends MethodSpec['from']> = {
  [N in MethodName]: Specs[N]['from'] extends Side ? N : never;
}[MethodName];

export type MethodName = keyof Specs;

/** The arguments of a method by name; reserved fields are not among them. */
export type MethodArguments<N extends MethodName> = {
  readonly [F in keyof FieldsOf<N> as F extends `reserved${number}`
    ? never
    : F]: FieldsOf<N>[F] extends WireType ? ValueOfType[FieldsOf<N>[F]] : never;
};

/** Methods that a client may send. */
export type ClientMethod = NamesFrom<'client' | 'both'>;

/** Methods that a server may send. */
export type ServerMethod = NamesFrom<'server' | 'both'>;

/** Methods that a content follows. */
export type ContentMethod = {
  [N in MethodName]: Specs[N] extends { content: true } ? N : never;
}[MethodName];
