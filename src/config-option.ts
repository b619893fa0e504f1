/**
 * The shape of an option: one value or a family of them, with its documentation. The rows are in
 * config-options.ts and the config-options-….ts beside it; the types of values in config-value.ts.
 */
import { boolean, type ValueType } from './config-value.ts';

interface Documented {
  /** The heading under which help and sample file show it. */
  readonly group: string;
  /** What it does: one or two sentences, which no other document repeats. */
  readonly text: string;
}

/** An option with one value: `heartbeat = 60`. */
export interface SingleOption<T> extends Documented {
  readonly kind: 'single';
  readonly type: ValueType<T>;
  /** As one would write it, or the key of another option whose value it then takes. */
  readonly default: string | { readonly sameAs: string };
  /** Other keys for the same thing. */
  readonly aliases?: readonly string[];
  /** Environment variables besides `WARREN_…` that set it. */
  readonly env?: readonly string[];
  /** Whether messages must not repeat the value. */
  readonly secret?: true;
}

/**
 * An option with many named values: `listeners.tcp.default = 5672`. Its key is what stands
 * before the name, or has a `$` where the name stands: `default_users.$.password`. It yields a Map
 * of all (`map`), the values alone, those with numbers for names first and in order (`list`), or
 * the names whose value is true (`set`).
 */
export interface FamilyOption<T, Kind extends 'map' | 'list' | 'set'> extends Documented {
  readonly kind: Kind;
  readonly type: ValueType<T>;
  /** What the name is called in help: `listeners.tcp.<name>`. */
  readonly member: string;
  readonly default: Readonly<Record<string, string>>;
  /** Whether the defaults hold only while no member is set at all, as in RabbitMQ. */
  readonly defaultsReplaced: boolean;
  /** Whether `key = none` empties it and `key.name = none` takes one member out. */
  readonly none: boolean;
  /** Whether messages must not repeat the values. */
  readonly secret?: true;
}

/** A family of any kind. */
export type AnyFamily =
  | FamilyOption<unknown, 'map'>
  | FamilyOption<unknown, 'list'>
  | FamilyOption<unknown, 'set'>;

/** A row of the table. */
export type AnyOption = SingleOption<unknown> | AnyFamily;

/** A row of the table with one value. */
export function single<T>(option: Omit<SingleOption<T>, 'kind'>): SingleOption<T> {
  return { kind: 'single', ...option };
}

/** A family whose members are looked up by name. */
export function map<T>(option: Omit<FamilyOption<T, 'map'>, 'kind'>): FamilyOption<T, 'map'> {
  return { kind: 'map', ...option };
}

/** A family whose names only give the order. */
export function list<T>(option: Omit<FamilyOption<T, 'list'>, 'kind'>): FamilyOption<T, 'list'> {
  return { kind: 'list', ...option };
}

/** A family of names that are on or off. */
export function set(
  option: Omit<FamilyOption<boolean, 'set'>, 'kind' | 'type'>,
): FamilyOption<boolean, 'set'> {
  return { kind: 'set', type: boolean, ...option };
}

/** What stands before and behind the names of a family: `default_users.`, `.password`. */
export function aroundMember(key: string): readonly [before: string, behind: string] {
  const [before, behind] = key.split('$');
  return behind === undefined ? [`${key}.`, ''] : [before as string, behind];
}

/** The key of a member of a family. */
export function memberKey(key: string, member: string): string {
  const [before, behind] = aroundMember(key);
  return `${before}${member}${behind}`;
}

/** The names that any of the families has: numbers in order, then the others as they came. */
export function membersOf(...families: readonly ReadonlyMap<string, unknown>[]): string[] {
  const names = [...new Set(families.flatMap((family) => [...family.keys()]))];
  const order = (name: string) => (/^\d+$/.test(name) ? Number(name) : Number.MAX_VALUE);
  return names.sort((a, b) => order(a) - order(b));
}
