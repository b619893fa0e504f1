/**
 * Player: plays one case of a differential script against a broker and notes what it answers.
 * Connections and channels open when a line first speaks on them and again after the broker has
 * closed them, so that one mistake after the other can be made. A step is over when every open
 * channel has answered a question that changes nothing (channel.flow), and what was expected has
 * come; a broker that is being recorded must also have been quiet for a while.
 */
import { parseLine, type Step, type Value, words } from '../conversations/notation.ts';
import { encodeStep, expectMethod, logIn } from '../conversations/saying.ts';
import { argumentsOf, camel, encodeMethod, type Frame, Wire } from '../conversations/wire.ts';
import { addressOf, printFrame } from './printing.ts';
import type { ScriptStep } from './script.ts';
import type { Target } from './targets.ts';

/** How long to wait for what has to come. */
const PATIENCE_MS = 10_000;

/** A bare word that keeps a line from opening its channel. */
const AS_IS = 'as-is';

const PUBLISH_ARGUMENTS = new Set(argumentsOf('basic.publish').map(({ name }) => name));

interface Peer {
  readonly wire: Wire;
  /** Channels that are open as far as this side knows. */
  readonly channels: Set<number>;
  /** Spoken to without a login: nothing opens or closes by itself. */
  readonly raw: boolean;
  /** What came of each channel and has not been printed: a content waits for its body. */
  readonly pending: Map<number, Frame[]>;
  gone: boolean;
}

/** Names for one run: what a script calls `$q` is called that here. */
export interface Names {
  name(word: string): string;
}

export class Player {
  private readonly target: Target;
  private readonly names: Names;
  private readonly known = new Map<string, string>();
  private readonly peers = new Map<number, Peer>();
  /** Answers of the step in progress, by address. */
  private answers = new Map<string, string[]>();
  /** Channels that are in a commit: RabbitMQ takes nothing else meanwhile. */
  private readonly committing = new Set<number>();
  /** Answers of channel.flow that are still to come, by peer and channel; ours is the last. */
  private readonly owed = new Map<Peer, Map<number, number>>();

  constructor(target: Target, names: Names) {
    this.target = target;
    this.names = names;
  }

  /** Plays all steps. `expected` says how many answers each should have, or null to record. */
  async play(
    steps: readonly ScriptStep[],
    expected: ((step: ScriptStep) => number) | null,
  ): Promise<string[][]> {
    const played: string[][] = [];
    try {
      for (const step of steps) {
        try {
          played.push(await this.step(step, expected === null ? null : expected(step)));
        } catch (error) {
          throw new Error(`line ${step.line}: ${step.lines[0]}\n${(error as Error).message}`);
        }
      }
    } finally {
      await this.leave();
    }
    return played;
  }

  /** Closes what is open in good form: exclusive queues have gone when it is done. */
  private async leave(): Promise<void> {
    const reason = { replyCode: 200, replyText: 'bye', classId: 0, methodId: 0 };
    const deadline = Date.now() + PATIENCE_MS;
    for (const { wire, raw, gone } of this.peers.values()) {
      if (!raw && !gone) {
        wire.write(encodeMethod('connection.close', 0, reason));
        let closed = false;
        while (!closed && !wire.ended && Date.now() < deadline) {
          closed = wire.takeAll().some(({ name }) => name === 'connection.close-ok');
          if (!closed) await wire.changed(PATIENCE_MS);
        }
      }
      wire.destroy();
    }
  }

  private async step({ lines }: ScriptStep, expected: number | null): Promise<string[]> {
    this.answers = new Map();
    this.owed.clear();
    this.committing.clear();
    let awaited = expected;
    const parsed = lines.map((text) => parseLine(text.replace(/^A/, 'C')));
    for (const [index, step] of parsed.entries()) {
      if (lines[index]?.startsWith('A')) {
        const fields = [...step.fields].map(([name, word]): [string, string] => {
          return [name, String(this.fill(word))];
        });
        await this.target.administer(step.verb, new Map(fields));
      } else if (step.verb === 'await') awaited ??= Number(this.fill(step.bare[0] ?? '1'));
      else await this.say(step);
    }
    this.askAll();
    await this.collect(awaited, expected === null);
    const addresses = [...this.answers.keys()].sort();
    return addresses.flatMap((address) => this.answers.get(address) as string[]);
  }

