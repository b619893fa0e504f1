/**
 * Negotiation: what client and server tell each other: the protocol header, who the server is,
 * and how large frames and how many channels may be [AMQP 2.2.4, RabbitMQ extensions]. The
 * order of the steps is handshake.ts.
 */
import type { Field, Fields } from '../../src/broker/field.ts';
import { FRAME_MAX_LEAST } from '../../src/limits.ts';
import { RABBITMQ_VERSION } from '../../src/version.ts';
import { AmqpError } from './errors.ts';
import type { MethodArguments } from './spec.ts';

export const PROTOCOL_HEADER_BYTES = 8;

/** `AMQP` 0 0 9 1: sent to a client that speaks something else. */
export const PROTOCOL_HEADER: Buffer = Buffer.from([0x41, 0x4d, 0x51, 0x50, 0, 0, 9, 1]);

/** `AMQP` 1 1 0 9: what clients of AMQP 0-9 send, and RabbitMQ takes too. */
const HEADER_0_9: Buffer = Buffer.from([0x41, 0x4d, 0x51, 0x50, 1, 1, 0, 9]);

export function isProtocolHeader(bytes: Buffer): boolean {
  return bytes.equals(PROTOCOL_HEADER) || bytes.equals(HEADER_0_9);
}

/** Only what works: clients rely on each of these. */
const CAPABILITIES: Fields = new Map<string, Field>([
  ['publisher_confirms', true],
  ['exchange_exchange_bindings', true],
  ['basic.nack', true],
  ['consumer_cancel_notify', true],
  ['connection.blocked', true],
  ['consumer_priorities', true],
  ['authentication_failure_close', true],
  ['per_consumer_qos', true],
  ['direct_reply_to', true],
]);

/** What connection.start says about the server. */
export interface ServerIdentity {
  readonly clusterName: string;
  /** Warren's own version. */
  readonly version: string;
}

/** What connection.start says; clients look at product, version and capabilities. */
export function serverProperties(identity: ServerIdentity): Fields {
  return new Map<string, Field>([
    ['capabilities', CAPABILITIES],
    ['cluster_name', identity.clusterName],
    ['copyright', 'Copyright (c) the Warren contributors'],
    ['information', `Warren ${identity.version}, licensed under the MIT licence`],
    ['platform', `Node.js ${process.versions.node}`],
    ['product', 'RabbitMQ'],
    ['version', RABBITMQ_VERSION],
  ]);
}

/** What connection.tune proposes; 0 means no limit. */
export interface Tuning {
  readonly channelMax: number;
  /** Bytes. */
  readonly frameMax: number;
  /** Seconds. */
  readonly heartbeat: number;
}

/**
 * Checks what the client made of the proposal. Its heartbeat counts, whatever it is.
 * @throws AmqpError NOT_ALLOWED, with RabbitMQ's texts
 */
export function checkTuneOk(
  offered: Tuning,
  chosen: MethodArguments<'connection.tune-ok'>,
): Tuning {
  checkNegotiated('frame_max', FRAME_MAX_LEAST, offered.frameMax, chosen.frameMax);
  checkNegotiated('channel_max', 1, offered.channelMax, chosen.channelMax);
  return chosen;
}

function checkNegotiated(name: string, least: number, offered: number, chosen: number): void {
  if (chosen !== 0 && chosen < least) {
    throw new AmqpError(
      'NOT_ALLOWED',
      `negotiated ${name} = ${chosen} is lower than the minimum allowed value (${least})`,
    );
  }
  if (offered !== 0 && (chosen === 0 || chosen > offered)) {
    throw new AmqpError(
      'NOT_ALLOWED',
      `negotiated ${name} = ${chosen} is higher than the maximum allowed value (${offered})`,
    );
  }
}
