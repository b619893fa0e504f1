/**
 * Conformance: what any MessageStore has to do, whatever it is made of. A backend's own test calls
 * conformance() with a way to open one; what only it does (fsync, segments, takeovers) is tested
 * beside it. The engine's tests on the same backend are the other half.
 */
import { describe, expect, test } from 'vitest';
import type {
  Loaded,
  MessageStore,
  Meta,
  NewMessage,
  QueueSink,
  QueueStore,
  Ref,
} from '../../src/storage/message-store.ts';

/** An open store, and how its time goes by. */
export interface Rig {
  readonly store: MessageStore;
  /** Lets the store finish everything that it has been asked. */
  settle(): Promise<void>;
  /** Closes the store and opens it again on what it kept; null if it keeps nothing. */
  reopen: (() => Promise<Rig>) | null;
}

/** What a store told one queue. */
export class Sink implements QueueSink {
  readonly metas: Meta[] = [];
  readonly residents: (NewMessage | null)[] = [];
  readonly closings: (Error | null)[] = [];

  ready(meta: Meta, resident: NewMessage | null): void {
    this.metas.push(meta);
    this.residents.push(resident);
  }

  closed(reason: Error | null): void {
    this.closings.push(reason);
  }

  get refs(): Ref[] {
    return this.metas.map(({ ref }) => ref);
  }
}

const ARRIVED_AT_MS = 1_700_000_000_000;

/** A message as the engine would make it, that counts who holds it. */
export interface HeldMessage extends NewMessage {
  holds: number;
}

/** A message whose header is its text in capitals. */
export function newMessage(text: string, values: Partial<NewMessage> = {}): HeldMessage {
  const lent = values.lent ?? Buffer.from(text);
  return {
    lent,
    bodyBytes: lent.length,
    arrivedAtMs: ARRIVED_AT_MS,
    expiresAtMs: 0,
    priority: 0,
    holds: 0,
    encodeHeader: () => Buffer.from(text.toUpperCase()),
    hold() {
      this.holds++;
    },
    release() {
      this.holds--;
    },
    ...values,
  };
}

/** A queue under test: its store, its sink, and the refs of what was published to it. */
class Subject {
  readonly sink = new Sink();
  readonly queue: QueueStore;
  private readonly rig: Rig;

  constructor(rig: Rig, id: number) {
    this.rig = rig;
    this.queue = rig.store.openQueue(id, this.sink);
  }

  /** Publishes one after the other and waits. Returns their refs. */
  async publish(...messages: readonly NewMessage[]): Promise<Ref[]> {
    const refs: Ref[] = [];
    const before = this.sink.refs.length;
    for (const one of messages) refs.push(...this.rig.store.publish([this.queue], one, null));
    await this.rig.settle();
    return this.rig.store.readyOn === 'publish' ? refs : this.sink.refs.slice(before);
  }

  async load(refs: readonly Ref[]): Promise<string[]> {
    const loading = Promise.resolve(this.queue.load(refs));
    loading.catch(() => {});
    await this.rig.settle();
    return (await loading).map(({ header, body }: Loaded) => `${header}/${body}`);
  }
}

export function conformance(name: string, open: () => Promise<Rig>): void {
  describe(`${name} as a message store`, () => {
    publishing(open);
    loading(open);
    forgetting(open);
    transactions(open);
    reopening(open);
  });
}

