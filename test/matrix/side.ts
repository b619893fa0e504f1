/**
 * Side: one protocol as the matrix sees it: an independent client that publishes to a key of
 * amq.topic and subscribes to one, and says what it sent and got in words that all protocols share.
 * To add a protocol: a file like amqp-side.ts, and its name in matrix.test.ts.
 */

/** What a publisher says. */
export interface Sent {
  readonly body: Buffer;
  readonly contentType?: string;
  readonly correlationId?: string;
  /** A routing key. */
  readonly replyTo?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly persistent?: boolean;
  readonly expirationMs?: number;
}

/** What a subscriber is told; undefined is what was not said. */
export interface Got {
  readonly body: Buffer;
  readonly contentType: string | undefined;
  readonly correlationId: string | undefined;
  readonly replyTo: string | undefined;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly persistent: boolean;
  readonly expirationMs: number | undefined;
  readonly redelivered: boolean;
  ack(): void;
  /** The message is not wanted; null where a protocol cannot say so. */
  readonly refuse: (() => void) | null;
}

/** How somebody subscribes. */
export interface SubscribeOptions {
  /** Where what it refuses goes: a key of amq.topic. */
  readonly deadLetterKey?: string;
  /** Messages that it takes at a time; everything by default. */
  readonly prefetch?: number;
}

/** A subscription that outlives its connection. */
export interface Subscriber {
  next(): Promise<Got>;
}

export interface Side {
  /** Resolves when the broker has said that the message is safe. */
  publish(key: string, message: Sent): Promise<void>;
  /** Subscribes, or comes back to what was left. */
  subscribe(key: string, options?: SubscribeOptions): Promise<Subscriber>;
  /** Disconnects without acknowledging anything. */
  leave(): Promise<void>;
}

/** Makes a side that is connected. */
export type Connect = (portOf: (listener: string) => number) => Promise<Side>;

/** Messages in the order they came, to be awaited. */
export class Inbox implements Subscriber {
  private readonly came: Got[] = [];
  private wake: () => void = () => {};

  put(got: Got): void {
    this.came.push(got);
    this.wake();
  }

  async next(): Promise<Got> {
    while (this.came.length === 0) {
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
    return this.came.shift()!;
  }
}

/** The queue that stands for a subscription to a key, where the client has to name one. */
export function queueOf(key: string): string {
  return `matrix-${key}`;
}
