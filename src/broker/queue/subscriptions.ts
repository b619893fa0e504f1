/**
 * Subscriptions: whose turn it is. Round robin among the subscriptions of the highest priority
 * that can take a message; those that cannot are parked and cost nothing until they resume. With
 * a single active consumer only one takes part: the first registered, or, where priorities count,
 * the first of the highest, once whoever was active before has settled everything. Hot path.
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
  private readonly byPriority: boolean;
  /** With a single active consumer: who it is. */
  private elected: Subscription | null = null;
  /** Highest priority first. */
  private readonly levels: Level[] = [];
  /** Where next() found the last one; null where there is no choice. */
  private turn: Level | null = null;
  /** The only one in the rotation, if so: the usual case, without a look at the levels. */
  private alone: Subscription | null = null;

  /** @param byPriority does one of a higher priority become the single active consumer? */
  constructor(singleActive: boolean, byPriority = false) {
    this.singleActive = singleActive;
    this.byPriority = byPriority;
  }

  get size(): number {
    return this.all.length;
  }

  /** With a single active consumer: the one that gets the messages. */
  get active(): Subscription | null {
    if (!this.singleActive) return null;
    return this.elected ?? this.candidate();
  }

  /** May another one come, which wants the queue for itself or not? */
  admits(exclusive: boolean): boolean {
    if (exclusive) return this.all.length === 0 && !this.singleActive;
    return !this.all.some((other) => other.exclusive);
  }

  add(subscription: Subscription): void {
    this.all.push(subscription);
  }

  remove(subscription: Subscription): void {
    const index = this.all.indexOf(subscription);
    if (index >= 0) this.all.splice(index, 1);
    if (this.elected === subscription) this.elected = null;
    const level = this.levelOf(subscription.priority);
    level.remove(subscription);
    // Priorities are the clients' to invent: an empty level is made again when it is needed.
    if (level.rotation.length === 0) this.levels.splice(this.levels.indexOf(level), 1);
    this.lookForOne();
  }

  /** Gives a parked subscription its turn again. */
  unpark(subscription: Subscription): void {
    subscription.parked = false;
    this.levelOf(subscription.priority).rotation.push(subscription);
    this.lookForOne();
  }

  /** The subscription that gets the next message, null if none would take it. See served(). */
  next(): Subscription | null {
    const { alone } = this;
    if (alone === null) return this.singleActive ? this.nextActive() : this.nextInTurn();
    this.turn = null;
    if (alone.willing()) return alone;
    this.alone = null;
    alone.parked = true;
    this.levelOf(alone.priority).remove(alone);
    return null;
  }

  private nextInTurn(): Subscription | null {
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
        this.lookForOne();
      }
    }
    return null;
  }

  /** The one that next() named gets its message; without this it stays its turn. */
  served(): void {
    if (this.turn !== null) this.turn.cursor++;
  }

  private lookForOne(): void {
    const [level] = this.levels;
    const one = this.levels.length === 1 && level?.rotation.length === 1 && !this.singleActive;
    this.alone = one ? (level?.rotation[0] as Subscription) : null;
  }

  private nextActive(): Subscription | null {
    const active = this.elect();
    if (active === null || active.parked) return null;
    if (active === this.candidate() && active.willing()) return active;
    // Also if it has to make room: when it has settled something, it asks again.
    active.parked = true;
    this.levelOf(active.priority).remove(active);
    return null;
  }

  /** Who is active; a newcomer waits until nothing of its predecessor's is out. */
  private elect(): Subscription | null {
    const { elected } = this;
    if (elected !== null && elected.unsettled.size > 0) return elected;
    this.elected = this.candidate();
    return this.elected;
  }

  /** Who ought to be active. */
  private candidate(): Subscription | null {
    let best = this.all[0] ?? null;
    if (!this.byPriority || best === null) return best;
    for (const subscription of this.all) {
      if (subscription.priority > best.priority) best = subscription;
    }
    return best;
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
