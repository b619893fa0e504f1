/**
 * Codecs of methods, made from spec.ts at start-up: each method becomes a straight-line decoder,
 * size and encoder by `new Function`, as fast as by hand and never out of step with the spec. The
 * generated text is made of our own constants only; nothing from a client gets into it. To read
 * what is generated, print `decoderOf(name).toString()`.
 */
import { Buffer } from 'node:buffer';
import { FRAME_METHOD, FRAME_OVERHEAD_BYTES, putFrameEnd, putFrameHeader } from './frames.ts';
import {
  METHODS,
  type MethodArguments,
  type MethodName,
  type MethodSpec,
  type WireType,
} from './spec.ts';
import { decodeTable, putTable, tableSize } from './table.ts';
import {
  copyOf,
  cutShort,
  longAt,
  longlongAt,
  nameAt,
  putLong,
  putLonglong,
  putLongstr,
  putShort,
  putShortstr,
  putTimestamp,
  shortAt,
  shortstrSize,
  tooLong,
} from './wire.ts';

/**
 * Reads the arguments in [start, end): what follows the class and method ids.
 * @throws AmqpError SYNTAX_ERROR if they are cut short, too long or malformed
 */
export type Decoder<N extends MethodName> = (
  buf: Buffer,
  start: number,
  end: number,
) => MethodArguments<N>;

/** A method that can be looked up by its ids. */
export interface Method<N extends MethodName = MethodName> {
  readonly name: N;
  readonly classId: number;
  readonly methodId: number;
  readonly from: MethodSpec['from'];
  /** Is it followed by a content header and body? */
  readonly content: boolean;
  readonly decode: Decoder<N>;
  /** Bytes of ids and arguments. */
  readonly size: (args: MethodArguments<N>) => number;
  /** Writes ids and arguments and returns the offset after them. */
  readonly encode: (args: MethodArguments<N>, buf: Buffer, offset: number) => number;
}

const METHOD_IDS_BYTES = 4;

/** Bytes of the types whose size is fixed. Bits are counted apart; the rest have a length. */
const FIXED_BYTES: Readonly<Partial<Record<WireType, number>>> = {
  octet: 1,
  short: 2,
  long: 4,
  longlong: 8,
  timestamp: 8,
};

/** Bytes of the length before a value of variable size. */
const LENGTH_BYTES: Readonly<Partial<Record<WireType, number>>> = {
  shortstr: 1,
  longstr: 4,
  table: 4,
};

/** What generated code calls. */
const RUNTIME = {
  copyOf,
  decodeTable,
  longAt,
  longlongAt,
  nameAt,
  putLong,
  putLonglong,
  putLongstr,
  putShort,
  putShortstr,
  putTable,
  putTimestamp,
  shortAt,
  shortstrSize,
  tableSize,
  cutShort,
  tooLong,
} as const satisfies Record<string, (...args: never[]) => unknown>;

/** One field, and where its bit is if it is one. */
interface PlacedField {
  readonly name: string;
  readonly type: WireType;
  readonly reserved: boolean;
  /** 0 … 7 for a bit; the first of an octet has 0. */
  readonly bit: number;
}

/** Fields of fixed size, then at most one of variable size: one bounds check covers a segment. */
interface Segment {
  readonly fixed: PlacedField[];
  variable: PlacedField | null;
}

function segmentsOf(spec: MethodSpec): Segment[] {
  const segments: Segment[] = [{ fixed: [], variable: null }];
  let bit = 0;
  for (const [name, type] of Object.entries(spec.fields)) {
    const place = type === 'bit' ? bit % 8 : 0;
    bit = type === 'bit' ? bit + 1 : 0;
    const field = { name, type, reserved: name.startsWith('reserved'), bit: place };
    const last = segments.at(-1)!;
    if (LENGTH_BYTES[type] === undefined) {
      last.fixed.push(field);
    } else {
      last.variable = field;
      segments.push({ fixed: [], variable: null });
    }
  }
  return segments;
}

/** Bytes that a fixed field adds: of bits that share an octet, the first counts. */
function fixedBytes(field: PlacedField): number {
  return FIXED_BYTES[field.type] ?? (field.bit === 0 ? 1 : 0);
}

