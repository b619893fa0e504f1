/**
 * Subscriptions: whose turn it is. Round robin among the subscriptions of the highest priority
 * that can take a message; those that cannot are parked and cost nothing until they resume. With
 * a single active consumer only the first registered takes part. Hot path.
 */
import type { Subscription } from '../subscription.ts';

/** The subscriptions of one priority. */
class Level {
  readonly priority: number;
  /** Those in the rotation; the next turn is at `cursor`. */
  readonly rotation: Subscription[] = [];
  cursor = 0;

  constructor(priority: number) {
    this.priority = priority;
  }

  remove(subscription: Subscription): void {
    const index = this.rotation.indexOf(subscription);
    if (index < 0) return;
    this.rotation.splice(index, 1);
    if (index < this.cursor) this.cursor--;
  }
}

export class Subscriptions {
  /** In the order of registration. */
  readonly all: Subscription[] = [];
  private readonly singleActive: boolean;
  /** Highest priority first. */
  private readonly levels: Level[] = [];
  /** Where next() found the last one; null with a single active consumer. */
  private turn: Level | null = null;

  constructor(singleActive: boolean) {
    this.singleActive = singleActive;
  }

  get size(): number {
    return this.all.length;
  }

  /** With a single active consumer: the one that gets the messages. */
  get active(): Subscription | null {
    return this.singleActive ? (this.all[0] ?? null) : null;
  }

  add(subscription: Subscription): void {
    this.all.push(subscription);
  }

  remove(subscription: Subscription): void {
    const index = this.all.indexOf(subscription);
    if (index >= 0) this.all.splice(index, 1);
    const level = this.levelOf(subscription.priority);
    level.remove(subscription);
    // Priorities are the clients' to invent: an empty level is made again when it is needed.
    if (level.rotation.length === 0) this.levels.splice(this.levels.indexOf(level), 1);
  }

  /** Gives a parked subscription its turn again. */
  unpark(subscription: Subscription): void {
    subscription.parked = false;
    this.levelOf(subscription.priority).rotation.push(subscription);
  }

  /** The subscription that gets the next message, null if none would take it. See served(). */
  next(): Subscription | null {
    if (this.singleActive) return this.nextActive();
    const { levels } = this;
    for (let i = 0; i < levels.length; i++) {
      const level = levels[i] as Level;
      const { rotation } = level;
      while (rotation.length > 0) {
        if (level.cursor >= rotation.length) level.cursor = 0;
        const subscription = rotation[level.cursor] as Subscription;
        if (subscription.willing()) {
          this.turn = level;
          return subscription;
        }
        subscription.parked = true;
        rotation.splice(level.cursor, 1);
      }
    }
    return null;
  }

  /** The one that next() named gets its message; without this it stays its turn. */
  served(): void {
    if (this.turn !== null) this.turn.cursor++;
  }

  private nextActive(): Subscription | null {
    const active = this.all[0];
    if (active === undefined || active.parked) return null;
    if (active.willing()) return active;
    active.parked = true;
    this.levelOf(active.priority).remove(active);
    return null;
  }

  private levelOf(priority: number): Level {
    let index = 0;
    for (; index < this.levels.length; index++) {
      const level = this.levels[index] as Level;
      if (level.priority === priority) return level;
      if (level.priority < priority) break;
    }
    const level = new Level(priority);
    this.levels.splice(index, 0, level);
    return level;
  }
}
