/**
 * Flows: how many messages one object has sent to each of some others: a channel to exchanges, an
 * exchange to queues. They are counted only while somebody looks at them (protocols/http), because
 * they cost a look into a map for each message. What a consumer gets is in traffic.ts: it is
 * counted anyway. Hot path: count, while it is on.
 */

/** Messages on the way to one end. */
export interface Flow {
  publish: number;
}

/** What has flows: null while nobody looks. */
export interface FlowSource<T extends object> {
  flows: Flows<T> | null;
}

export class Flows<T extends object> {
  /** null until there is one: most channels never publish. */
  private byEnd: Map<T, Flow> | null = null;

  /** One more message to that end. */
  count(end: T): void {
    this.byEnd ??= new Map();
    const flow = this.byEnd.get(end);
    if (flow !== undefined) flow.publish++;
    else this.byEnd.set(end, { publish: 1 });
  }

  /** undefined if nothing went there. */
  to(end: T): Flow | undefined {
    return this.byEnd?.get(end);
  }

  /** Each end that anything went to. */
  [Symbol.iterator](): Iterator<[end: T, flow: Flow]> {
    return (this.byEnd ?? [])[Symbol.iterator]();
  }

  /** Forgets ends that are gone. */
  keep(isThere: (end: T) => boolean): void {
    if (this.byEnd === null) return;
    for (const end of this.byEnd.keys()) if (!isThere(end)) this.byEnd.delete(end);
  }
}
