/**
 * QueueModel: a queue as a sorted list, for property tests. It says what may happen next, not to
 * whom: any consumer with room may get the head. Slow and obvious on purpose.
 */

/** Where a quorum queue has what came back: before every priority. */
const RETURNED = 32;

type Outcome = 'ack' | 'requeue' | 'release' | 'reject';

export interface ModelMessage {
  readonly body: string;
  /** Its priority, or RETURNED. */
  readonly level: number;
  /** 0 for never. */
  readonly expiresAtMs: number;
  /** Its place among those of its level. */
  readonly sequence: number;
  /** How often it was out; in a quorum queue how often that failed. */
  deliveries: number;
  /** In a quorum queue: how often it was out. */
  acquired: number;
}

export class QueueModel {
  ready: ModelMessage[] = [];
  readonly out = new Map<string, ModelMessage>();
  /** What left other than by an ack, in the order it left. */
  readonly dead: string[] = [];
  private readonly sequences: number[] = [];
  private readonly quorum: boolean;
  private readonly limit: number;

  /** @param limit failures that a message of a quorum queue may have; null for a classic queue */
  constructor(limit: number | null = null) {
    this.quorum = limit !== null;
    this.limit = limit ?? 0;
  }

  publish(body: string, priority: number | undefined, expiresAtMs: number): void {
    const level = priority ?? (this.quorum ? 4 : 0);
    const sequence = this.nextAt(level);
    this.insert({ body, level, expiresAtMs, sequence, deliveries: 0, acquired: 0 });
  }

  /** The head goes out. Returns it; undefined if nothing is ready. */
  deliver(): ModelMessage | undefined {
    const head = this.ready.shift();
    if (head !== undefined) this.out.set(head.body, head);
    return head;
  }

  settle(body: string, outcome: Outcome): void {
    const message = this.out.get(body) as ModelMessage;
    this.out.delete(body);
    if (outcome === 'reject') this.dead.push(body);
    if (outcome !== 'requeue' && outcome !== 'release') return;
    if (this.quorum) this.return(message, outcome === 'requeue');
    else this.insert({ ...message, deliveries: message.deliveries + 1 });
  }

  /** Removes what has run out by now, the earliest first. */
  expire(nowMs: number): void {
    const due = this.ready.filter(({ expiresAtMs }) => expiresAtMs !== 0 && expiresAtMs <= nowMs);
    const rank = ({ sequence, level }: ModelMessage) => sequence * 256 + level;
    due.sort((a, b) => a.expiresAtMs - b.expiresAtMs || rank(a) - rank(b));
    this.ready = this.ready.filter((message) => !due.includes(message));
    this.dead.push(...due.map(({ body }) => body));
  }

  /** Messages that are out, in the order in which they would be delivered. */
  inOrder(bodies: readonly string[]): string[] {
    const messages = bodies.map((body) => this.out.get(body) as ModelMessage);
    return messages.sort(byPlace).map(({ body }) => body);
  }

  private return(message: ModelMessage, failed: boolean): void {
    const deliveries = message.deliveries + (failed ? 1 : 0);
    if (deliveries > this.limit) {
      this.dead.push(message.body);
      return;
    }
    const acquired = message.acquired + 1;
    const sequence = this.nextAt(RETURNED);
    this.insert({ ...message, level: RETURNED, sequence, deliveries, acquired });
  }

  private nextAt(level: number): number {
    const sequence = (this.sequences[level] ?? 0) + 1;
    this.sequences[level] = sequence;
    return sequence;
  }

  private insert(message: ModelMessage): void {
    this.ready.push(message);
    this.ready.sort(byPlace);
  }
}

function byPlace(a: ModelMessage, b: ModelMessage): number {
  return b.level - a.level || a.sequence - b.sequence;
}
