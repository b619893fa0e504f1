/**
 * CONNACK: what a client is told about the connection it asked for [MQTT 3.2], and the terms behind
 * it: session expiry, keep-alive, limits. Decides nothing about who may connect: see login.ts.
 */
import { randomBytes } from 'node:crypto';
import type { IConnackPacket } from 'mqtt-packet';
import type { MqttOptions } from './options.ts';
import type { Connect, Version } from './packets.ts';
import { type MqttError, returnCodeOf } from './reason-codes.ts';

/** "The session never expires" [MQTT 3.1.2.11.2]. */
const NEVER = 0xffff_ffff;

/** What was agreed on with a client. */
export interface Terms {
  readonly clientId: string;
  /** Not the client's own choice. */
  readonly assigned: boolean;
  readonly clean: boolean;
  readonly expirySeconds: number;
  /** Seconds; 0 for none. */
  readonly keepAlive: number;
  readonly receiveMaximum: number;
  readonly maxPacketBytes: number;
  readonly topicAliasMaximum: number;
}

/**
 * What a CONNECT asks for, within what the operator allows.
 * @param demanded the client identifier that a certificate demands, null for none
 */
export function termsOf({ packet }: Connect, demanded: string | null, options: MqttOptions): Terms {
  const { protocolVersion: version, properties = {} } = packet;
  const clientId = demanded ?? packet.clientId;
  const clean = packet.clean === true;
  const asked = version === 5 ? (properties.sessionExpiryInterval ?? 0) : clean ? 0 : NEVER;
  const keepAlive = packet.keepalive ?? 0;
  const { maxKeepAliveSeconds: longest } = options;
  const tooLong = version === 5 && longest > 0 && (keepAlive === 0 || keepAlive > longest);
  return {
    clientId: clientId === '' ? randomBytes(16).toString('base64url') : clientId,
    assigned: packet.clientId === '' && demanded === null,
    clean,
    expirySeconds: expiryOf(asked, options),
    keepAlive: tooLong ? longest : keepAlive,
    receiveMaximum: properties.receiveMaximum ?? 65_535,
    maxPacketBytes: properties.maximumPacketSize ?? Number.POSITIVE_INFINITY,
    topicAliasMaximum: Math.min(properties.topicAliasMaximum ?? 0, options.topicAliasMaximum),
  };
}

/** The expiry of a session for which a client asks. */
export function expiryOf(asked: number, { maxSessionExpirySeconds }: MqttOptions): number {
  return Math.min(asked === NEVER ? Number.POSITIVE_INFINITY : asked, maxSessionExpirySeconds);
}

/** The CONNACK of an accepted connection. */
export function accepted(
  { packet }: Connect,
  terms: Terms,
  sessionPresent: boolean,
  options: MqttOptions,
): IConnackPacket {
  const version = packet.protocolVersion;
  // MQTT 3.1 has no session present.
  const present = version > 3 && sessionPresent;
  if (version < 5) return { cmd: 'connack', returnCode: 0, sessionPresent: present };
  const asked = packet.properties?.sessionExpiryInterval ?? 0;
  const given = terms.expirySeconds === Number.POSITIVE_INFINITY ? NEVER : terms.expirySeconds;
  return {
    cmd: 'connack',
    reasonCode: 0,
    sessionPresent: present,
    properties: {
      receiveMaximum: options.receiveMaximum,
      maximumPacketSize: options.maxPacketBytes,
      topicAliasMaximum: options.topicAliasMaximum,
      ...(given !== asked && { sessionExpiryInterval: given }),
      ...(terms.assigned && { assignedClientIdentifier: terms.clientId }),
      ...(terms.keepAlive !== packet.keepalive && { serverKeepAlive: terms.keepAlive }),
    },
  };
}

/** The CONNACK of a refused one. */
export function refused(error: MqttError, version: Version): IConnackPacket {
  if (version < 5) {
    return { cmd: 'connack', returnCode: returnCodeOf(error.code), sessionPresent: false };
  }
  return { cmd: 'connack', reasonCode: error.code, sessionPresent: false };
}
