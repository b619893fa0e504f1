/**
 * What goes wrong in MQTT's words: the reason codes of MQTT 5 [MQTT 2.4], the five return codes
 * that older versions have for a refused CONNECT, and the total map from the engine's error kinds.
 * Who closes what because of them is decided in connection.ts.
 */
import type { ErrorKind } from '../../src/broker/errors.ts';

/** Reason codes that the broker uses or understands. */
export const REASON = {
  SUCCESS: 0x00,
  DISCONNECT_WITH_WILL: 0x04,
  NO_MATCHING_SUBSCRIBERS: 0x10,
  NO_SUBSCRIPTION_EXISTED: 0x11,
  UNSPECIFIED_ERROR: 0x80,
  MALFORMED_PACKET: 0x81,
  PROTOCOL_ERROR: 0x82,
  IMPLEMENTATION_ERROR: 0x83,
  UNSUPPORTED_VERSION: 0x84,
  CLIENT_ID_NOT_VALID: 0x85,
  BAD_USER_OR_PASSWORD: 0x86,
  NOT_AUTHORIZED: 0x87,
  SERVER_UNAVAILABLE: 0x88,
  SERVER_SHUTTING_DOWN: 0x8b,
  BAD_AUTHENTICATION_METHOD: 0x8c,
  KEEP_ALIVE_TIMEOUT: 0x8d,
  SESSION_TAKEN_OVER: 0x8e,
  TOPIC_FILTER_INVALID: 0x8f,
  TOPIC_NAME_INVALID: 0x90,
  PACKET_ID_NOT_FOUND: 0x92,
  RECEIVE_MAXIMUM_EXCEEDED: 0x93,
  TOPIC_ALIAS_INVALID: 0x94,
  PACKET_TOO_LARGE: 0x95,
  QUOTA_EXCEEDED: 0x97,
  ADMINISTRATIVE_ACTION: 0x98,
  PAYLOAD_FORMAT_INVALID: 0x99,
  SHARED_NOT_SUPPORTED: 0x9e,
} as const;

export type ReasonCode = (typeof REASON)[keyof typeof REASON];

/** How each refusal of the engine is answered. A kind without an entry does not compile. */
export const REASON_OF_KIND = {
  ACCESS_REFUSED: REASON.NOT_AUTHORIZED,
  CONNECTION_FORCED: REASON.ADMINISTRATIVE_ACTION,
  INTERNAL_ERROR: REASON.UNSPECIFIED_ERROR,
  NOT_ALLOWED: REASON.NOT_AUTHORIZED,
  NOT_FOUND: REASON.IMPLEMENTATION_ERROR,
  NOT_IMPLEMENTED: REASON.IMPLEMENTATION_ERROR,
  PRECONDITION_FAILED: REASON.IMPLEMENTATION_ERROR,
  RESOURCE_ERROR: REASON.QUOTA_EXCEEDED,
  RESOURCE_LOCKED: REASON.IMPLEMENTATION_ERROR,
} as const satisfies Record<ErrorKind, ReasonCode>;

/** The client broke the protocol, or asked for what it may not have: its connection ends. */
export class MqttError extends Error {
  override readonly name = 'MqttError';
  readonly code: ReasonCode;

  /** @param explanation for the log, and for a client of MQTT 5 as its reason string */
  constructor(code: ReasonCode, explanation: string) {
    super(explanation);
    this.code = code;
  }
}

/** A packet that cannot be parsed [MQTT 4.13.1]. */
export function malformed(explanation: string): MqttError {
  return new MqttError(REASON.MALFORMED_PACKET, explanation);
}

/** A packet that is sound but may not come like this, or not now. */
export function protocolError(explanation: string): MqttError {
  return new MqttError(REASON.PROTOCOL_ERROR, explanation);
}

/** The return code of MQTT 3 for a refused CONNECT [MQTT 3.1.1 §3.2.2.3]. */
export function returnCodeOf(code: ReasonCode): number {
  switch (code) {
    case REASON.UNSUPPORTED_VERSION:
      return 1;
    case REASON.CLIENT_ID_NOT_VALID:
      return 2;
    case REASON.BAD_USER_OR_PASSWORD:
      return 4;
    case REASON.NOT_AUTHORIZED:
      return 5;
    default:
      return 3;
  }
}
