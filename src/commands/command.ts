/**
 * Command: one word of a command-line tool, such as `list_queues`: what it is called with, what it
 * does, and what it gives back to be printed. The words are in the …-commands.ts files, the tools
 * that have them are rabbitmqctl.ts and its kin.
 */
import type { ApiClient } from './client.ts';

/** RabbitMQ's exit codes, which are those of sysexits.h. */
export const EXIT = { usage: 64, data: 65, noUser: 67, unavailable: 69, software: 70 } as const;

/** Ends a command with a message on standard error and an exit code. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

/** What is printed in the end. */
export type Output =
  | { readonly kind: 'text'; readonly text: string; readonly value?: unknown }
  | { readonly kind: 'table'; readonly columns: readonly string[]; readonly rows: Row[] }
  | { readonly kind: 'nothing' };

export type Row = Readonly<Record<string, unknown>>;

/** What a command is run with. */
export interface Invocation {
  readonly api: ApiClient;
  readonly args: readonly string[];
  readonly options: ReadonlyMap<string, string>;
  /** `-p`, or `/`. */
  readonly vhost: string;
  readonly node: string;
  readonly timeoutMs: number;
}

export interface Command {
  /** `add_user <username> [<password>]`: the first word is the name; `[…]` may be missing. */
  readonly usage: string;
  /** One line for the list of commands. */
  readonly help: string;
  /** Options besides those that all commands have: those with a value, and those without. */
  readonly valued?: readonly string[];
  readonly flags?: readonly string[];
  /** Printed first, unless nobody wants to hear it. */
  banner?(invocation: Invocation): string;
  run(invocation: Invocation): Promise<Output>;
}

/** The name of a command. */
export function nameOf({ usage }: Command): string {
  return usage.split(' ')[0] as string;
}

/** How many arguments a command takes: `<a> [<b>] [<c> ...]`. */
export function arityOf({ usage }: Command): { least: number; most: number } {
  const words = usage.replace(/\[--?[^\]]*\]/g, '').replace(/^\S+/, '');
  const optional = (words.match(/\[<[^\]]*\]/g) ?? []).length;
  const all = (words.match(/<[^>]+>/g) ?? []).length;
  const most = words.includes('...') ? Number.POSITIVE_INFINITY : all;
  return { least: all - optional, most };
}

export const NOTHING: Output = { kind: 'nothing' };

/** A sentence, and what of it programs are given that ask for JSON. */
export function text(sentence: string, value?: unknown): Output {
  return { kind: 'text', text: sentence, value };
}

/** Rows, and which of their values are shown. */
export function table(columns: readonly string[], rows: Row[]): Output {
  return { kind: 'table', columns, rows };
}

/** A name in a path of the API. */
export function segment(name: string): string {
  return encodeURIComponent(name).replaceAll('.', '%2E');
}

/** @throws CommandError if the argument is not there */
export function argument({ args }: Invocation, index: number): string {
  const value = args[index];
  if (value === undefined) throw new CommandError(EXIT.usage, 'Error: not enough arguments');
  return value;
}
