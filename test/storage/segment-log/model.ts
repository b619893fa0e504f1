/**
 * Model: what a segment log was told, and what it has to have after whatever happens to it: every
 * confirmed message that was not acked, once, in order, with its body. Drives a SegmentRig by
 * random steps from a seed.
 */
import { expect } from 'vitest';
import type { QueueStore, Ref } from '../../../src/storage/message-store.ts';
import { Random } from '../../support/random.ts';
import type { SegmentRig } from '../../support/segment-rig.ts';
import { type HeldMessage, newMessage, Sink } from '../conformance.ts';

/** A message whose header is short. */
export function plainMessage(text: string): HeldMessage {
  return newMessage(text, { encodeHeader: () => Buffer.from('header') });
}

/** A message in a queue. */
interface Held {
  readonly text: string;
  readonly number: number;
  ref: Ref;
  confirmed: boolean;
  nacked: boolean;
  /** Acked; it may come again for as long as that is not on disk. */
  acked: boolean;
}

export class Model {
  readonly random: Random;
  readonly queues = new Map<number, QueueStore>();
  readonly held = new Map<number, Held[]>();
  nacks = 0;
  published = 0;
  private rig: SegmentRig;

  constructor(rig: SegmentRig, seed: number, queues = 3) {
    this.rig = rig;
    this.random = new Random(seed);
    for (let id = 1; id <= queues; id++) {
      this.queues.set(id, rig.store.openQueue(id, new Sink()));
      this.held.set(id, []);
    }
  }

  /** Publishes to some of the queues. @param maxBytes of the body */
  publish(maxBytes: number): void {
    const number = ++this.published;
    const ids = [...this.queues.keys()].filter(() => this.random.chance(0.5));
    if (ids.length === 0) ids.push(this.random.pick([...this.queues.keys()]));
    const text = `${number}:${'x'.repeat(this.random.below(maxBytes))}`;
    const stores = ids.map((id) => this.queues.get(id) as QueueStore);
    const entries: Held[] = [];
    const settled = (error: Error | null): void => {
      if (error !== null) this.nacks++;
      for (const one of entries) {
        if (error === null) one.confirmed = true;
        else one.nacked = true;
      }
    };
    const refs = [...this.rig.store.publish(stores, plainMessage(text), { settled })];
    for (const [i, id] of ids.entries()) {
      const state = { confirmed: false, nacked: false, acked: false };
      const one = { text, number, ref: refs[i] as Ref, ...state };
      entries.push(one);
      this.held.get(id)?.push(one);
    }
  }

  /** Acks a random message. @param keep numbers that are never acked */
  ack(keep: (number: number) => boolean = () => false): void {
    const id = this.random.pick([...this.queues.keys()]);
    const list = this.held.get(id) as Held[];
    if (list.length === 0) return;
    const index = this.random.below(list.length);
    const one = list[index] as Held;
    if (one.acked || keep(one.number)) return;
    one.acked = true;
    this.queues.get(id)?.ack(one.ref);
  }

  /** Loads some messages; what comes has to be what was published. */
  async load(): Promise<void> {
    const id = this.random.pick([...this.queues.keys()]);
    const alive = (this.held.get(id) as Held[]).filter(({ acked }) => !acked);
    const wanted = alive.filter(() => this.random.chance(0.3)).slice(0, 20);
    const texts = wanted.map(({ text }) => text);
    const loading = this.queues.get(id)?.load(wanted.map(({ ref }) => ref)) ?? [];
    try {
      const loaded = await loading;
      expect(loaded.map(({ body }) => body.toString())).toEqual(texts);
    } catch (error) {
      // Acked while it was being read: then nobody minds.
      if (wanted.every(({ acked }) => !acked)) throw error;
    }
  }

  /** Whether the next process, on this rig, has all that it has to have. */
  async check(rig: SegmentRig, settledBefore: boolean): Promise<void> {
    const sinks = new Map<number, Sink>();
    const stores = new Map<number, QueueStore>();
    for (const id of this.queues.keys()) {
      const sink = new Sink();
      sinks.set(id, sink);
      stores.set(id, rig.store.openQueue(id, sink));
    }
    await rig.recover();
    for (const [id, list] of this.held) {
      const loaded = await stores.get(id)?.load((sinks.get(id) as Sink).refs);
      const texts = (loaded ?? []).map(({ body }) => body.toString());
      const must = list.filter(({ confirmed, acked }) => confirmed && !acked);
      const known = new Map(list.map((one) => [one.text, one]));
      expect(texts).toEqual(expect.arrayContaining(must.map(({ text }) => text)));
      expect(new Set(texts).size).toBe(texts.length);
      for (const text of texts)
        expect(known.has(text), `${text.slice(0, 20)} ${text.length}`).toBe(true);
      const numbers = texts.map((text) => Number.parseInt(text, 10));
      expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
      if (settledBefore) expect(texts).toEqual(must.map(({ text }) => text));
    }
  }
}
