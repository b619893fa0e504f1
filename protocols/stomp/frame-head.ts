/**
 * FrameHead: the command and the headers of one frame, in the order they came [STOMP 1.2, STOMP
 * Frames]. Immutable: the reader hands out the same object again when the same bytes come again.
 * Headers stay a list, not an object: a header may be called `__proto__`, and of repeated ones the
 * first counts.
 */
import { invalidHeader } from './errors.ts';

/** The body's length is not announced: it ends at the first NUL. */
export const NO_CONTENT_LENGTH = -1;

export class FrameHead {
  readonly command: string;
  readonly names: readonly string[];
  readonly values: readonly string[];
  /** Bytes of the body as announced, or NO_CONTENT_LENGTH. */
  readonly contentLength: number;

  constructor(
    command: string,
    names: readonly string[],
    values: readonly string[],
    contentLength: number,
  ) {
    this.command = command;
    this.names = names;
    this.values = values;
    this.contentLength = contentLength;
  }

  get(name: string): string | undefined {
    const index = this.names.indexOf(name);
    return index < 0 ? undefined : this.values[index];
  }

  /** Anything but a boolean counts as not said, as in RabbitMQ. */
  boolean(name: string): boolean | undefined {
    return booleanOf(this.get(name));
  }

  /** @throws StompError if there is such a header and it is not a whole number from 0 to `max` */
  integer(name: string, max: number): number | undefined {
    const value = this.get(name);
    return value === undefined ? undefined : integerOf(name, value, max);
  }
}

/** Some Python clients write True and False; undefined if it is something else. */
export function booleanOf(value: string | undefined): boolean | undefined {
  if (value === 'true' || value === 'True') return true;
  return value === 'false' || value === 'False' ? false : undefined;
}

/** @throws StompError if it is not a whole number from 0 to `max` */
export function integerOf(name: string, value: string, max: number): number {
  const number = /^ *\d{1,15} *$/.test(value) ? Number(value) : Number.NaN;
  if (number <= max) return number;
  throw invalidHeader(name, value, `a whole number from 0 to ${max}`);
}
