/**
 * Conversation: reads and acts out what a client says and a server must answer, frame by frame.
 *
 *     == A missing queue closes the channel, not the connection.
 *     C: begin
 *     C: queue.declare queue=$q passive=true
 *     S: channel.close reply-code=404 reply-text="NOT_FOUND - no queue '$q' in vhost '/'"
 *     C: channel.close-ok
 *     # rabbitmq-3.10: S: …            what an external, older broker may say instead
 *     # rabbitmq-3.10-ends: S.0: …     the same, and the conversation ends there
 *     # rabbitmq-3.10: skip, why       first in a conversation: an older broker cannot be asked
 *
 * `C2.3:` is channel 3 of connection 2; both default to 1. A `$name` that the client uses first is
 * a scratch name; one that the server uses first is remembered. `*` matches anything, `/…/` is a
 * regular expression; fields that are not named are not compared. The client can also `connect`,
 * `login` (handshake), `begin` (login and channel.open), send `content "body" property=…`,
 * `content-header`, `content-body`, `frame`, `bytes` and `end`; the server can also send
 * `content`, `bytes` and `eof`. At the end every connection is closed properly, and anything that
 * the server sent unasked fails the conversation.
 */

import { external, type TestBroker } from '../support/broker.ts';
import type { Scratch } from '../support/scratch.ts';
import { matches, parseLine, type Step, type Value, words } from './notation.ts';
import { encodeStep, expectMethod, find, logIn, toBytes } from './saying.ts';
import { argumentsOf, describe, encodeMethod, type Frame, Wire } from './wire.ts';

const SKIP = '# rabbitmq-3.10: skip';

export interface Conversation {
  readonly title: string;
  /** Is this not to be tried with the broker under test? */
  readonly skipped: boolean;
  readonly lines: readonly Line[];
}

interface Line {
  /** In the file, from 1. */
  readonly number: number;
  readonly text: string;
}

/** The conversations of one file. @throws if text precedes the first title. */
export function parseConversations(source: string): Conversation[] {
  const conversations: { title: string; skipped: boolean; lines: Line[] }[] = [];
  for (const [index, line] of source.split('\n').entries()) {
    const text = line.trim();
    if (text.startsWith('== ')) {
      conversations.push({ title: text.slice(3), skipped: false, lines: [] });
    } else if (text !== '' && !/^#(?! rabbitmq-3\.10)/.test(text)) {
      const current = conversations.at(-1);
      if (current === undefined) throw new Error(`line ${index + 1} belongs to no conversation`);
      if (text.startsWith(SKIP)) current.skipped = external;
      else current.lines.push({ number: index + 1, text });
    }
  }
  return conversations;
}

interface Peer {
  readonly wire: Wire;
  /** The close handshake is over, or there never was anything to close. */
  closed: boolean;
  /** The server asked for the close. */
  closing: boolean;
  loggedIn: boolean;
}

/** One run of one conversation. */
export class Stage {
  readonly #broker: TestBroker;
  readonly #scratch: Scratch;
  readonly #names = new Map<string, string>();
  readonly #peers = new Map<number, Peer>();

  constructor(broker: TestBroker, scratch: Scratch) {
    this.#broker = broker;
    this.#scratch = scratch;
  }

