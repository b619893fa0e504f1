/**
 * What a golden frame is: a method, its arguments, and its bytes spelt out field by field after the
 * specification, a line for each where they are many. golden-frames.test.ts checks every one
 * five ways, and against the encoder of amqplib.
 */
import { Buffer } from 'node:buffer';
import type { MethodArguments, MethodName } from '../../../protocols/amqp/spec.ts';

export interface GoldenFrame {
  readonly name: MethodName;
  readonly channel: number;
  readonly args: MethodArguments<MethodName>;
  /** The whole frame. */
  readonly bytes: Buffer;
}

/** @param bytes hexadecimal digits, and text in single quotes */
export function golden<N extends MethodName>(
  name: N,
  channel: number,
  args: MethodArguments<N>,
  bytes: string,
): GoldenFrame {
  return { name, channel, args, bytes: bytesOf(bytes) };
}

/** `01 0001 'text' ce` as bytes. */
export function bytesOf(text: string): Buffer {
  const pieces = text.split("'").map((piece, index) => {
    if (index % 2 === 1) return Buffer.from(piece, 'utf8');
    const digits = piece.replace(/\s/g, '');
    if (!/^([0-9a-f]{2})*$/.test(digits)) throw new Error(`not bytes: ${piece}`);
    return Buffer.from(digits, 'hex');
  });
  return Buffer.concat(pieces);
}