/** Where in its segment a fixed field is, given the bytes of those before it. */
function placeOf(field: PlacedField, before: number): number {
  return field.type === 'bit' && field.bit > 0 ? before - 1 : before;
}

/** Bytes of a segment up to the content of its variable field. */
function segmentBytes(segment: Segment): number {
  const fixed = segment.fixed.reduce((sum, field) => sum + fixedBytes(field), 0);
  return fixed + (segment.variable === null ? 0 : LENGTH_BYTES[segment.variable.type]!);
}

/** The expression that reads a fixed field. */
function readFixed(field: PlacedField, at: string): string {
  switch (field.type) {
    case 'bit':
      return `(buf[${at}] & ${1 << field.bit}) !== 0`;
    case 'octet':
      return `buf[${at}]`;
    case 'short':
      return `shortAt(buf, ${at})`;
    case 'long':
      return `longAt(buf, ${at})`;
    default:
      return `longlongAt(buf, ${at})`;
  }
}

/** The expression that reads a variable field's content. */
function readVariable(type: WireType, from: string, length: string): string {
  if (type === 'shortstr') return `nameAt(buf, ${from}, ${length})`;
  return `${type === 'table' ? 'decodeTable' : 'copyOf'}(buf, ${from}, ${from} + ${length})`;
}

function decoderText(name: MethodName, spec: MethodSpec): string {
  const lines: string[] = [];
  const results: string[] = [];
  const segments = segmentsOf(spec);
  const check = (segment: Segment): void => {
    const bytes = segmentBytes(segment);
    lines.push(`if (o + ${bytes} > end) throw cutShort('${name}');`);
  };
  const result = (field: PlacedField, expression: string): void => {
    if (field.reserved) return;
    lines.push(`const v${results.length} = ${expression};`);
    results.push(`${field.name}: v${results.length}`);
  };

  lines.push('let o = start;');
  check(segments[0]!);
  for (const [index, segment] of segments.entries()) {
    let bytes = 0;
    for (const field of segment.fixed) {
      result(field, readFixed(field, `o + ${placeOf(field, bytes)}`));
      bytes += fixedBytes(field);
    }
    const variable = segment.variable;
    if (variable === null) {
      lines.push(`if (o + ${bytes} !== end) throw tooLong('${name}');`);
      continue;
    }
    const length = variable.type === 'shortstr' ? `buf[o + ${bytes}]` : `longAt(buf, o + ${bytes})`;
    lines.push(`const n${index} = ${length};`);
    lines.push(`const p${index} = o + ${bytes + LENGTH_BYTES[variable.type]!};`);
    lines.push(`o = p${index} + n${index};`);
    // The next segment's check also covers this content.
    check(segments[index + 1]!);
    result(variable, readVariable(variable.type, `p${index}`, `n${index}`));
  }
  lines.push(`return { ${results.join(', ')} };`);
  return functionText(`decode ${name}`, 'buf, start, end', lines);
}

function sizeText(name: MethodName, spec: MethodSpec): string {
  let fixed = METHOD_IDS_BYTES;
  const terms: string[] = [];
  for (const segment of segmentsOf(spec)) {
    fixed += segmentBytes(segment);
    const variable = segment.variable;
    if (variable === null || variable.reserved) continue;
    // The sizes of short strings and tables include the length, which segmentBytes has counted.
    if (variable.type === 'shortstr') terms.push(`shortstrSize(args.${variable.name}) - 1`);
    if (variable.type === 'table') terms.push(`tableSize(args.${variable.name}) - 4`);
    if (variable.type === 'longstr') terms.push(`args.${variable.name}.length`);
  }
  return functionText(`size ${name}`, 'args', [`return ${[fixed, ...terms].join(' + ')};`]);
}

const PUT: Readonly<Partial<Record<WireType, string>>> = {
  short: 'putShort',
  long: 'putLong',
  longlong: 'putLonglong',
  timestamp: 'putTimestamp',
  shortstr: 'putShortstr',
  longstr: 'putLongstr',
  table: 'putTable',
};

