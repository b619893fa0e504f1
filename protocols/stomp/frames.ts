/**
 * FrameReader: bytes → frames, however the bytes are cut [STOMP 1.2, Augmented BNF]. Publishers
 * repeat themselves: a head whose bytes equal the last one's is not decoded again, nor is a line
 * that equals the line in its place. A body is copied once, into a buffer of its own. Everything
 * is bounded: head, lines, body. Hot path.
 */
import { Buffer } from 'node:buffer';
import {
  STOMP_COMMAND_MAX_BYTES,
  STOMP_HEADERS_MAX,
  STOMP_REMEMBERED_HEAD_BYTES,
} from '../../src/limits.ts';
import { FIRST_BODY_BYTES } from '../../src/limits-memory.ts';
import { malformed, tooLarge } from './errors.ts';
import { FrameHead, integerOf, NO_CONTENT_LENGTH } from './frame-head.ts';
import { textAt, unescaped } from './header-text.ts';

/** Where finished frames go: the connection. */
export interface FrameSink {
  /** May call pause(). @throws StompError, BrokerError */
  frame(head: FrameHead, body: Buffer): void;
}

/** What a frame may consist of; before login less than after. */
export interface FrameLimits {
  /** Bytes of command and headers together. */
  readonly headBytes: number;
  readonly bodyBytes: number;
}

/** How header text is to be read; CONNECT comes before anybody knows. */
export interface Dialect {
  /** Values and names have escapes: not in STOMP 1.0. */
  readonly escapes: boolean;
  /** Spaces before a value do not belong to it: STOMP 1.0 only, as RabbitMQ does it. */
  readonly trims: boolean;
}

const LF = 0x0a;
const CR = 0x0d;
const COLON = 0x3a;
const BACKSLASH = 0x5c;

export const NO_BODY: Buffer = Buffer.alloc(0);

/** What a line is made of: start, colon, end, and whether it needs a closer look. */
const MARKS = 4;
const PLAIN = 0;
const HAS_ESCAPE = 1;
const NOT_ASCII = 2;

// The lines of the head being read. Here rather than in an object because nothing that scan() and
// decode() call comes back here.
const marks = new Uint32Array(MARKS * (STOMP_HEADERS_MAX + 1));
let lines = 0;

export class FrameReader {
  limits: FrameLimits;
  dialect: Dialect = { escapes: false, trims: true };
  /** Nothing is read until it is false again; read() says how far it came. */
  paused = false;
  private readonly sink: FrameSink;
  private step: (buf: Buffer, at: number, end: number) => number = this.between;
  /** A head of which some has come, and how much. */
  private carry: Buffer = NO_BODY;
  private carried = 0;
  /** Has nothing come since the last line feed? */
  private lineEmpty = false;
  private head: FrameHead | null = null;
  private keeping = false;
  private body: Buffer = NO_BODY;
  private received = 0;
  /** The last head, with its bytes: blank line included, and where its lines begin and end. */
  private lastHead: FrameHead | null = null;
  private lastBytes: Buffer = NO_BODY;
  private lastMarks: Uint32Array = marks.slice(0, 0);

  constructor(sink: FrameSink, limits: FrameLimits) {
    this.sink = sink;
    this.limits = limits;
  }

  /**
   * Takes bytes; they are not needed any more afterwards.
   * @returns where it stopped: `end` unless it was paused
   * @throws StompError for what is no frame; nothing more can be read then
   */
  read(buf: Buffer, start: number, end: number): number {
    let at = start;
    while (at < end && !this.paused) at = this.step(buf, at, end);
    return at;
  }

  /** Forgets remembered heads: their text meant something else in another dialect. */
  speak(dialect: Dialect): void {
    this.dialect = dialect;
    this.lastHead = null;
    this.lastBytes = NO_BODY;
  }

  /** Line ends are heart-beats, and NULs between frames are noise that RabbitMQ lets pass. */
  private between(buf: Buffer, start: number, end: number): number {
    let at = start;
    while (at < end) {
      const byte = buf[at]!;
      if (byte !== LF && byte !== CR && byte !== 0) {
        this.step = this.wholeHead;
        return at;
      }
      at++;
    }
    return at;
  }

  /** Most heads come in one piece. */
  private wholeHead(buf: Buffer, start: number, end: number): number {
    const repeated = this.repeatedHead(buf, start, end);
    if (repeated > 0) return repeated;
    const after = scan(buf, start, end, this.limits.headBytes);
    if (after > 0) {
      this.begin(this.decode(buf, start, after));
      return after;
    }
    this.lineEmpty = false;
    this.carried = 0;
    this.step = this.restOfHead;
    return start;
  }

