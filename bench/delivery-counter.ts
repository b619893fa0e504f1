/**
 * DeliveryCounter: counts deliveries by dividing bytes by their wire size, which is the same for
 * all deliveries of a scenario. It learns that size by parsing the first delivery
 * (receiveDelivery), looks at one delivery tag per chunk, and the loops parse one more delivery
 * at the end: its tag proves that neither side lost count. Hot path: no frame is parsed here.
 */
import type { Connection } from './connection.ts';
import {
  BODY_FRAME,
  CHANNEL,
  describeFrame,
  FRAME_END,
  FRAME_OVERHEAD,
  type Frame,
  frameAt,
  HEADER_FRAME,
  METHOD,
  METHOD_FRAME,
  methodOf,
} from './frames.ts';

/** What all deliveries of one consumer have in common on the wire. */
export interface DeliveryForm {
  /** deliver method, content header and body frame together */
  readonly bytes: number;
  /** of the eight octets of the delivery tag */
  readonly tagOffset: number;
  readonly bodyOffset: number;
}

export interface ParsedDelivery extends DeliveryForm {
  readonly tag: number;
  readonly body: Buffer;
}

/** Parses exactly one delivery; any other frame is a failure. */
export async function receiveDelivery(connection: Connection): Promise<ParsedDelivery> {
  const deliver = await connection.next((frame) => methodOf(frame) === METHOD.basicDeliver);
  const header = await connection.next((frame) => frame.type === HEADER_FRAME);
  const body = await connection.next((frame) => frame.type === BODY_FRAME);
  if (Number(header.payload.readBigUInt64BE(4)) !== body.payload.length) {
    throw new Error('the scenarios need bodies of one frame');
  }
  const consumerTagBytes = 1 + deliver.payload.readUInt8(4);
  const ahead = frameBytes(deliver) + frameBytes(header);
  return {
    bytes: ahead + frameBytes(body),
    tagOffset: 7 + 4 + consumerTagBytes,
    bodyOffset: ahead + 7,
    tag: Number(deliver.payload.readBigUInt64BE(4 + consumerTagBytes)),
    body: Buffer.from(body.payload),
  };
}

function frameBytes(frame: Frame): number {
  return frame.payload.length + FRAME_OVERHEAD;
}

export class DeliveryCounter {
  /** Complete deliveries so far, the first one included: also the last one's delivery tag. */
  count: number;
  readonly #form: DeliveryForm;
  /** Octets of a delivery that has not arrived whole. */
  #partialBytes = 0;

  constructor(form: DeliveryForm, count: number) {
    this.#form = form;
    this.count = count;
  }

  /** True between two deliveries. */
  get aligned(): boolean {
    return this.#partialBytes === 0;
  }

  /** @throws Error when something that is no delivery, or not the next one, turns up */
  receive(bytes: Buffer, length: number): void {
    const size = this.#form.bytes;
    const available = this.#partialBytes + length;
    const whole = Math.floor(available / size);
    const rest = available - whole * size;
    this.count += whole;
    this.#partialBytes = rest;
    const unfinished = length - rest;
    if (unfinished >= size) this.#check(bytes, unfinished - size, this.count);
    if (unfinished >= 0 && rest >= this.#form.tagOffset + 8) {
      this.#check(bytes, unfinished, this.count + 1);
    } else if (unfinished >= 0 && rest > 0 && rest < size) {
      this.#refuseOther(bytes.subarray(unfinished, length));
    }
  }

  #check(bytes: Buffer, at: number, tag: number): void {
    const isDelivery =
      bytes[at] === METHOD_FRAME &&
      bytes[at + 2] === CHANNEL &&
      bytes.readUInt32BE(at + 7) === METHOD.basicDeliver;
    if (!isDelivery) throw new Error(`not a delivery: ${explain(bytes.subarray(at))}`);
    const found = bytes.readUInt32BE(at + this.#form.tagOffset + 4);
    if (found !== tag % 2 ** 32) throw new Error(`delivery tag ${found} instead of ${tag}`);
  }

  /** A shorter frame, such as channel.close, would otherwise look like half a delivery. */
  #refuseOther(bytes: Buffer): void {
    if (bytes.length < 11 || bytes.readUInt32BE(7) === METHOD.basicDeliver) return;
    throw new Error(`not a delivery: ${explain(bytes)}`);
  }
}

/** What stands at the start of `bytes`, for an error message. */
export function explain(bytes: Buffer): string {
  try {
    const frame = frameAt(Buffer.from(bytes), 0);
    return frame === null ? 'part of a frame' : describeFrame(frame);
  } catch {
    return `octets ${bytes.subarray(0, 16).toString('hex')}, frame-end ${FRAME_END} missing`;
  }
}
