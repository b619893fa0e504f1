export interface Timer {
  cancel(): void;
}
export interface Clock {
  now(): number;
  schedule(delayMs: number, run: () => void): Timer;
}
