/**
 * QueueModel: a queue as a sorted list, for property tests. It says what may happen next, not to
 * whom: any consumer with room may get the head. Slow and obvious on purpose.
 */

export interface ModelMessage {
  readonly body: string;
  readonly priority: number;
  /** 0 for never. */
  readonly expiresAtMs: number;
  /** Its place among those of its priority. */
  readonly sequence: number;
  deliveries: number;
}

export class QueueModel {
  ready: ModelMessage[] = [];
  readonly out = new Map<string, ModelMessage>();
  /** What left other than by an ack, in the order it left. */
  readonly dead: string[] = [];
  private readonly sequences: number[] = [];

  publish(body: string, priority: number, expiresAtMs: number): void {
    const sequence = (this.sequences[priority] ?? 0) + 1;
    this.sequences[priority] = sequence;
    this.insert({ body, priority, expiresAtMs, sequence, deliveries: 0 });
  }

  /** The head goes out. Returns it; undefined if nothing is ready. */
  deliver(): ModelMessage | undefined {
    const head = this.ready.shift();
    if (head !== undefined) this.out.set(head.body, head);
    return head;
  }

  settle(body: string, outcome: 'ack' | 'requeue' | 'reject'): void {
    const message = this.out.get(body) as ModelMessage;
    this.out.delete(body);
    if (outcome === 'reject') this.dead.push(body);
    if (outcome === 'requeue') this.insert({ ...message, deliveries: message.deliveries + 1 });
  }

  /** Removes what has run out by now, the earliest first. */
  expire(nowMs: number): void {
    const due = this.ready.filter(({ expiresAtMs }) => expiresAtMs !== 0 && expiresAtMs <= nowMs);
    const rank = ({ sequence, priority }: ModelMessage) => sequence * 256 + priority;
    due.sort((a, b) => a.expiresAtMs - b.expiresAtMs || rank(a) - rank(b));
    this.ready = this.ready.filter((message) => !due.includes(message));
    this.dead.push(...due.map(({ body }) => body));
  }

  /** Messages that are out, in the order in which they would be delivered. */
  inOrder(bodies: readonly string[]): string[] {
    const messages = bodies.map((body) => this.out.get(body) as ModelMessage);
    return messages.sort(byPlace).map(({ body }) => body);
  }

  private insert(message: ModelMessage): void {
    this.ready.push(message);
    this.ready.sort(byPlace);
  }
}

function byPlace(a: ModelMessage, b: ModelMessage): number {
  return b.priority - a.priority || a.sequence - b.sequence;
}
