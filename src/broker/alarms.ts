/**
 * Alarms: what the broker is short of, memory or disk, and who wants to know. While one is set
 * publishers are held back and consumers go on, in every protocol: publisher-gate.ts does that.
 * Measuring is src/resource-monitor.ts.
 */

/** What there can be too little of. */
export type Resource = 'memory' | 'disk';

export class Alarms {
  /** In the order in which they were set. */
  private readonly active = new Set<Resource>();
  private readonly listeners: ((reason: string | null) => void)[] = [];

  /** As clients are told: `low on memory`, `low on memory & disk`; null if all is well. */
  get reason(): string | null {
    return this.active.size === 0 ? null : `low on ${[...this.active].join(' & ')}`;
  }

  isSet(resource: Resource): boolean {
    return this.active.has(resource);
  }

  /** Sets or clears one. Returns whether that is news. */
  set(resource: Resource, low: boolean): boolean {
    if (this.active.has(resource) === low) return false;
    if (low) this.active.add(resource);
    else this.active.delete(resource);
    for (const listener of this.listeners) listener(this.reason);
    return true;
  }

  /** Calls `listener` with the new reason whenever it changes. */
  onChange(listener: (reason: string | null) => void): void {
    this.listeners.push(listener);
  }
}
