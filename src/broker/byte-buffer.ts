/**
 * ByteWriter and ByteReader: growing and bounds-checked byte buffers behind the engine's stored
 * formats. Little endian; strings are UTF-8 behind a u32 length. Not for the wire.
 */

export class ByteWriter {
  private buffer = Buffer.allocUnsafe(256);
  private length = 0;

  u8(value: number): void {
    this.reserve(1);
    this.length = this.buffer.writeUInt8(value, this.length);
  }

  u32(value: number): void {
    this.reserve(4);
    this.length = this.buffer.writeUInt32LE(value, this.length);
  }

  f64(value: number): void {
    this.reserve(8);
    this.length = this.buffer.writeDoubleLE(value, this.length);
  }

  i64(value: bigint): void {
    this.reserve(8);
    this.length = this.buffer.writeBigUInt64LE(BigInt.asUintN(64, value), this.length);
  }

  text(value: string): void {
    const bytes = Buffer.byteLength(value);
    this.u32(bytes);
    this.reserve(bytes);
    this.length += this.buffer.write(value, this.length);
  }

  raw(value: Buffer): void {
    this.u32(value.length);
    this.reserve(value.length);
    this.length += value.copy(this.buffer, this.length);
  }

  /** What was written, in a buffer of its own. */
  bytes(): Buffer {
    return Buffer.from(this.buffer.subarray(0, this.length));
  }

  private reserve(bytes: number): void {
    if (this.length + bytes <= this.buffer.length) return;
    const grown = Buffer.allocUnsafe(Math.max(this.buffer.length * 2, this.length + bytes));
    this.buffer.copy(grown, 0, 0, this.length);
    this.buffer = grown;
  }
}

/** Reads what a {@link ByteWriter} wrote. Every method throws RangeError beyond the end. */
export class ByteReader {
  private readonly buffer: Buffer;
  private offset = 0;

  constructor(buffer: Buffer) {
    this.buffer = buffer;
  }

  u8(): number {
    return this.buffer.readUInt8(this.advance(1));
  }

  u32(): number {
    return this.buffer.readUInt32LE(this.advance(4));
  }

  f64(): number {
    return this.buffer.readDoubleLE(this.advance(8));
  }

  u64(): bigint {
    return this.buffer.readBigUInt64LE(this.advance(8));
  }

  i64(): bigint {
    return this.buffer.readBigInt64LE(this.advance(8));
  }

  text(): string {
    const bytes = this.u32();
    const start = this.advance(bytes);
    return this.buffer.toString('utf8', start, start + bytes);
  }

  raw(): Buffer {
    const bytes = this.u32();
    const start = this.advance(bytes);
    return Buffer.from(this.buffer.subarray(start, start + bytes));
  }

  private advance(bytes: number): number {
    const start = this.offset;
    if (start + bytes > this.buffer.length) throw new RangeError('stored bytes end too early');
    this.offset = start + bytes;
    return start;
  }
}
