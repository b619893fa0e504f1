/**
 * Quoting: texts as string literals of other languages. JSON's rules are those of JavaScript, and
 * near enough those of Python, Java, Go and C# for what people type.
 */

/** Between double quotes. */
export function quoted(text: string): string {
  return JSON.stringify(text);
}

/** As a shell takes it. */
export function shell(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