function publishing(open: () => Promise<Rig>): void {
  test('tells each publish once that it is safe, in the order of the calls', async () => {
    const rig = await open();
    const { queue } = new Subject(rig, 1);
    const answers: string[] = [];
    const note = (text: string) => ({
      settled: (error: Error | null) => void answers.push(`${text} ${error}`),
    });
    for (let i = 0; i < 20; i++) rig.store.publish([queue], newMessage(`m${i}`), note(`m${i}`));
    await rig.settle();
    await rig.settle();
    expect(answers).toEqual(Array.from({ length: 20 }, (_, i) => `m${i} null`));
  });

  test('gives a ref for each queue at once if messages are ready on publish, else none', async () => {
    const rig = await open();
    const queues = [1, 2, 3].map((id) => new Subject(rig, id).queue);
    const refs = [...rig.store.publish(queues, newMessage('fan-out'), null)];
    if (rig.store.readyOn === 'durable') expect(refs).toEqual([]);
    else {
      expect(refs).toHaveLength(3);
      expect(new Set(refs).size).toBe(3);
      expect(refs.every((ref) => ref > 0 && Number.isSafeInteger(ref))).toBe(true);
    }
  });

  test('says that a message is ready only if it is so when durable, and in order', async () => {
    const rig = await open();
    const [a, b] = [new Subject(rig, 1), new Subject(rig, 2)];
    const values = { expiresAtMs: ARRIVED_AT_MS + 5, priority: 7 };
    rig.store.publish([a.queue, b.queue], newMessage('both', values), null);
    rig.store.publish([a.queue], newMessage('second'), null);
    expect(a.sink.metas).toEqual([]);
    await rig.settle();
    const durable = rig.store.readyOn === 'durable';
    expect(a.sink.metas.map(({ bodyBytes }) => bodyBytes)).toEqual(durable ? [4, 6] : []);
    expect(b.sink.metas).toHaveLength(durable ? 1 : 0);
    if (!durable) return;
    const meta = { bodyBytes: 4, arrivedAtMs: ARRIVED_AT_MS, ...values, deliveries: 0 };
    expect(b.sink.metas[0]).toEqual({ ref: expect.any(Number), ...meta });
  });

  test('makes a message ready before it calls it safe, never inside the publish', async () => {
    const rig = await open();
    const { queue, sink } = new Subject(rig, 1);
    let readyWhenSettled = -1;
    const settled = () => {
      readyWhenSettled = sink.metas.length;
    };
    rig.store.publish([queue], newMessage('m'), { settled });
    if (rig.store.readyOn === 'durable') expect(readyWhenSettled).toBe(-1);
    await rig.settle();
    expect(readyWhenSettled).toBe(rig.store.readyOn === 'durable' ? 1 : 0);
  });

  test('hands over the very object of the publish or nothing', async () => {
    const rig = await open();
    const { queue, sink } = new Subject(rig, 1);
    const message = newMessage('m');
    rig.store.publish([queue], message, null);
    await rig.settle();
    for (const resident of sink.residents) expect([null, message]).toContain(resident);
    if (!rig.store.loads) expect(sink.residents).not.toContain(null);
  });

  test('has written everything when flush resolves', async () => {
    const rig = await open();
    const { queue } = new Subject(rig, 1);
    let safe = 0;
    const settled = () => void safe++;
    for (let i = 0; i < 5; i++) rig.store.publish([queue], newMessage('m'), { settled });
    let safeWhenFlushed = -1;
    void rig.store.flush().then(() => {
      safeWhenFlushed = safe;
    });
    await rig.settle();
    expect(safeWhenFlushed).toBe(5);
  });

  test('is not busy when nothing is being written', async () => {
    const rig = await open();
    const { queue } = new Subject(rig, 1);
    const told: boolean[] = [];
    rig.store.onBusy((busy) => void told.push(busy));
    for (let i = 0; i < 50; i++) rig.store.publish([queue], newMessage('x'.repeat(1000)), null);
    await rig.settle();
    expect(rig.store.busy).toBe(false);
    expect(told.at(-1) ?? false).toBe(false);
    expect(told.every((busy, i) => busy === (i % 2 === 0))).toBe(true);
  });
}

function loading(open: () => Promise<Rig>): void {
  test('brings messages back in the order asked for, if it can bring them back', async () => {
    const rig = await open();
    if (!rig.store.loads) return;
    const subject = new Subject(rig, 1);
    const refs = await subject.publish(newMessage('a'), newMessage('b'), newMessage('c'));
    const [a, b, c] = refs as [Ref, Ref, Ref];
    expect(await subject.load([c, a, b])).toEqual(['C/c', 'A/a', 'B/b']);
    expect(await subject.load([b])).toEqual(['B/b']);
    expect(await subject.load([])).toEqual([]);
  });

  test('brings back a message that is not written yet', async () => {
    const rig = await open();
    if (!rig.store.loads || rig.store.readyOn === 'durable') return;
    const subject = new Subject(rig, 1);
    const [ref] = rig.store.publish([subject.queue], newMessage('early'), null);
    expect(await subject.load([ref as Ref])).toEqual(['EARLY/early']);
  });

  test('gives the reader bytes of its own', async () => {
    const rig = await open();
    if (!rig.store.loads) return;
    const subject = new Subject(rig, 1);
    const [ref] = await subject.publish(newMessage('mine'));
    const loading = Promise.resolve(subject.queue.load([ref as Ref]));
    await rig.settle();
    const [loaded] = (await loading) as [Loaded];
    loaded.body.fill(0);
    loaded.header.fill(0);
    expect(await subject.load([ref as Ref])).toEqual(['MINE/mine']);
  });

  test('refuses to bring back what it does not have', async () => {
    const rig = await open();
    if (!rig.store.loads) return;
    const subject = new Subject(rig, 1);
    const [ref] = await subject.publish(newMessage('gone'));
    subject.queue.ack(ref as Ref);
    await rig.settle();
    await expect(subject.load([ref as Ref])).rejects.toThrow();
  });
}