  /** @throws at the first line that does not come true, naming it. */
  async act(conversation: Conversation): Promise<void> {
    try {
      if (await this.#lines(conversation.lines)) await this.#curtain();
    } finally {
      for (const { wire } of this.#peers.values()) wire.destroy();
    }
  }

  /** Returns whether the conversation came to its own end. */
  async #lines(lines: Conversation['lines']): Promise<boolean> {
    for (let index = 0; index < lines.length; ) {
      const line = lines[index++]!;
      const alternatives: string[] = [];
      while (lines[index]?.text.startsWith('#')) alternatives.push(lines[index++]!.text);
      try {
        if (!(await this.#line(line.text, alternatives))) return false;
      } catch (error) {
        throw new Error(`line ${line.number}: ${line.text}\n${(error as Error).message}`);
      }
    }
    return true;
  }

  async #line(text: string, alternatives: readonly string[]): Promise<boolean> {
    const step = parseLine(text);
    if (step.side === 'C') await this.#say(step);
    else if (step.verb === 'bytes' || step.verb === 'eof') await this.#hearRaw(step);
    else return this.#hear(step, external ? alternatives : []);
    return true;
  }

  // --- the client ---

  async #say(step: Step): Promise<void> {
    if (step.verb === 'connect') return void (await this.#connect(step));
    if (step.verb === 'login' || step.verb === 'begin') return this.#login(step);
    const { wire } = this.#peer(step);
    if (step.verb === 'end') return this.#hangUp(step);
    wire.write(encodeStep(step, (word) => this.#fill(word)));
    if (step.verb === 'connection.close-ok') this.#peer(step).closed = true;
  }

  async #connect(step: Step): Promise<Peer> {
    const wire = await Wire.open(this.#broker.host, this.#broker.port);
    const peer = { wire, closed: false, closing: false, loggedIn: false };
    this.#peers.set(step.connection, peer);
    return peer;
  }

  async #login(step: Step): Promise<void> {
    const { wire } = await this.#connect(step);
    await logIn(wire, (name, otherwise) => {
      return String(this.#fill(step.fields.get(name) ?? JSON.stringify(otherwise)));
    });
    this.#peer(step).loggedIn = true;
    if (step.verb === 'login') return;
    wire.write(encodeMethod('channel.open', step.channel, {}));
    expectMethod(await wire.frame(step.channel), 'channel.open-ok');
  }

  /** Ends the connection without a word, as a crash would. */
  #hangUp(step: Step): void {
    const peer = this.#peer(step);
    peer.wire.destroy();
    peer.closed = true;
  }

  // --- the server ---

  async #hearRaw(step: Step): Promise<void> {
    const peer = this.#peer(step);
    if (step.verb === 'eof') {
      await peer.wire.eof();
      peer.closed = true;
      return;
    }
    const expected = Buffer.concat(step.bare.map((value) => toBytes(this.#fill(value))));
    const found = await peer.wire.bytes(expected.length);
    if (!expected.equals(found)) throw new Error(`but the server sent ${found.toString('hex')}`);
  }

  /** Returns whether the conversation goes on. */
  async #hear(step: Step, alternatives: readonly string[]): Promise<boolean> {
    const others = alternatives.map((text) => ({
      step: parseLine(text.replace(/^# rabbitmq-3\.10(-ends)?: /, '')),
      ends: text.startsWith('# rabbitmq-3.10-ends'),
    }));
    const choices = [{ step, ends: false }, ...others];
    const { wire } = this.#peer(step);
    if (others.some((choice) => choice.step.verb === 'eof') && (await wire.endsSilently())) {
      return false;
    }
    const frame = await this.#next(wire, ...choices.map((choice) => choice.step.channel));
    let problem = '';
    for (const choice of choices) {
      const difference = this.#difference(choice.step, frame);
      if (difference === null) return !choice.ends;
      problem ||= difference;
    }
    throw new Error(`but the server sent\n${describe(frame)}\n${problem}`);
  }

  /** The next frame; if it is a content header, with the whole body as its payload. */
  async #next(wire: Wire, ...channels: number[]): Promise<Frame> {
    const frame = await wire.frame(...channels);
    if (frame.kind !== 'header') return frame;
    const parts: Buffer[] = [];
    for (let size = 0; size < frame.size; size += parts.at(-1)!.length) {
      const part = await wire.frame(frame.channel);
      if (part.kind !== 'body') throw new Error(`in the middle of a body: ${describe(part)}`);
      parts.push(part.payload);
    }
    return { ...frame, payload: Buffer.concat(parts) };
  }

  /** What is wrong with the frame, or null. */
  #difference(step: Step, frame: Frame): string | null {
    if (frame.channel !== step.channel) return `on channel ${frame.channel}`;
    if (step.verb === 'content') return this.#contentDifference(step, frame);
    if (frame.name !== step.verb) return `not a ${step.verb}`;
    for (const name of step.fields.keys()) find(argumentsOf(step.verb), name, step.verb);
    const difference = this.#fieldDifference(step, frame);
    if (difference === null && frame.name === 'connection.close') this.#peer(step).closing = true;
    if (difference === null && frame.name === 'connection.close-ok') this.#peer(step).closed = true;
    return difference;
  }

  #contentDifference(step: Step, frame: Frame): string | null {
    if (frame.kind !== 'header') return 'not a content';
    const expected = Buffer.concat(step.bare.map((value) => toBytes(this.#fill(value))));
    const any = step.bare.length === 1 && step.bare[0] === '*';
    if (!any && !expected.equals(frame.payload)) return 'with another body';
    for (const [name, value] of Object.entries(frame.fields)) {
      if (value !== undefined && !step.fields.has(name))
        return `with ${name}, which is not expected`;
    }
    return this.#fieldDifference(step, frame);
  }

  #fieldDifference(step: Step, frame: Frame): string | null {
    for (const [name, value] of step.fields) {
      const found = frame.fields[name];
      if (this.#captures(value, found)) continue;
      if (!matches(this.#fill(value), found)) return `${name} is ${JSON.stringify(found)}`;
    }
    return null;
  }

  /** A name that was not used before stands for whatever the server sends. */
  #captures(value: string, found: unknown): boolean {
    const name = /^\$([a-z]\w*)$/.exec(value)?.[1];
    if (name === undefined || this.#names.has(name)) return false;
    this.#names.set(name, String(found));
    return true;
  }

  // --- both ---

  #peer(step: Step): Peer {
    const peer = this.#peers.get(step.connection);
    if (peer === undefined) throw new Error(`there is no connection ${step.connection}`);
    return peer;
  }

  /** The value that a word stands for, with its `$names` filled in. */
  #fill(word: string): Value {
    return words(
      word.replace(/\$([a-z]\w*)/g, (_, name: string) => {
        if (!this.#names.has(name)) this.#names.set(name, this.#scratch.name(name));
        return this.#names.get(name)!;
      }),
    );
  }

  /** Closes what is open. @throws if the server has said more than it was asked. */
  async #curtain(): Promise<void> {
    for (const [number, peer] of this.#peers) {
      if (peer.closed && peer.closing) await peer.wire.eof();
      if (!peer.closed && peer.loggedIn) {
        const fields = { replyCode: 200, replyText: 'bye', classId: 0, methodId: 0 };
        peer.wire.write(encodeMethod('connection.close', 0, fields));
        expectMethod(await peer.wire.frame(0), 'connection.close-ok');
      }
      const unread = peer.wire.unread();
      if (unread.length > 0) {
        throw new Error(`on connection ${number} the server also sent\n${unread.join('\n')}`);
      }
    }
  }
}
