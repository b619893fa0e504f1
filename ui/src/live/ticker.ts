/**
 * The beat of live data: a number that grows every few seconds while the page is visible and not
 * paused. Resources read themselves again on each beat; stream.ts beats with the broker's stream.
 */
import { effect, signal } from '@preact/signals';

/** Seconds between two beats that one can choose. */
export const INTERVALS = [2, 5, 10, 30] as const;

const STORED = 'warren.interval';

export const beat = signal(0);
export const paused = signal(false);
export const intervalSeconds = signal(storedInterval());
/** Whether the broker pushes: then it beats, and the timer rests. */
export const streaming = signal(false);
/** Whether the last request of any kind had an answer. */
export const reachable = signal(true);

function storedInterval(): number {
  const stored = Number(localStorage.getItem(STORED));
  return INTERVALS.find((one) => one === stored) ?? INTERVALS[0];
}

/** @param seconds one of INTERVALS */
export function chooseInterval(seconds: number): void {
  intervalSeconds.value = seconds;
  localStorage.setItem(STORED, String(seconds));
}

/** One beat more, now. */
export function refresh(): void {
  beat.value++;
}

/** Starts the timer. @returns stops it */
export function startTicker(): () => void {
  const whenVisible = () => {
    if (!document.hidden && !paused.value) refresh();
  };
  document.addEventListener('visibilitychange', whenVisible);
  const stop = effect(() => {
    if (paused.value || streaming.value) return undefined;
    const timer = setInterval(whenVisible, intervalSeconds.value * 1000);
    return () => clearInterval(timer);
  });
  return () => {
    stop();
    document.removeEventListener('visibilitychange', whenVisible);
  };
}
