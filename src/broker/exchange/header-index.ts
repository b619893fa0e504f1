/**
 * HeaderIndex: the rules of a headers exchange by what they want, so that a message is compared
 * only with rules that share a header with it. A rule that wants all of its headers is filed under
 * one of them, the rarest so far; a rule that wants any is filed under each. Hot path: match.
 */
import { type Field, type Fields, keyOf, sameField, type ValueKey } from '../field.ts';
import type { Destination, Matched } from './matched.ts';

/** A binding with its arguments sorted out. */
export interface HeaderRule {
  readonly destination: Destination;
  /** Is one of the wanted enough? */
  readonly any: boolean;
  /** null for a value wants the header to be there. */
  readonly wanted: readonly (readonly [name: string, value: Field])[];
}

/** A rule under one of the headers that it wants. */
interface Entry {
  readonly rule: HeaderRule;
  readonly value: Field;
}

/** The rules filed under one header. */
class Shelf {
  /** By the value that they want, where it can be a key of a map. */
  readonly byValue = new Map<ValueKey, Entry[]>();
  /** Those that want its presence only, or a value that cannot. */
  readonly others: Entry[] = [];

  get empty(): boolean {
    return this.byValue.size === 0 && this.others.length === 0;
  }

  entriesFor(value: Field): Entry[] | undefined {
    const key = keyOf(value);
    return key === undefined ? this.others : this.byValue.get(key);
  }
}

export class HeaderIndex {
  private readonly shelves = new Map<string, Shelf>();
  /** Rules that want nothing at all, and get everything. */
  private readonly always: HeaderRule[] = [];

  add(rule: HeaderRule): void {
    if (rule.wanted.length === 0) {
      if (!rule.any) this.always.push(rule);
      return;
    }
    for (const [name, value] of this.placesOf(rule)) this.file(name, { rule, value });
  }

  remove(rule: HeaderRule): void {
    const index = this.always.indexOf(rule);
    if (index >= 0) this.always.splice(index, 1);
    for (const [name, value] of rule.wanted) this.unfile(name, value, rule);
  }

  /** Adds the destination of every rule that the headers match. */
  match(headers: Fields, into: Matched): void {
    const { always, shelves } = this;
    for (let i = 0; i < always.length; i++) into.add((always[i] as HeaderRule).destination);
    if (shelves.size === 0) return;
    for (const [name, value] of headers) {
      const shelf = shelves.get(name);
      if (shelf === undefined) continue;
      const key = keyOf(value);
      const entries = key === undefined ? undefined : shelf.byValue.get(key);
      if (entries !== undefined) matchEntries(entries, value, headers, into);
      if (shelf.others.length > 0) matchEntries(shelf.others, value, headers, into);
    }
  }

  private placesOf({ any, wanted }: HeaderRule): HeaderRule['wanted'] {
    if (any) return wanted;
    const sizes = wanted.map(([name, value]) => this.sizeAt(name, value));
    const rarest = sizes.indexOf(Math.min(...sizes));
    return wanted.slice(rarest, rarest + 1);
  }

  /** How many rules are compared with a message that has this header. */
  private sizeAt(name: string, value: Field): number {
    const shelf = this.shelves.get(name);
    // Presence is less telling than a value: the more so, the more values there are.
    if (value === null) return (shelf?.others.length ?? 0) + (shelf?.byValue.size ?? 0) + 1;
    return shelf?.entriesFor(value)?.length ?? 0;
  }

  private file(name: string, entry: Entry): void {
    let shelf = this.shelves.get(name);
    if (shelf === undefined) {
      shelf = new Shelf();
      this.shelves.set(name, shelf);
    }
    const key = keyOf(entry.value);
    if (key === undefined) {
      shelf.others.push(entry);
      return;
    }
    const entries = shelf.byValue.get(key);
    if (entries === undefined) shelf.byValue.set(key, [entry]);
    else entries.push(entry);
  }

  private unfile(name: string, value: Field, rule: HeaderRule): void {
    const shelf = this.shelves.get(name);
    const entries = shelf?.entriesFor(value);
    const index = entries?.findIndex((entry) => entry.rule === rule) ?? -1;
    if (shelf === undefined || entries === undefined || index < 0) return;
    entries.splice(index, 1);
    const key = keyOf(value);
    if (key !== undefined && entries.length === 0) shelf.byValue.delete(key);
    if (shelf.empty) this.shelves.delete(name);
  }
}

function matchEntries(entries: Entry[], value: Field, headers: Fields, into: Matched): void {
  for (let i = 0; i < entries.length; i++) {
    const entry = entries[i] as Entry;
    if (entry.value !== null && !sameField(entry.value, value)) continue;
    if (entry.rule.any || hasAll(entry.rule, headers)) into.add(entry.rule.destination);
  }
}

function hasAll({ wanted }: HeaderRule, headers: Fields): boolean {
  for (let i = 0; i < wanted.length; i++) {
    const [name, value] = wanted[i] as HeaderRule['wanted'][number];
    if (value === null ? !headers.has(name) : !sameField(value, headers.get(name))) return false;
  }
  return true;
}