function forgetting(open: () => Promise<Rig>): void {
  test('counts a message from publish to ack, once for each queue', async () => {
    const rig = await open();
    const [a, b] = [new Subject(rig, 1), new Subject(rig, 2)];
    const both = [...rig.store.publish([a.queue, b.queue], newMessage('m'), null)];
    await rig.settle();
    const [refA, refB] = both.length > 0 ? both : [a.sink.refs[0], b.sink.refs[0]];
    expect(rig.store.stats().messages).toBe(2);
    a.queue.ack(refA as Ref);
    await rig.settle();
    expect(rig.store.stats().messages).toBe(1);
    b.queue.ack(refB as Ref);
    await rig.settle();
    expect(rig.store.stats().messages).toBe(0);
  });

  test('calls a message safe that was acked before it had to be', async () => {
    const rig = await open();
    if (rig.store.readyOn === 'durable') return;
    const { queue } = new Subject(rig, 1);
    const errors: (Error | null)[] = [];
    const settled = (error: Error | null) => void errors.push(error);
    const [ref] = rig.store.publish([queue], newMessage('m'), { settled });
    queue.ack(ref as Ref);
    await rig.settle();
    expect(errors).toEqual([null]);
  });

  test('goes on after nothing of what was published had to be kept', async () => {
    const rig = await open();
    if (rig.store.readyOn === 'durable') return;
    const { queue } = new Subject(rig, 1);
    for (let i = 0; i < 3; i++) {
      const [ref] = rig.store.publish([queue], newMessage('elided'), null);
      queue.ack(ref as Ref);
      await rig.settle();
      let safe = false;
      const settled = () => {
        safe = true;
      };
      rig.store.publish([queue], newMessage('kept'), { settled });
      await rig.settle();
      expect(safe).toBe(true);
    }
  });

  test('forgets a deleted queue, tells it nothing more, and calls its publishes safe', async () => {
    const rig = await open();
    const { queue, sink } = new Subject(rig, 1);
    const errors: (Error | null)[] = [];
    const settled = (error: Error | null) => void errors.push(error);
    rig.store.publish([queue], newMessage('m'), { settled });
    let deleted = false;
    void queue.delete().then(() => {
      deleted = true;
    });
    await rig.settle();
    expect(deleted).toBe(true);
    expect(errors).toEqual([null]);
    expect(sink.metas).toEqual([]);
    expect(sink.closings).toEqual([]);
    expect(rig.store.stats().messages).toBe(0);
  });

  test('keeps a message in the other queues when one of them is deleted', async () => {
    const rig = await open();
    const [a, b] = [new Subject(rig, 1), new Subject(rig, 2)];
    const errors: (Error | null)[] = [];
    const settled = (error: Error | null) => void errors.push(error);
    const refs = [...rig.store.publish([a.queue, b.queue], newMessage('m'), { settled })];
    void a.queue.delete();
    await rig.settle();
    expect(errors).toEqual([null]);
    expect(rig.store.stats().messages).toBe(1);
    if (rig.store.loads) expect(await b.load([refs[1] ?? b.sink.refs[0] ?? 0])).toEqual(['M/m']);
  });
}

