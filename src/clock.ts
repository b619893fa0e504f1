/**
 * Clock: the only way the engine and the adapters learn the time or wait for it, so that tests
 * and embedders can move time by hand. SystemClock is the real one; ManualClock stands still
 * until advance() is called. Neither knows about time zones or calendars.
 */

/** A pending call of {@link Clock.schedule}. */
export interface Timer {
  /** The call will not happen. Harmless if it already has, or if cancelled before. */
  cancel(): void;
}

export interface Clock {
  /** Milliseconds since 1970 UTC. */
  now(): number;
  /**
   * Counts on every {@link TICK_MS}. Small numbers that cost nothing to read: for what happens to
   * every message and need not be exact.
   */
  readonly ticks: number;
  /**
   * Calls `run` once after `delayMs`, never before schedule() returns. Zero and less mean as soon
   * as possible, Infinity means never, any length between works; NaN is a RangeError.
   */
  schedule(delayMs: number, run: () => void): Timer;
}

/** How coarse {@link Clock.ticks} is. */
export const TICK_MS = 250;

/** What the system's clocks share: it begins to count when somebody first looks. */
let ticks = 0;
let ticker: NodeJS.Timeout | null = null;

function startTicking(): void {
  const count = (): void => {
    ticks = Math.floor(performance.now() / TICK_MS);
  };
  count();
  ticker = setInterval(count, TICK_MS).unref();
}

/** The longest wait of setTimeout: beyond it Node fires at once, so longer delays re-arm. */
const LONGEST_TIMEOUT_MS = 2 ** 31 - 1;

/** Enough for any honest test; a callback that reschedules itself without delay never ends. */
const MAX_RUNS_PER_ADVANCE = 1_000_000;

/**
 * Real time. Timers do not keep the process alive: what does is the open listeners, and once
 * those are closed nothing that merely waits should hold up the exit.
 */
export class SystemClock implements Clock {
  now(): number {
    return Date.now();
  }

  get ticks(): number {
    if (ticker === null) startTicking();
    return ticks;
  }

  schedule(delayMs: number, run: () => void): Timer {
    return new SystemTimer(checkedDelay(delayMs), run);
  }
}

class SystemTimer implements Timer {
  private readonly run: () => void;
  private remainingMs: number;
  private timeout: NodeJS.Timeout | null = null;

  constructor(delayMs: number, run: () => void) {
    this.run = run;
    this.remainingMs = delayMs;
    if (delayMs !== Number.POSITIVE_INFINITY) this.arm();
  }

  cancel(): void {
    if (this.timeout !== null) clearTimeout(this.timeout);
    this.timeout = null;
  }

  private arm(): void {
    const stepMs = Math.min(this.remainingMs, LONGEST_TIMEOUT_MS);
    this.remainingMs -= stepMs;
    this.timeout = setTimeout(() => this.wake(), stepMs).unref();
  }

  private wake(): void {
    this.timeout = null;
    if (this.remainingMs > 0) this.arm();
    else this.run();
  }
}

interface Appointment {
  readonly dueMs: number;
  readonly run: () => void;
}

/** Time for tests and embedding: moves only when told to. */
export class ManualClock implements Clock {
  private readonly startMs: number;
  private nowMs: number;
  /** By due time; those due at the same time in the order they were made. */
  private readonly appointments: Appointment[] = [];

  /** @param startMs what now() says first; the default is 2026-01-01 UTC. */
  constructor(startMs: number = Date.UTC(2026, 0, 1)) {
    this.startMs = startMs;
    this.nowMs = startMs;
  }

  now(): number {
    return this.nowMs;
  }

  get ticks(): number {
    return Math.floor((this.nowMs - this.startMs) / TICK_MS);
  }

  schedule(delayMs: number, run: () => void): Timer {
    const appointment: Appointment = { dueMs: this.nowMs + checkedDelay(delayMs), run };
    if (appointment.dueMs !== Number.POSITIVE_INFINITY) this.insert(appointment);
    return { cancel: () => this.remove(appointment) };
  }

  /** How many timers wait. A test that ends with some has found a leak. */
  get pending(): number {
    return this.appointments.length;
  }

  /**
   * Moves time on, running what falls due in order, each at its own time, including what those
   * runs schedule. An exception of a run passes through; the clock then stands at that run's time.
   * @throws RangeError if `ms` is negative or not finite
   */
  advance(ms: number): void {
    if (!Number.isFinite(ms) || ms < 0) throw new RangeError(`cannot advance by ${ms} ms`);
    const targetMs = this.nowMs + ms;
    for (let runs = 0; ; runs++) {
      const next = this.appointments[0];
      if (next === undefined || next.dueMs > targetMs) break;
      if (runs === MAX_RUNS_PER_ADVANCE) throw new Error(`${runs} timers ran and more are due`);
      this.appointments.shift();
      this.nowMs = next.dueMs;
      next.run();
    }
    this.nowMs = targetMs;
  }

  private insert(appointment: Appointment): void {
    const later = this.appointments.findIndex((other) => other.dueMs > appointment.dueMs);
    this.appointments.splice(later === -1 ? this.appointments.length : later, 0, appointment);
  }

  private remove(appointment: Appointment): void {
    const index = this.appointments.indexOf(appointment);
    if (index !== -1) this.appointments.splice(index, 1);
  }
}

function checkedDelay(delayMs: number): number {
  if (Number.isNaN(delayMs)) throw new RangeError('the delay of a timer is not a number');
  return Math.max(0, delayMs);
}
