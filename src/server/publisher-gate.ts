/**
 * PublisherGate: holds the publishers of one connection back while the broker is short of memory
 * or disk, or its store is behind. For the adapters of all protocols. Whoever has not published
 * never notices; whoever has is told about an alarm at once, and not read from as soon as it
 * publishes again: until then its acks arrive, so that queues can drain. Hot path: `watching`.
 */

/** The adapter's side. */
export interface GateHost {
  /** The client publishes and must not: stop reading from it. */
  holdPublisher(): void;
  /** It may again. */
  releasePublisher(): void;
  /** Tell the client why it had better not publish, if the protocol can. Called once an alarm. */
  blocked(reason: string): void;
  unblocked(): void;
}

export class PublisherGate {
  /** Does the next publish have to be told to published()? Ask before each. */
  watching = true;
  private readonly host: GateHost;
  private alarm: string | null;
  private busy: boolean;
  private hasPublished = false;
  /** The client knows of the alarm. */
  private told = false;
  private holding = false;

  /**
   * @param alarm why publishers are held back now, null if they are not
   * @param busy whether the store is behind
   */
  constructor(host: GateHost, alarm: string | null, busy: boolean) {
    this.host = host;
    this.alarm = alarm;
    this.busy = busy;
  }

  /** As the management API shows it: of a connection that has published `blocked`. */
  get state(): 'running' | 'flow' | 'blocking' | 'blocked' {
    if (this.alarm !== null) return this.hasPublished ? 'blocked' : 'blocking';
    return this.holding ? 'flow' : 'running';
  }

  /** The client is publishing. */
  published(): void {
    this.hasPublished = true;
    this.tell();
    if (!this.holding && this.closed) {
      this.holding = true;
      this.host.holdPublisher();
    }
    this.watching = this.closed && !this.holding;
  }

  /** An alarm is set, another one too, or none any more. */
  alarmed(reason: string | null): void {
    this.alarm = reason;
    this.tell();
    this.changed();
  }

  /** The store is behind, or no longer. */
  storeBusy(busy: boolean): void {
    this.busy = busy;
    this.changed();
  }

  private get closed(): boolean {
    return this.alarm !== null || this.busy;
  }

  private changed(): void {
    if (this.holding && !this.closed) {
      this.holding = false;
      this.host.releasePublisher();
    }
    this.watching = !this.hasPublished || (this.closed && !this.holding);
  }

  private tell(): void {
    if (this.alarm !== null && this.hasPublished && !this.told) {
      this.told = true;
      this.host.blocked(this.alarm);
    } else if (this.alarm === null && this.told) {
      this.told = false;
      this.host.unblocked();
    }
  }
}
