/**
 * Erlang terms, as far as configuration files of RabbitMQ have them: atoms, strings, binaries,
 * whole numbers, tuples, lists, comments. LDAP queries are written so, and can be copied from an
 * advanced.config as they are. What they mean is query.ts.
 */

/** A term: text for strings and binaries, an object for atoms and tuples. */
export type Term = string | number | Atom | Tuple | readonly Term[];

/** A name: `constant`, `'or'`, `true`. */
export interface Atom {
  readonly atom: string;
}

/** `{a, b, c}`. */
export interface Tuple {
  readonly tuple: readonly Term[];
}

/** Terms in terms: a query that an operator writes has a handful. */
const DEPTH_MAX = 100;

/** Spaces, comments and a last full stop are no tokens, and so have no group. */
const TOKEN = new RegExp(
  [
    String.raw`\s+|%[^\n]*|\.\s*$`,
    String.raw`(<<"(?:[^"\\]|\\.)*">>)|("(?:[^"\\]|\\.)*")|('(?:[^'\\]|\\.)*')`,
    String.raw`(-?\d+)|([a-z][A-Za-z0-9_@]*)|([{}[\],])`,
  ].join('|'),
  'sy',
);

/** The term in a text; a full stop may follow. @throws SyntaxError with what is wrong */
export function parseTerm(text: string): Term {
  const reader = new TermReader(tokensOf(text));
  const term = reader.term(0);
  if (reader.more) throw new SyntaxError(`there is something behind the term: '${reader.next()}'`);
  return term;
}

function tokensOf(text: string): string[] {
  const tokens: string[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.length) {
    const at = TOKEN.lastIndex;
    const found = TOKEN.exec(text);
    if (found === null) throw new SyntaxError(`no term begins with '${text.slice(at, at + 20)}'`);
    if (found.slice(1, 7).some((part) => part !== undefined)) tokens.push(found[0]);
  }
  return tokens;
}

class TermReader {
  private readonly tokens: readonly string[];
  private at = 0;

  constructor(tokens: readonly string[]) {
    this.tokens = tokens;
  }

  get more(): boolean {
    return this.at < this.tokens.length;
  }

  next(): string {
    const token = this.tokens[this.at++];
    if (token === undefined) throw new SyntaxError('the term is cut short');
    return token;
  }

  term(depth: number): Term {
    if (depth > DEPTH_MAX) throw new SyntaxError('the term is nested too deep');
    const token = this.next();
    if (token === '{') return { tuple: this.items('}', depth) };
    if (token === '[') return this.items(']', depth);
    if (token.startsWith('"')) return unescaped(token.slice(1, -1));
    if (token.startsWith('<<')) return unescaped(token.slice(3, -3));
    if (token.startsWith("'")) return { atom: unescaped(token.slice(1, -1)) };
    if (/^-?\d/.test(token)) return Number(token);
    if (/^[a-z]/.test(token)) return { atom: token };
    throw new SyntaxError(`a term cannot begin with '${token}'`);
  }

  private items(end: string, depth: number): Term[] {
    const items: Term[] = [];
    if (this.tokens[this.at] === end) {
      this.at++;
      return items;
    }
    for (;;) {
      items.push(this.term(depth + 1));
      const token = this.next();
      if (token === end) return items;
      if (token !== ',') throw new SyntaxError(`expected ',' or '${end}', not '${token}'`);
    }
  }
}

function unescaped(text: string): string {
  return text.replace(/\\(.)/gs, (_, char: string) => {
    if (char === 'n') return '\n';
    return char === 't' ? '\t' : char;
  });
}
