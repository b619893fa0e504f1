/**
 * PUBACK, PUBREC, PUBREL and PUBCOMP on the wire [MQTT 3.4 … 3.7]: four bytes each, unless MQTT 5
 * has something to say. Hot path: no objects; what was read last is in `ack`.
 */
import type { Outbox } from '../../src/server/outbox.ts';
import type { Version } from './packets.ts';
import { scan } from './property-rules.ts';
import { malformed, protocolError, REASON } from './reason-codes.ts';
import { putU16, readU16 } from './wire.ts';

const PUBREL = 0x60;
const DUP = 0x08;

/** In MQTT 3.1 also what is no PUBLISH says that it is sent again [MQTT 3.1 §2.1]. */
export function isRepeated(version: Version, first: number, flags: number): boolean {
  return version === 3 && flags !== 0 && (first & 0x0f) === (flags | DUP);
}

/** What readAck() has read. */
export const ack = { id: 0, reason: 0 };

/** What each may say besides success [MQTT 3.4.2.1, 3.5.2.1, 3.6.2.1, 3.7.2.1]. */
const REFUSALS: readonly number[] = [0x10, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99];
const UNKNOWN_ID: readonly number[] = [REASON.PACKET_ID_NOT_FOUND];

/** Reads one into `ack`. @param flags that the first byte has to have @throws MqttError */
export function readAck(
  version: Version,
  first: number,
  flags: number,
  buf: Buffer,
  start: number,
  end: number,
): void {
  // [MQTT-3.6.1-1]; the reserved flags of the others are 0 [MQTT-2.1.3-1].
  if ((first & 0x0f) !== flags && !isRepeated(version, first, flags)) {
    throw malformed('an acknowledgement with wrong flags');
  }
  ack.id = readU16(buf, start, end);
  ack.reason = 0;
  if (ack.id === 0) throw protocolError('an acknowledgement with packet identifier 0');
  if (end === start + 2) return;
  if (version < 5) throw malformed('an acknowledgement is longer than it may be');
  ack.reason = buf[start + 2] as number;
  const reasons = first < PUBREL ? REFUSALS : UNKNOWN_ID;
  if (ack.reason !== 0 && !reasons.includes(ack.reason)) {
    throw protocolError(`an acknowledgement with reason ${ack.reason}`);
  }
  if (end > start + 3 && scan(buf, start + 3, end, 'ack').end !== end) {
    throw malformed('an acknowledgement is longer than what is in it');
  }
}

/** Writes one. Older versions than 5 have no reasons. @param first type and flags */
export function writeAck(
  outbox: Outbox,
  version: Version,
  first: number,
  id: number,
  reason: number,
): void {
  const long = reason !== 0 && version === 5;
  const offset = outbox.reserve(long ? 5 : 4);
  const { slab } = outbox;
  slab[offset] = first;
  slab[offset + 1] = long ? 3 : 2;
  putU16(slab, offset + 2, id);
  if (long) slab[offset + 4] = reason;
}