  // -- saying --

  private async say(step: Step): Promise<void> {
    if (step.verb === 'connect' || step.verb === 'login') {
      await this.connect(step);
      return;
    }
    const peer = await this.peerFor(step);
    if (step.verb === 'end') {
      peer.wire.destroy();
      peer.gone = true;
      return;
    }
    const said = { ...step, bare: step.bare.filter((word) => word !== AS_IS) };
    for (const part of step.verb === 'publish' ? publishing(said) : [said]) {
      peer.wire.write(encodeStep(part, (word) => this.fill(word)));
    }
    if (step.verb === 'channel.open') peer.channels.add(step.channel);
    if (step.verb === 'channel.close') peer.channels.delete(step.channel);
    if (step.verb === 'connection.close') peer.channels.clear();
    if (step.verb === 'tx.commit') this.committing.add(step.channel);
    if (step.verb === 'channel.flow') this.owe(peer, step.channel);
  }

  private async connect(step: Step): Promise<Peer> {
    const raw = step.verb === 'connect';
    const wire = await Wire.open(this.target.host, this.target.port);
    const peer: Peer = { wire, channels: new Set(), raw, pending: new Map(), gone: false };
    this.peers.get(step.connection)?.wire.destroy();
    this.peers.set(step.connection, peer);
    if (!raw) {
      const given = step.verb === 'login' ? step.fields : new Map<string, string>();
      await logIn(wire, (name, otherwise) =>
        String(this.fill(given.get(name) ?? JSON.stringify(otherwise))),
      );
    }
    return peer;
  }

  private async peerFor(step: Step): Promise<Peer> {
    let peer = this.peers.get(step.connection);
    if (peer === undefined || peer.gone) peer = await this.connect({ ...step, verb: 'begin' });
    const { channel, verb } = step;
    const opens = !peer.raw && channel !== 0 && !step.bare.includes(AS_IS);
    if (opens && !peer.channels.has(channel) && !/^(channel\.open|bytes)$/.test(verb)) {
      peer.wire.write(encodeMethod('channel.open', channel, {}));
      expectMethod(await peer.wire.frame(channel), 'channel.open-ok');
      peer.channels.add(channel);
    }
    return peer;
  }

  private fill(word: string): Value {
    return words(
      word.replace(/\$([a-z]\w*)/g, (_, name: string) => {
        const known = this.known.get(name);
        if (known !== undefined) return known;
        const made = name.startsWith('given_') ? 'none-given' : this.names.name(name);
        this.known.set(name, made);
        return made;
      }),
    );
  }

  // -- listening --

  /** Asks on every open channel what changes nothing: the answer comes after all others. */
  private askAll(): void {
    for (const peer of this.peers.values()) {
      if (peer.gone || peer.raw) continue;
      for (const channel of peer.channels) {
        if (this.committing.has(channel)) continue;
        this.owe(peer, channel);
        peer.wire.write(encodeMethod('channel.flow', channel, { active: true }));
      }
    }
  }

  private owe(peer: Peer, channel: number): void {
    const owed = this.owed.get(peer) ?? new Map<number, number>();
    this.owed.set(peer, owed.set(channel, (owed.get(channel) ?? 0) + 1));
  }

  private async collect(expected: number | null, recording: boolean): Promise<void> {
    const deadline = Date.now() + PATIENCE_MS;
    let quietSince = Date.now();
    let late = false;
    for (;;) {
      if (this.takeIn()) quietSince = Date.now();
      const now = Date.now();
      if (now > deadline) return;
      const enough = this.settled() && (expected === null || this.count() >= expected);
      const quiet = !recording || now - quietSince >= this.target.quietMs;
      if (enough && quiet && (recording || !late)) return;
      if (enough && late) {
        // What was waited for came after the answers to our questions: is there more?
        late = false;
        this.askAll();
        continue;
      }
      if (this.settled() && !enough) late = true;
      const patience = recording ? this.target.quietMs : deadline - now;
      await this.news(patience);
    }
  }

  /** Waits until something comes from any peer, or the time is up. */
  private async news(ms: number): Promise<void> {
    const open = [...this.peers.values()].filter(({ gone }) => !gone);
    if (open.length > 0) await Promise.race(open.map(({ wire }) => wire.changed(ms)));
    else await new Promise((resolve) => setTimeout(resolve, ms));
  }