  /** Collects a head that comes in pieces; each byte is looked at once. */
  private restOfHead(buf: Buffer, start: number, end: number): number {
    let at = start;
    let empty = this.lineEmpty;
    let complete = false;
    while (at < end && !complete) {
      const byte = buf[at++]!;
      if (byte === LF) {
        complete = empty;
        empty = true;
      } else if (byte === 0) throw malformed('NUL in the head of a frame');
      else if (byte !== CR) empty = false;
    }
    this.lineEmpty = empty;
    this.keep(buf, start, at);
    if (!complete) return at;
    const { carry, carried } = this;
    this.carry = NO_BODY;
    this.carried = 0;
    scan(carry, 0, carried, this.limits.headBytes);
    this.begin(this.decode(carry, 0, carried));
    return at;
  }

  private keep(buf: Buffer, start: number, end: number): void {
    const bytes = this.carried + end - start;
    if (bytes > this.limits.headBytes) throw headTooLarge(this.limits.headBytes);
    if (bytes > this.carry.length) {
      const grown = Buffer.allocUnsafe(Math.max(bytes, 2 * this.carry.length, 256));
      this.carry.copy(grown, 0, 0, this.carried);
      this.carry = grown;
    }
    buf.copy(this.carry, this.carried, start, end);
    this.carried = bytes;
  }

  /** Begins the frame of the last head if it came again. Returns where that ends, else −1. */
  private repeatedHead(buf: Buffer, start: number, end: number): number {
    const { lastHead, lastBytes } = this;
    if (lastHead === null) return -1;
    const after = start + lastBytes.length;
    if (after > end || lastBytes.compare(buf, start, after) !== 0) return -1;
    this.begin(lastHead);
    return after;
  }

  private begin(head: FrameHead): void {
    const { contentLength } = head;
    if (contentLength > this.limits.bodyBytes) {
      throw bodyTooLarge(`a body of ${contentLength} bytes`, this.limits.bodyBytes);
    }
    this.head = head;
    this.keeping = head.command === 'SEND';
    this.received = 0;
    this.body = NO_BODY;
    this.step = contentLength === NO_CONTENT_LENGTH ? this.openBody : this.sizedBody;
  }

  /** A body whose length was announced. */
  private sizedBody(buf: Buffer, start: number, end: number): number {
    const { contentLength } = this.head!;
    const missing = contentLength - this.received;
    const here = Math.min(missing, end - start);
    if (here > 0) {
      // Announcing a large body must cost the one who announces it: it grows as it comes.
      const room = Math.max(FIRST_BODY_BYTES, 2 * this.body.length, this.received + here);
      this.take(buf, start, start + here, Math.min(room, contentLength));
    }
    const at = start + here;
    if (here < missing || at === end) return at;
    if (buf[at] !== 0) throw malformed(`no NUL after a body of ${contentLength} bytes`);
    this.complete(this.body);
    return at + 1;
  }

  /** A body that ends at the first NUL. */
  private openBody(buf: Buffer, start: number, end: number): number {
    const { bodyBytes } = this.limits;
    const nul = nulAt(buf, start, end);
    const to = nul < 0 ? end : nul;
    const bytes = this.received + to - start;
    if (bytes > bodyBytes) throw bodyTooLarge('the body', bodyBytes);
    if (to > start) this.take(buf, start, to, nul < 0 ? Math.min(2 * bytes, bodyBytes) : bytes);
    if (nul < 0) return end;
    const { body } = this;
    this.complete(body.length === bytes || !this.keeping ? body : copyOf(body, 0, bytes));
    return nul + 1;
  }

  /** @param room that the body gets if it does not have enough for this */
  private take(buf: Buffer, start: number, end: number, room: number): void {
    const received = this.received + end - start;
    if (this.keeping) {
      if (received > this.body.length) {
        const grown = Buffer.allocUnsafe(room);
        if (this.received > 0) this.body.copy(grown, 0, 0, this.received);
        this.body = grown;
      }
      buf.copy(this.body, this.received, start, end);
    }
    this.received = received;
  }

  private complete(body: Buffer): void {
    const head = this.head!;
    this.head = null;
    this.body = NO_BODY;
    this.step = this.between;
    this.sink.frame(head, this.keeping ? body : NO_BODY);
  }

  /** The head in [start, end) of `buf`, whose lines have been scanned. */
  private decode(buf: Buffer, start: number, end: number): FrameHead {
    const last = this.lastHead;
    const names: string[] = [];
    const values: string[] = [];
    const first = marks[2]! - start;
    if (first > STOMP_COMMAND_MAX_BYTES) throw malformed('the command is too long');
    const sameCommand = last !== null && this.sameLine(buf, 0);
    const command = sameCommand ? last.command : textAt(buf, start, marks[2]!, isAscii(0));
    const plain = command === 'CONNECT' || command === 'STOMP' || command === 'CONNECTED';
    for (let line = 1; line < lines; line++) {
      if (last !== null && !plain && this.sameLine(buf, line)) {
        names.push(last.names[line - 1]!);
        values.push(last.values[line - 1]!);
      } else this.decodeLine(buf, line, plain, names, values);
    }
    const index = names.indexOf('content-length');
    const length = index < 0 ? NO_CONTENT_LENGTH : lengthOf(values[index]!);
    const head = new FrameHead(command, names, values, length);
    this.remember(head, buf, start, end);
    return head;
  }

