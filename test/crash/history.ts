/**
 * History: what a client knows of its messages: which are confirmed, and what it did with those it
 * got, and when. After a crash it says what is wrong with what is left in the queues.
 */

/** One message in one queue. */
interface Fate {
  confirmed: boolean;
  /** When it was acked or rejected, by performance.now(); 0 for not yet. */
  settledAtMs: number;
  /** Rejected: it is to be found in the dead-letter queue. */
  rejected: boolean;
}

/** What was found in a queue after a crash. */
export interface Found {
  readonly id: number;
  /** Whether its bytes are those that were published. */
  readonly intact: boolean;
}

/** What a check found. */
export interface Verdict {
  readonly problems: string[];
  /** Settled messages that came again, and how long before the crash the earliest was settled. */
  readonly returned: number;
  readonly returnedMs: number;
  readonly present: number;
}

export class History {
  private readonly fates = new Map<string, Map<number, Fate>>();

  /** A message is on its way to a queue. */
  published(queue: string, id: number): void {
    this.of(queue).set(id, { confirmed: false, settledAtMs: 0, rejected: false });
  }

  confirmed(queue: string, id: number): void {
    const fate = this.of(queue).get(id);
    if (fate !== undefined) fate.confirmed = true;
  }

  settled(queue: string, id: number, rejected = false): void {
    const fate = this.of(queue).get(id);
    if (fate === undefined) return;
    fate.settledAtMs = performance.now();
    fate.rejected = rejected;
  }

  /**
   * Compares a queue with what it should hold.
   * @param ordered are its messages in the order of their ids?
   * @param graceMs how long an ack may take until a crash does not undo it
   */
  check(
    queue: string,
    found: readonly Found[],
    crashedAtMs: number,
    graceMs: number,
    ordered: boolean,
  ): Verdict {
    const problems: string[] = [];
    const fates = this.of(queue);
    const there = new Set<number>();
    let returned = 0;
    let returnedMs = 0;
    for (const { id, intact } of found) {
      if (!intact) problems.push(`${queue}: message ${id} is not what was published`);
      if (there.has(id)) problems.push(`${queue}: message ${id} is there twice`);
      there.add(id);
      const fate = fates.get(id);
      if (fate === undefined) problems.push(`${queue}: message ${id} was never published there`);
      else if (fate.settledAtMs !== 0) {
        returned++;
        const agoMs = crashedAtMs - fate.settledAtMs;
        returnedMs = Math.max(returnedMs, agoMs);
        if (agoMs > graceMs) {
          problems.push(`${queue}: message ${id} came again, settled ${Math.round(agoMs)} ms ago`);
        }
      }
    }
    for (const [id, { confirmed, settledAtMs }] of fates) {
      if (!confirmed || settledAtMs !== 0 || there.has(id)) continue;
      problems.push(`${queue}: message ${id} was confirmed and is lost`);
    }
    if (ordered) problems.push(...disorder(queue, found));
    return { problems, returned, returnedMs, present: found.length };
  }

  /** Rejected messages that are neither in their queue nor in that of the dead letters. */
  lostLetters(queue: string, left: readonly Found[], dead: readonly Found[]): string[] {
    const known = new Set([...left, ...dead].map(({ id }) => id));
    const problems: string[] = [];
    for (const [id, { confirmed, rejected }] of this.of(queue)) {
      if (!confirmed || !rejected || known.has(id)) continue;
      problems.push(`${queue}: message ${id} was rejected and is no dead letter`);
    }
    return problems;
  }

  /** The crash is over: what is in the queue now is all that is known of it. */
  restart(queue: string, left: Iterable<number>): void {
    const fates = new Map<number, Fate>();
    for (const id of left) fates.set(id, { confirmed: true, settledAtMs: 0, rejected: false });
    this.fates.set(queue, fates);
  }

  private of(queue: string): Map<number, Fate> {
    const known = this.fates.get(queue);
    if (known !== undefined) return known;
    const made = new Map<number, Fate>();
    this.fates.set(queue, made);
    return made;
  }
}

function disorder(queue: string, found: readonly Found[]): string[] {
  const index = found.findIndex(({ id }, i) => i > 0 && id < (found[i - 1] as Found).id);
  if (index < 0) return [];
  return [`${queue}: ${found[index]?.id} comes after ${found[index - 1]?.id}`];
}
