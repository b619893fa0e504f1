/**
 * The types that a configuration value can have: how each is read from text, and what to say
 * when the text is something else. Every source (file, environment, flag, code) writes values as
 * text, so a value means the same wherever it stands. Knows nothing about keys.
 */
import { isIP } from 'node:net';

export interface ValueType<T> {
  /** What stands for the value in `--help`: `<size>`. */
  readonly placeholder: string;
  /** Completes the sentence "expected …". */
  readonly expected: string;
  /** The value, or undefined if the text is none of this type. */
  parse(text: string): T | undefined;
}

/** Where a listener binds. */
export interface ListenerAddress {
  /** An IPv4 or IPv6 address; null is every interface of the machine. */
  readonly host: string | null;
  /** 0 … 65535; 0 lets the system pick a free port. */
  readonly port: number;
}

/** RabbitMQ's information units: the plain letters and those with an i are powers of 1024. */
const SIZE_UNITS: ReadonlyMap<string, number> = new Map([
  ['', 1],
  ['b', 1],
  ...units('k', 1),
  ...units('m', 2),
  ...units('g', 3),
  ...units('t', 4),
]);

const DURATION_UNITS_MS: ReadonlyMap<string, number> = new Map([
  ['ms', 1],
  ['s', 1000],
  ['m', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
  ['w', 604_800_000],
]);

function units(letter: string, power: number): [string, number][] {
  const binary = 1024 ** power;
  return [
    [letter, binary],
    [`${letter}i`, binary],
    [`${letter}ib`, binary],
    [`${letter}b`, 1000 ** power],
  ];
}

/** A whole number from `min` to `max`. */
export function integer(min: number, max: number): ValueType<number> {
  return {
    placeholder: '<number>',
    expected: `a whole number from ${min} to ${max}`,
    parse(text) {
      if (!/^-?\d{1,15}$/.test(text)) return undefined;
      return between(Number(text), min, max);
    },
  };
}

/** A number from `min` to `max` that need not be whole. */
export function decimal(min: number, max: number): ValueType<number> {
  return {
    placeholder: '<number>',
    expected: `a number from ${min} to ${max} such as 0.6`,
    parse(text) {
      if (!/^\d{1,15}(\.\d{1,15})?$/.test(text)) return undefined;
      const value = Number(text);
      return value >= min && value <= max ? value : undefined;
    },
  };
}

/** A TCP port, 0 … 65535; 0 lets the system pick a free one. */
export const port: ValueType<number> = {
  placeholder: '<port>',
  expected: 'a port from 0 to 65535, 0 for any free one',
  parse: (text) => (/^\d{1,5}$/.test(text) ? between(Number(text), 0, 65_535) : undefined),
};

/** RabbitMQ writes `true` and `false`; `on` and `off` are cuttlefish's flags. */
export const boolean: ValueType<boolean> = {
  placeholder: '<true|false>',
  expected: 'true or false',
  parse(text) {
    if (text === 'true' || text === 'on') return true;
    return text === 'false' || text === 'off' ? false : undefined;
  },
};

/** A text of `minBytes` … `maxBytes` bytes in UTF-8. */
export function string(minBytes: number, maxBytes: number): ValueType<string> {
  return {
    placeholder: '<text>',
    expected: `a text of ${minBytes} to ${maxBytes} bytes`,
    parse(text) {
      const bytes = Buffer.byteLength(text);
      return bytes >= minBytes && bytes <= maxBytes ? text : undefined;
    },
  };
}

/** Words with commas between them: `management, policymaker`. */
export const words: ValueType<readonly string[]> = {
  placeholder: '<words>',
  expected: 'words with commas between them',
  parse(text) {
    const all = text.split(',').map((word) => word.trim());
    return Object.freeze(all.filter((word) => word !== ''));
  },
};

/** A regular expression; kept as text, since only its user knows what it is matched with. */
export const pattern: ValueType<string> = {
  placeholder: '<regular expression>',
  expected: 'a regular expression',
  parse(text) {
    try {
      new RegExp(text);
      return text;
    } catch {
      return undefined;
    }
  },
};

const PLACEHOLDER_CHARS = 45;

/** One of `names`; `synonyms` are other spellings of some of them that existing files use. */
export function oneOf<const T extends string>(
  names: readonly T[],
  synonyms: Readonly<Record<string, T>> = {},
): ValueType<T> {
  const meanings = new Map<string, T>(Object.entries(synonyms));
  for (const name of names) meanings.set(name, name);
  const short = `<${names.join('|')}>`;
  return {
    // The names of RabbitMQ's modules are longer than a line of help.
    placeholder: short.length <= PLACEHOLDER_CHARS ? short : '<name>',
    expected: `one of ${names.join(', ')}`,
    parse: (text) => meanings.get(text),
  };
}

/** A number of bytes from `min` to `max`, plain or with a unit: `131072`, `128KiB`, `16MB`. */
export function size(min: number, max: number): ValueType<number> {
  return {
    placeholder: '<size>',
    expected: `a size from ${min} to ${max} bytes, such as 65536, 64KiB or 64kB`,
    parse(text) {
      const match = /^(\d{1,15}) ?([a-z]{0,3})$/i.exec(text);
      const unit = SIZE_UNITS.get((match?.[2] ?? '').toLowerCase());
      if (match === null || unit === undefined) return undefined;
      return between(Number(match[1]) * unit, min, max);
    },
  };
}

/** A time in whole seconds, the unit of a bare number: `60`, `60s`, `1m`. */
export function seconds(min: number, max: number): ValueType<number> {
  return duration('seconds', 's', min, max);
}

/** A time in milliseconds, the unit of a bare number: `10000`, `10000ms`, `10s`. */
export function milliseconds(min: number, max: number): ValueType<number> {
  return duration('milliseconds', 'ms', min, max);
}

function duration(name: string, unit: string, min: number, max: number): ValueType<number> {
  const unitMs = DURATION_UNITS_MS.get(unit) ?? 1;
  return {
    placeholder: `<${name}>`,
    expected: `whole ${name} from ${min} to ${max}, or a time such as 90s or 2m`,
    parse(text) {
      const match = /^(\d{1,15})([a-z]{0,2})$/.exec(text);
      const factorMs = DURATION_UNITS_MS.get(match?.[2] || unit);
      if (match === null || factorMs === undefined) return undefined;
      return between((Number(match[1]) * factorMs) / unitMs, min, max);
    },
  };
}

/** The same, or `infinity`, which is JavaScript's Infinity. */
export function orInfinity(type: ValueType<number>): ValueType<number> {
  return {
    placeholder: type.placeholder.replace('>', '|infinity>'),
    expected: `${type.expected}, or infinity`,
    parse: (text) => (text === 'infinity' ? Number.POSITIVE_INFINITY : type.parse(text)),
  };
}

/** The same, or `none`, which is null. */
export function orNone<T>(type: ValueType<T>): ValueType<T | null> {
  return {
    placeholder: type.placeholder.replace('>', '|none>'),
    expected: `${type.expected}, or none`,
    parse: (text) => (text === 'none' ? null : type.parse(text)),
  };
}

/** An IPv4 or IPv6 address. */
export const ipAddress: ValueType<string> = {
  placeholder: '<address>',
  expected: 'an IP address such as 127.0.0.1 or ::1',
  parse: (text) => (isIP(text) === 0 ? undefined : text),
};

/** `5672`, `127.0.0.1:5672`, `::1:5672` or `[::1]:5672`. */
export const listener: ValueType<ListenerAddress> = {
  placeholder: '<[address:]port>',
  expected:
    'a port from 0 to 65535, alone or after an IP address: 5672, 127.0.0.1:5672, [::1]:5672',
  parse(text) {
    const colon = text.lastIndexOf(':');
    const number = port.parse(text.slice(colon + 1));
    if (number === undefined) return undefined;
    if (colon === -1) return Object.freeze({ host: null, port: number });
    const bracketed = /^\[(.*)\]$/.exec(text.slice(0, colon))?.[1];
    const host = bracketed ?? text.slice(0, colon);
    const valid = bracketed === undefined ? isIP(host) !== 0 : isIP(host) === 6;
    return valid ? Object.freeze({ host, port: number }) : undefined;
  },
};

/** The number if it is whole and in range. Never −0. */
function between(value: number, min: number, max: number): number | undefined {
  return Number.isInteger(value) && value >= min && value <= max ? value + 0 : undefined;
}
