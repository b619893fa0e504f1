/**
 * Query: a question to an LDAP directory, as RabbitMQ writes it: `{in_group, "cn=…"}`,
 * `{'and', […]}` and so on. Read once from the configuration; how each is answered is
 * evaluation.ts.
 */
import { parseTerm, type Term } from './erlang-term.ts';

/** Gives yes or no. */
export type Query =
  | { readonly kind: 'constant'; readonly value: boolean }
  | { readonly kind: 'exists'; readonly dn: string }
  | { readonly kind: 'in_group'; readonly dn: string; readonly attribute: string }
  | {
      readonly kind: 'in_group_nested';
      readonly dn: string;
      readonly attribute: string;
      readonly scope: 'sub' | 'one';
    }
  | { readonly kind: 'for'; readonly cases: readonly Case[] }
  | { readonly kind: 'not'; readonly query: Query }
  | { readonly kind: 'and' | 'or'; readonly queries: readonly Query[] }
  | { readonly kind: 'equals' | 'match'; readonly left: TextQuery; readonly right: TextQuery };

/** What counts if an argument has a value. */
export interface Case {
  readonly argument: string;
  readonly value: string;
  readonly query: Query;
}

/** Gives texts: one, or all values of an attribute. */
export type TextQuery =
  | { readonly kind: 'string'; readonly pattern: string }
  | { readonly kind: 'attribute'; readonly dn: string; readonly attribute: string };

/** Which users have a tag. */
export interface TagQuery {
  readonly tag: string;
  readonly query: Query;
}

/** @throws SyntaxError with what is wrong */
export function parseQuery(text: string): Query {
  return queryOf(parseTerm(text));
}

/** @throws SyntaxError with what is wrong */
export function parseTagQueries(text: string): TagQuery[] {
  const term = parseTerm(text);
  if (!Array.isArray(term)) throw new SyntaxError('the tags are a list');
  return (term as readonly Term[]).map((one) => {
    const [tag, query, ...rest] = tupleOf(one) ?? [];
    const name = tag === undefined ? null : nameOf(tag);
    if (name === null || query === undefined || rest.length > 0) {
      throw new SyntaxError('each of the tags is {tag, query}');
    }
    return { tag: name, query: queryOf(query) };
  });
}

function queryOf(term: Term): Query {
  const [head, ...rest] = tupleOf(term) ?? [];
  const kind = head === undefined ? null : nameOf(head);
  const [first, second] = rest;
  switch (kind) {
    case 'constant': {
      const value = first === undefined ? null : nameOf(first);
      if (value !== 'true' && value !== 'false') throw unreadable('{constant, true} or false');
      return { kind, value: value === 'true' };
    }
    case 'exists':
      return { kind, dn: textOf(first) };
    case 'in_group':
      return { kind, dn: textOf(first), attribute: textOf(second ?? 'member') };
    case 'in_group_nested': {
      const scope = rest[2] === undefined ? 'subtree' : nameOf(rest[2]);
      const one = scope === 'onelevel' || scope === 'single_level';
      if (!one && scope !== 'subtree') throw unreadable('the scope is subtree or onelevel');
      const attribute = textOf(second ?? 'member');
      return { kind, dn: textOf(first), attribute, scope: one ? 'one' : 'sub' };
    }
    case 'for':
      return { kind, cases: listOf(first).map(caseOf) };
    case 'not':
      return { kind, query: queryOf(present(first)) };
    case 'and':
    case 'or':
      return { kind, queries: listOf(first).map(queryOf) };
    case 'equals':
    case 'match':
      return { kind, left: textQueryOf(present(first)), right: textQueryOf(present(second)) };
    default:
      throw unreadable(`there is no query '${kind ?? JSON.stringify(term)}'`);
  }
}

function caseOf(term: Term): Case {
  const [argument, value, query] = tupleOf(term) ?? [];
  const name = argument === undefined ? null : nameOf(argument);
  if (name === null || value === undefined || query === undefined) {
    throw unreadable('each case of for is {argument, value, query}');
  }
  return { argument: name, value: nameOf(value) ?? textOf(value), query: queryOf(query) };
}

function textQueryOf(term: Term): TextQuery {
  if (typeof term === 'string') return { kind: 'string', pattern: term };
  const [head, first, second] = tupleOf(term) ?? [];
  const kind = head === undefined ? null : nameOf(head);
  if (kind === 'string') return { kind, pattern: textOf(first) };
  if (kind === 'attribute') return { kind, dn: textOf(first), attribute: textOf(second) };
  throw unreadable('expected a "string", {string, …} or {attribute, …}');
}

function tupleOf(term: Term): readonly Term[] | null {
  return typeof term === 'object' && 'tuple' in term ? term.tuple : null;
}

function nameOf(term: Term): string | null {
  return typeof term === 'object' && 'atom' in term ? term.atom : null;
}

function listOf(term: Term | undefined): readonly Term[] {
  if (Array.isArray(term)) return term as readonly Term[];
  throw unreadable('expected a list');
}

function textOf(term: Term | undefined): string {
  if (typeof term === 'string') return term;
  throw unreadable('expected a "string"');
}

function present(term: Term | undefined): Term {
  if (term !== undefined) return term;
  throw unreadable('something is missing');
}

function unreadable(what: string): SyntaxError {
  return new SyntaxError(what);
}
