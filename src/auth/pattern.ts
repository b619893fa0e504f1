/**
 * Patterns: the regular expressions that operators write for RabbitMQ, which are PCRE's, as
 * JavaScript's. What is spelt differently is translated; what JavaScript cannot say is refused,
 * because a pattern that means something else is a hole. Used for permissions and policies.
 */

/** `(?i)` at the beginning; JavaScript has these letters as flags. */
const LEADING_FLAGS = /^\(\?([ims]+)\)/;

/** PCRE's classes by name: they stand within brackets only. */
const POSIX_CLASSES: Readonly<Record<string, string>> = {
  alnum: 'a-zA-Z0-9',
  alpha: 'a-zA-Z',
  digit: '0-9',
  lower: 'a-z',
  upper: 'A-Z',
  punct: '!-\\/:-@\\[-`{-~',
  space: '\\s',
  word: '\\w',
  xdigit: '0-9a-fA-F',
};

/** PCRE's escapes that have another spelling in JavaScript. */
const ESCAPES: Readonly<Record<string, string>> = {
  A: '^',
  Z: '$',
  z: '$',
  h: '[ \\t]',
  a: '\\x07',
  e: '\\x1b',
};

/** Letters that JavaScript gives the same meaning as PCRE; any other one is refused. */
const SAME_ESCAPES = /[bBdDsSwWnrtfvxcupPk0-9]/;

/**
 * The expression, unanchored like RabbitMQ's; the empty pattern matches nothing but ''.
 * @throws SyntaxError if the text is none, or if JavaScript has no equivalent
 */
export function compilePattern(text: string): RegExp {
  if (text === '') return /^$/;
  const leading = LEADING_FLAGS.exec(text);
  const flags = [...new Set(leading?.[1] ?? '')].join('');
  const source = translated(text.slice(leading?.[0].length ?? 0));
  return new RegExp(source, `${flags}u`);
}

/** A text that matches itself only, to be put into a pattern. */
export function literalPattern(text: string): string {
  return text.replace(/[^\p{L}\p{N}_]/gu, (character) => `\\${character}`);
}

/** In JavaScript's words. Walks through the escapes and the bracket expressions. */
function translated(text: string): string {
  let out = '';
  let inClass = false;
  const characters = [...text];
  for (let i = 0; i < characters.length; i++) {
    const character = characters[i] as string;
    if (character === '\\') {
      i++;
      out += escaped(characters[i], inClass);
    } else if (inClass && character === '[') {
      const name = posixName(characters, i);
      out += name === null ? '\\[' : (POSIX_CLASSES[name] as string);
      if (name !== null) i += name.length + 3;
    } else if (!inClass && character === '[') {
      inClass = true;
      out += character;
      // A bracket that comes first is meant literally, which JavaScript takes for the end.
      if (characters[i + 1] === '^') out += characters[++i];
      if (characters[i + 1] === ']') out += `\\${characters[++i]}`;
    } else if (!inClass && (character === '{' || character === '}')) {
      out += brace(characters, i);
    } else {
      if (inClass && character === ']') inClass = false;
      else if (!inClass && character === ']') out += '\\';
      out += character;
    }
  }
  return out;
}

/** JavaScript, reading strictly, knows no needless escapes such as `\-` and `\_`. */
function escaped(character: string | undefined, inClass: boolean): string {
  if (character === undefined) return '\\';
  const own = ESCAPES[character];
  if (own !== undefined) {
    if (inClass && character !== 'a' && character !== 'e') throw unknown(character);
    return own;
  }
  if (/[\^$\\.*+?()[\]{}|/]/.test(character)) return `\\${character}`;
  if (character === '-') return inClass ? '\\-' : '-';
  if (/[A-Za-z0-9]/.test(character)) {
    if (SAME_ESCAPES.test(character)) return `\\${character}`;
    throw unknown(character);
  }
  return character;
}

function unknown(character: string): SyntaxError {
  return new SyntaxError(`\\${character} is not supported`);
}

/** `alpha` of `[:alpha:]`; null if no class is named there. */
function posixName(characters: readonly string[], at: number): string | null {
  const rest = characters.slice(at, at + 12).join('');
  const name = /^\[:([a-z]+):\]/.exec(rest)?.[1];
  return name !== undefined && POSIX_CLASSES[name] !== undefined ? name : null;
}

/** A brace that counts nothing stands for itself, as in `{username}`. */
function brace(characters: readonly string[], at: number): string {
  const character = characters[at] as string;
  const before = characters.slice(0, at).join('');
  const opened = /\{[0-9]+(,[0-9]*)?$/.test(before);
  const rest = characters.slice(at, at + 16).join('');
  const counts = character === '{' ? /^\{[0-9]+(,[0-9]*)?\}/.test(rest) : opened;
  const afterProperty = /\\[pPu]\{[^{}]*$/.test(before) || /\\[pPu]$/.test(before);
  return counts || afterProperty ? character : `\\${character}`;
}