function transactions(open: () => Promise<Rig>): void {
  test('settles a transaction once, after everything in it', async () => {
    const rig = await open();
    const subject = new Subject(rig, 1);
    const [old] = await subject.publish(newMessage('old'));
    const told: string[] = [];
    const note = (text: string) => ({
      settled: (error: Error | null) => void told.push(`${text} ${error}`),
    });
    rig.store.transaction(() => {
      rig.store.publish([subject.queue], newMessage('one'), note('one'));
      subject.queue.ack(old as Ref);
      rig.store.publish([subject.queue], newMessage('two'), note('two'));
    }, note('all'));
    await rig.settle();
    expect(told).toEqual(['one null', 'two null', 'all null']);
    expect(rig.store.stats().messages).toBe(2);
  });

  test('settles a transaction with nothing in it', async () => {
    const rig = await open();
    const errors: (Error | null)[] = [];
    const settled = (error: Error | null) => void errors.push(error);
    rig.store.transaction(() => {}, { settled });
    await rig.settle();
    expect(errors).toEqual([null]);
  });
}

function reopening(open: () => Promise<Rig>): void {
  /** What a queue is told when its store is opened again after `before`. */
  async function recovered(
    before: (subject: Subject, other: Subject, rig: Rig) => Promise<void>,
  ): Promise<{ metas: Meta[]; texts: string[]; others: number } | null> {
    const rig = await open();
    if (rig.reopen === null) return null;
    await before(new Subject(rig, 1), new Subject(rig, 2), rig);
    await rig.settle();
    const again = await rig.reopen();
    const [subject, other] = [new Subject(again, 1), new Subject(again, 2)];
    let opened = false;
    void Promise.all([subject.queue.opened, other.queue.opened]).then(() => {
      opened = true;
    });
    await again.settle();
    expect(opened).toBe(true);
    const { metas, residents, refs } = subject.sink;
    expect(residents.every((resident) => resident === null)).toBe(true);
    return { metas, texts: await subject.load(refs), others: other.sink.metas.length };
  }

  test('tells a queue after a restart what it has not acked, in order', async () => {
    const found = await recovered(async (subject) => {
      const all = ['a', 'b', 'c', 'd', 'e'].map((text) => newMessage(text, { priority: 3 }));
      const refs = await subject.publish(...all);
      subject.queue.ack(refs[1] as Ref);
      subject.queue.ack(refs[3] as Ref);
    });
    if (found === null) return;
    expect(found.texts).toEqual(['A/a', 'C/c', 'E/e']);
    const { ref: _, ...meta } = found.metas[0] as Meta;
    const times = { arrivedAtMs: ARRIVED_AT_MS, expiresAtMs: 0 };
    expect(meta).toEqual({ bodyBytes: 1, ...times, priority: 3, deliveries: 0 });
  });

  test('remembers how often a message had been delivered', async () => {
    const found = await recovered(async (subject) => {
      const [a] = await subject.publish(newMessage('a'), newMessage('b'));
      subject.queue.returned(a as Ref, 1);
      subject.queue.returned(a as Ref, 2);
    });
    if (found === null) return;
    expect(found.metas.map(({ deliveries }) => deliveries)).toEqual([2, 0]);
  });

  test('remembers that a message was out when the process ended', async () => {
    const found = await recovered(async (subject) => {
      const [, b] = await subject.publish(newMessage('a'), newMessage('b'));
      subject.queue.delivered(b as Ref, 1);
    });
    if (found === null) return;
    expect(found.metas.map(({ deliveries }) => deliveries)).toEqual([0, 1]);
  });

  test('recovers nothing of what it has only because memory was short', async () => {
    const found = await recovered(async (subject, _, rig) => {
      await subject.publish(newMessage('a'));
      const ref = subject.queue.page(newMessage('paged'));
      await rig.settle();
      expect(await subject.load([ref])).toEqual(['PAGED/paged']);
    });
    if (found === null) return;
    expect(found.texts).toEqual(['A/a']);
  });

  test('keeps one body for many queues, each with an ack of its own', async () => {
    const found = await recovered(async (subject, other, rig) => {
      const both = [subject.queue, other.queue];
      const refs = [...rig.store.publish(both, newMessage('shared'), null)];
      await rig.settle();
      other.queue.ack(refs[1] ?? (other.sink.refs[0] as Ref));
    });
    if (found === null) return;
    expect(found.texts).toEqual(['SHARED/shared']);
    expect(found.others).toBe(0);
  });

  test('has nothing for a queue that was deleted', async () => {
    const found = await recovered(async (subject) => {
      await subject.publish(newMessage('a'), newMessage('b'));
      void subject.queue.delete();
    });
    if (found === null) return;
    expect(found.metas).toEqual([]);
  });
}