  private count(): number {
    return [...this.answers.values()].reduce((sum, lines) => sum + lines.length, 0);
  }

  /** Have all questions been answered, and all contents come whole? */
  private settled(): boolean {
    for (const peer of this.peers.values()) {
      if ([...peer.pending.values()].some((frames) => frames.length > 0)) return false;
      const owed = this.owed.get(peer);
      if (peer.gone || owed === undefined) continue;
      for (const channel of peer.channels) if ((owed.get(channel) ?? 0) > 0) return false;
    }
    return true;
  }

  /** Notes what has come. Returns whether there was anything. */
  private takeIn(): boolean {
    let any = false;
    for (const [number, peer] of this.peers) {
      if (peer.gone) continue;
      for (const frame of peer.wire.takeAll()) {
        any = true;
        const frames = peer.pending.get(frame.channel) ?? [];
        frames.push(frame);
        peer.pending.set(frame.channel, frames);
      }
      for (const channel of peer.pending.keys()) this.printPending(number, peer, channel);
      if (!peer.wire.ended) continue;
      any = true;
      peer.gone = true;
      peer.pending.clear();
      this.note(addressOf(number, 0, 'connection.'), 'eof');
    }
    return any;
  }

  private printPending(number: number, peer: Peer, channel: number): void {
    const frames = peer.pending.get(channel) as Frame[];
    while (frames.length > 0) {
      const [frame] = frames as [Frame];
      if (frame.kind === 'header') {
        const content = wholeContent(frames);
        if (content === null) return;
        this.notePrinted(number, content);
        continue;
      }
      frames.shift();
      if (frame.name === 'channel.flow-ok' && this.pay(peer, channel)) continue;
      this.notePrinted(number, frame);
      this.react(peer, frame);
    }
  }

  /** Is this the answer to our own question? The script's come first. */
  private pay(peer: Peer, channel: number): boolean {
    const owed = this.owed.get(peer);
    const left = (owed?.get(channel) ?? 0) - 1;
    owed?.set(channel, left);
    return left === 0;
  }

  private react(peer: Peer, frame: Frame): void {
    if (peer.raw) return;
    if (frame.name === 'channel.close') {
      peer.channels.delete(frame.channel);
      peer.wire.write(encodeMethod('channel.close-ok', frame.channel, {}));
    } else if (frame.name === 'connection.close') {
      peer.wire.write(encodeMethod('connection.close-ok', 0, {}));
      peer.gone = true;
    } else if (frame.name === 'connection.close-ok') peer.gone = true;
  }

  private notePrinted(number: number, frame: Frame): void {
    const address = addressOf(number, frame.channel, frame.name);
    this.note(address, printFrame(frame, this.known));
    const { fields } = frame;
    // The names that a broker gives are needed afterwards.
    for (const field of ['queue', 'consumer-tag', 'reply-to'] as const) {
      const value = fields[field];
      if (typeof value === 'string' && value.startsWith('amq.')) {
        this.known.set(`given_${camel(field).toLowerCase()}`, value);
      }
    }
  }

  private note(address: string, text: string): void {
    const lines = this.answers.get(address) ?? [];
    lines.push(`${address}: ${text}`);
    this.answers.set(address, lines);
  }
}

/** Takes a content off the front, its body put together; null if it is not all there. */
function wholeContent(frames: Frame[]): Frame | null {
  const [header] = frames as [Frame];
  const parts: Buffer[] = [];
  let left = header.size;
  let used = 1;
  while (left > 0) {
    const part = frames[used];
    if (part === undefined) return null;
    if (part.kind !== 'body') break;
    parts.push(part.payload);
    left -= part.payload.length;
    used++;
  }
  frames.splice(0, used);
  return { ...header, payload: Buffer.concat(parts) };
}

/** `publish "body" …`: basic.publish with what is an argument of it, a content with the rest. */
function publishing(step: Step): Step[] {
  const isArgument = ([name]: [string, string]): boolean => PUBLISH_ARGUMENTS.has(camel(name));
  const fields = [...step.fields];
  return [
    { ...step, verb: 'basic.publish', bare: [], fields: new Map(fields.filter(isArgument)) },
    { ...step, verb: 'content', fields: new Map(fields.filter((field) => !isArgument(field))) },
  ];
}