  private decodeLine(
    buf: Buffer,
    line: number,
    plain: boolean,
    names: string[],
    values: string[],
  ): void {
    const mark = line * MARKS;
    const from = marks[mark]!;
    const colon = marks[mark + 1]!;
    const to = marks[mark + 2]!;
    if (colon === from) throw malformed('a header without a name');
    const ascii = isAscii(line);
    let name = textAt(buf, from, colon, ascii);
    let value = textAt(buf, colon + 1, to, ascii);
    if (!plain && this.dialect.trims) value = value.replace(/^ +/, '');
    if (!plain && this.dialect.escapes && (marks[mark + 3]! & HAS_ESCAPE) !== 0) {
      name = unescaped(name);
      value = unescaped(value);
    }
    names.push(name);
    values.push(value);
  }

  /** Is the line the same as the one in its place of the last head? */
  private sameLine(buf: Buffer, line: number): boolean {
    const mark = line * MARKS;
    const { lastMarks, lastBytes } = this;
    if (mark >= lastMarks.length) return false;
    const from = marks[mark]!;
    const length = marks[mark + 2]! - from;
    const before = lastMarks[mark]!;
    if (lastMarks[mark + 2]! - before !== length) return false;
    for (let i = 0; i < length; i++) if (buf[from + i] !== lastBytes[before + i]) return false;
    return true;
  }

  private remember(head: FrameHead, buf: Buffer, start: number, end: number): void {
    const bytes = end - start;
    // Only publishers repeat heads often enough, and other frames must not make us forget theirs.
    if (head.command !== 'SEND' || bytes > STOMP_REMEMBERED_HEAD_BYTES) return;
    this.lastHead = head;
    if (this.lastBytes.length === bytes) buf.copy(this.lastBytes, 0, start, end);
    else this.lastBytes = copyOf(buf, start, end);
    const count = lines * MARKS;
    if (this.lastMarks.length !== count) this.lastMarks = new Uint32Array(count);
    for (let i = 0; i < count; i++) this.lastMarks[i] = marks[i]! - start;
  }
}

/**
 * Finds the lines of a head, command first, up to the blank line.
 * @returns where the body begins; −1 if the blank line has not come yet
 */
function scan(buf: Buffer, start: number, end: number, mostBytes: number): number {
  lines = 0;
  let from = start;
  let colon = -1;
  let look = PLAIN;
  const limit = Math.min(end, start + mostBytes);
  for (let at = start; at < limit; at++) {
    const byte = buf[at]!;
    if (byte === LF) {
      const to = at > from && buf[at - 1] === CR ? at - 1 : at;
      if (to === from && lines > 0) return at + 1;
      mark(from, colon, to, look);
      from = at + 1;
      colon = -1;
      look = PLAIN;
    } else if (byte === COLON) {
      if (colon < 0) colon = at;
    } else if (byte === BACKSLASH) look |= HAS_ESCAPE;
    else if (byte > 0x7f) look |= NOT_ASCII;
    else if (byte === 0) throw malformed('NUL in the head of a frame');
    else if (byte === CR && at + 1 < end && buf[at + 1] !== LF) {
      throw malformed('CR without LF in the head of a frame');
    }
  }
  if (limit < end) throw headTooLarge(mostBytes);
  return -1;
}

function mark(from: number, colon: number, to: number, look: number): void {
  if (lines > 0 && colon < 0) throw malformed('a header without a colon');
  if (lines > STOMP_HEADERS_MAX) throw tooLarge(`more than ${STOMP_HEADERS_MAX} headers`);
  const at = lines++ * MARKS;
  marks[at] = from;
  marks[at + 1] = colon;
  marks[at + 2] = to;
  marks[at + 3] = look;
}

function isAscii(line: number): boolean {
  return (marks[line * MARKS + 3]! & NOT_ASCII) === 0;
}

function lengthOf(value: string): number {
  return integerOf('content-length', value, Number.MAX_SAFE_INTEGER);
}

/** The shared read buffer goes on behind `end`, so that a plain indexOf would look too far. */
function nulAt(buf: Buffer, start: number, end: number): number {
  const near = Math.min(end, start + 64);
  for (let at = start; at < near; at++) if (buf[at] === 0) return at;
  if (near === end) return -1;
  const found = buf.subarray(near, end).indexOf(0);
  return found < 0 ? -1 : near + found;
}

function copyOf(buf: Buffer, start: number, end: number): Buffer {
  const copy = Buffer.allocUnsafe(end - start);
  buf.copy(copy, 0, start, end);
  return copy;
}

function headTooLarge(most: number): Error {
  return tooLarge(`command and headers are larger than ${most} bytes`);
}

function bodyTooLarge(what: string, most: number): Error {
  return tooLarge(`${what} is larger than the allowed ${most} bytes`);
}