/** The statement that writes a field at `o`, and steps over it. */
function writeField(field: PlacedField): string {
  const value = `args.${field.name}`;
  if (field.type === 'bit') {
    const bit = field.reserved ? '0' : `${value} ? ${1 << field.bit} : 0`;
    return field.bit === 0 ? `buf[o] = ${bit}; o += 1;` : `buf[o - 1] |= ${bit};`;
  }
  if (field.reserved) {
    const bytes = FIXED_BYTES[field.type] ?? LENGTH_BYTES[field.type]!;
    return `buf.fill(0, o, o + ${bytes}); o += ${bytes};`;
  }
  if (field.type === 'octet') return `buf[o] = ${value}; o += 1;`;
  return `o = ${PUT[field.type]}(buf, o, ${value});`;
}

function encoderText(name: MethodName, spec: MethodSpec): string {
  const lines = [`let o = putShort(buf, putShort(buf, offset, ${spec.id[0]}), ${spec.id[1]});`];
  for (const segment of segmentsOf(spec)) {
    for (const field of segment.fixed) lines.push(writeField(field));
    if (segment.variable !== null) lines.push(writeField(segment.variable));
  }
  lines.push('return o;');
  return functionText(`encode ${name}`, 'args, buf, offset', lines);
}

/** Named after the method, so that profiles and stack traces are readable. */
function functionText(title: string, parameters: string, lines: readonly string[]): string {
  const name = title.replace(/[ .-](\w)/g, (_, letter: string) => letter.toUpperCase());
  return `function ${name}(${parameters}) {\n  ${lines.join('\n  ')}\n}`;
}

/** A function of the given text that can call everything in RUNTIME. */
function build<F>(text: string): F {
  const make = new Function(...Object.keys(RUNTIME), `'use strict'; return ${text}`);
  return make(...Object.values(RUNTIME)) as F;
}

function compile<N extends MethodName>(name: N): Method<N> {
  const spec: MethodSpec = METHODS[name];
  return {
    name,
    classId: spec.id[0],
    methodId: spec.id[1],
    from: spec.from,
    content: spec.content === true,
    decode: build<Method<N>['decode']>(decoderText(name, spec)),
    size: build<Method<N>['size']>(sizeText(name, spec)),
    encode: build<Method<N>['encode']>(encoderText(name, spec)),
  };
}

const BY_NAME = new Map<MethodName, Method>();
/** By class id, then by method id; sparse, but two array reads find a method. */
const BY_ID: (Method | undefined)[][] = [];

for (const name of Object.keys(METHODS) as MethodName[]) {
  const method = compile(name) as Method;
  BY_NAME.set(name, method);
  const ofClass = BY_ID[method.classId] ?? [];
  ofClass[method.methodId] = method;
  BY_ID[method.classId] = ofClass;
}

/** The method of this name, to keep at hand where the lookup would count. */
export function methodOf<N extends MethodName>(name: N): Method<N> {
  return BY_NAME.get(name) as unknown as Method<N>;
}

/** The method of these ids, both 0 … 65535, or undefined if AMQP 0-9-1 has none. */
export function methodById(classId: number, methodId: number): Method | undefined {
  return BY_ID[classId]?.[methodId];
}

/** The name of the method of these ids. */
export function methodName(classId: number, methodId: number): MethodName | undefined {
  return BY_ID[classId]?.[methodId]?.name;
}

export function decoderOf<N extends MethodName>(name: N): Decoder<N> {
  return methodOf(name).decode;
}

/** Bytes that encodeMethod writes. */
export function methodSize<N extends MethodName>(name: N, args: MethodArguments<N>): number {
  return methodOf(name).size(args);
}

/**
 * Writes class id, method id and arguments: a method frame's payload. The caller has reserved
 * methodSize bytes.
 * @returns the offset after them
 */
export function encodeMethod<N extends MethodName>(
  name: N,
  args: MethodArguments<N>,
  buf: Buffer,
  offset: number,
): number {
  return methodOf(name).encode(args, buf, offset);
}

/** A whole method frame in bytes of its own: for methods that are not sent per message. */
export function methodFrame<N extends MethodName>(
  name: N,
  channel: number,
  args: MethodArguments<N>,
): Buffer {
  const method = methodOf(name);
  const bytes = method.size(args);
  const frame = Buffer.allocUnsafe(FRAME_OVERHEAD_BYTES + bytes);
  const start = putFrameHeader(frame, 0, FRAME_METHOD, channel, bytes);
  putFrameEnd(frame, method.encode(args, frame, start));
  return frame;
}
