/**
 * compareDefinitions: what an import of a definitions file would add and change. Things are told
 * apart by what names them in their list, whatever else is said about them.
 */

/** A definitions file: lists by kind, and facts about the broker that wrote it. */
export type Definitions = Readonly<Record<string, unknown>>;

type Thing = Readonly<Record<string, unknown>>;

/** One kind's part of the file. */
export interface Comparison {
  readonly kind: string;
  readonly total: number;
  /** Names of those that the broker does not have. */
  readonly added: readonly string[];
  /** Names of those that it has otherwise. */
  readonly changed: readonly string[];
}

/** What names a thing of each kind, in the order in which a name is read. */
const NAMES: Readonly<Record<string, readonly string[]>> = {
  vhosts: ['name'],
  users: ['name'],
  permissions: ['vhost', 'user'],
  topic_permissions: ['vhost', 'user', 'exchange'],
  parameters: ['vhost', 'component', 'name'],
  global_parameters: ['name'],
  policies: ['vhost', 'name'],
  operator_policies: ['vhost', 'name'],
  exchanges: ['vhost', 'name'],
  queues: ['vhost', 'name'],
  bindings: ['vhost', 'source', 'destination_type', 'destination', 'routing_key', 'arguments'],
};

/** @throws TypeError if it is no table of lists */
export function compareDefinitions(file: Definitions, broker: Definitions): Comparison[] {
  return Object.keys(NAMES).flatMap((kind) => {
    const things = file[kind] as readonly Thing[] | undefined;
    if (things === undefined || things.length === 0) return [];
    const known = new Map(
      ((broker[kind] ?? []) as readonly Thing[]).map((thing) => [nameOf(kind, thing), thing]),
    );
    const added: string[] = [];
    const changed: string[] = [];
    for (const thing of things) {
      const name = nameOf(kind, thing);
      const before = known.get(name);
      if (before === undefined) added.push(name);
      else if (differs(thing, before)) changed.push(name);
    }
    return [{ kind, total: things.length, added, changed }];
  });
}

function nameOf(kind: string, thing: Thing): string {
  return (NAMES[kind] ?? [])
    .map((key) => (typeof thing[key] === 'object' ? stable(thing[key]) : String(thing[key] ?? '')))
    .filter(Boolean)
    .join(' ');
}

/** Only what the file says counts: brokers of other versions say more, or less. */
function differs(thing: Thing, before: Thing): boolean {
  return Object.entries(thing).some(([key, value]) => {
    return before[key] !== undefined && stable(value) !== stable(before[key]);
  });
}

/** JSON with keys in order. */
function stable(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(stable).join()}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, one]) => `${JSON.stringify(key)}:${stable(one)}`).join()}}`;
}
