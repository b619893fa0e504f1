/**
 * Command text: a catalog's command as one line of JSON, and back. What JSON does not have (maps,
 * sets, bytes, the typed values of field.ts, numbers like −0) is wrapped in an object whose only
 * other key is `$`, so that every command comes back as it was, whatever kinds are added to
 * catalog.ts. Not for clients: exports and HTTP have forms of their own.
 */
import type { Command } from './catalog.ts';
import { Decimal, type NumberType, OpaqueString, Timestamp, TypedNumber } from './field.ts';

/** One line without its end. */
export function encodeCommand(command: Command): string {
  return JSON.stringify(wrap(command));
}

/** What {@link encodeCommand} made. @throws Error if the text is anything else */
export function decodeCommand(text: string): Command {
  return unwrap(JSON.parse(text)) as Command;
}

function wrap(value: unknown): unknown {
  if (typeof value === 'number') return Number.isFinite(value) ? wrapZero(value) : special(value);
  if (typeof value === 'bigint') return { $: 'bigint', v: String(value) };
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(wrap);
  if (value instanceof Map) return { $: 'map', v: entriesOf(value) };
  if (value instanceof Set) return { $: 'set', v: [...value].map(wrap) };
  if (value instanceof Uint8Array) return { $: 'bytes', v: base64Of(value) };
  if (value instanceof TypedNumber) return { $: value.type, v: wrap(value.value) };
  if (value instanceof Timestamp) return { $: 'timestamp', v: wrap(value.seconds) };
  if (value instanceof Decimal) return { $: 'decimal', v: [value.scale, value.unscaled] };
  if (value instanceof OpaqueString) return { $: 'opaque', v: base64Of(value.bytes) };
  return wrapObject(value);
}

function wrapZero(value: number): unknown {
  return Object.is(value, -0) ? special(value) : value;
}

function special(value: number): unknown {
  return { $: 'number', v: Object.is(value, -0) ? '-0' : String(value) };
}

function wrapObject(value: object): unknown {
  const entries = Object.entries(value).filter(([, item]) => item !== undefined);
  // Names that an object literal would take for something else go as pairs.
  const odd = entries.some(([name]) => name === '$' || name === '__proto__');
  if (odd) return { $: 'object', v: entries.map(([name, item]) => [name, wrap(item)]) };
  return Object.fromEntries(entries.map(([name, item]) => [name, wrap(item)]));
}

function entriesOf(map: ReadonlyMap<unknown, unknown>): unknown[] {
  return [...map].map(([key, value]) => [wrap(key), wrap(value)]);
}

function base64Of(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64');
}

function unwrap(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(unwrap);
  if (Object.hasOwn(value, '$')) return unwrapSpecial(value as { $: string; v: unknown });
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, unwrap(item)]));
}

const NUMBER_TYPES: readonly string[] = [
  'int8',
  'uint8',
  'int16',
  'uint16',
  'int32',
  'uint32',
  'int64',
  'uint64',
  'float',
  'double',
] satisfies NumberType[];

function unwrapSpecial({ $: kind, v }: { readonly $: string; readonly v: unknown }): unknown {
  if (NUMBER_TYPES.includes(kind)) return new TypedNumber(kind as NumberType, unwrap(v) as number);
  switch (kind) {
    case 'number':
      return Number(v);
    case 'bigint':
      return BigInt(v as string);
    case 'map':
      return new Map(unwrap(v) as [unknown, unknown][]);
    case 'set':
      return new Set(unwrap(v) as unknown[]);
    case 'bytes':
      return Buffer.from(v as string, 'base64');
    case 'timestamp':
      return new Timestamp(unwrap(v) as number);
    case 'decimal': {
      const [scale, unscaled] = v as [number, number];
      return new Decimal(scale, unscaled);
    }
    case 'opaque':
      return new OpaqueString(Buffer.from(v as string, 'base64'));
    case 'object':
      return objectOf(unwrap(v) as [string, unknown][]);
    default:
      throw new Error(`a value of unknown kind ${kind}`);
  }
}

function objectOf(entries: readonly [string, unknown][]): unknown {
  const object = {};
  for (const [name, value] of entries) {
    Object.defineProperty(object, name, {
      value,
      enumerable: true,
      writable: true,
      configurable: true,
    });
  }
  return object;
}
