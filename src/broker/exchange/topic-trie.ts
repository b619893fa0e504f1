/**
 * TopicTrie: patterns of dot-separated words, `*` for exactly one and `#` for any number of them,
 * and the values stored under them. Matching visits each (node, word) pair once, so that a pattern
 * with many `#` cannot make it exponential. Knows nothing of exchanges.
 */

class Node<T> {
  readonly children = new Map<string, Node<T>>();
  readonly values: T[] = [];

  get empty(): boolean {
    return this.children.size === 0 && this.values.length === 0;
  }
}

export class TopicTrie<T> {
  private readonly root = new Node<T>();

  add(pattern: string, value: T): void {
    let node = this.root;
    for (const word of wordsOf(pattern)) {
      let child = node.children.get(word);
      if (child === undefined) {
        child = new Node<T>();
        node.children.set(word, child);
      }
      node = child;
    }
    node.values.push(value);
  }

  /** Removes one value and the nodes that led only to it. */
  remove(pattern: string, value: T): void {
    const words = wordsOf(pattern);
    const path = [this.root];
    for (const word of words) {
      const child = (path.at(-1) as Node<T>).children.get(word);
      if (child === undefined) return;
      path.push(child);
    }
    const { values } = path.at(-1) as Node<T>;
    const index = values.indexOf(value);
    if (index >= 0) values.splice(index, 1);
    for (let depth = words.length; depth > 0 && (path[depth] as Node<T>).empty; depth--) {
      (path[depth - 1] as Node<T>).children.delete(words[depth - 1] as string);
    }
  }

  /** Every value whose pattern matches the key, each once. */
  match(key: string): T[] {
    const found = new Set<T>();
    this.visit(this.root, wordsOf(key), 0, new Map(), found);
    return [...found];
  }

  private visit(
    node: Node<T>,
    words: readonly string[],
    at: number,
    visited: Map<Node<T>, Set<number>>,
    found: Set<T>,
  ): void {
    const seen = visited.get(node);
    if (seen === undefined) visited.set(node, new Set([at]));
    else if (seen.has(at)) return;
    else seen.add(at);
    if (at === words.length) for (const value of node.values) found.add(value);
    const rest = node.children.get('#');
    if (rest !== undefined) {
      for (let from = at; from <= words.length; from++) {
        this.visit(rest, words, from, visited, found);
      }
    }
    if (at === words.length) return;
    const word = words[at] as string;
    const exact = node.children.get(word);
    if (exact !== undefined && word !== '*' && word !== '#') {
      this.visit(exact, words, at + 1, visited, found);
    }
    const any = node.children.get('*');
    if (any !== undefined) this.visit(any, words, at + 1, visited, found);
  }
}

/** The empty key has no words at all; `a..b` has an empty one in the middle. */
function wordsOf(key: string): string[] {
  return key === '' ? [] : key.split('.');
}
