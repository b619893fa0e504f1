/**
 * Child: a process that a test starts, waits for by what it prints, and signals. Waits for events
 * only; the time limit is the test's own. What it printed is in every error, as that is where the
 * reason stands. Not for programs whose output is binary or long.
 */
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { once } from 'node:events';

export class Child {
  readonly #process: ChildProcess;
  /** In a process group of its own, so that `signalAll` reaches whatever it started. */
  readonly #grouped: boolean;
  /** The exit code, or the signal that ended it; rejects if it could not be started. */
  readonly ended: Promise<number | NodeJS.Signals>;
  #output = '';

  constructor(file: string, args: readonly string[], options: SpawnOptions = {}) {
    this.#grouped = options.detached === true;
    this.#process = spawn(file, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#output += text;
      });
    }
    // 'close' comes after the last output, 'exit' may come before it.
    this.ended = once(this.#process, 'close').then(([code, signal]) => code ?? signal);
    this.ended.catch(() => {});
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  /** Both streams together, as far as they were read. */
  get output(): string {
    return this.#output;
  }

  /**
   * The first match in the output, now or later.
   * @throws Error with the output, if the process ends without having printed it
   */
  async printed(pattern: RegExp): Promise<RegExpExecArray> {
    let running = true;
    const ended = this.ended.then(() => {
      running = false;
    });
    for (;;) {
      const match = pattern.exec(this.#output);
      if (match !== null) return match;
      if (!running) throw new Error(`ended without printing ${pattern}:\n${this.#output}`);
      // Whichever of the two says nothing must not collect listeners.
      const heard = new AbortController();
      const { signal } = heard;
      const streams = [this.#process.stdout, this.#process.stderr].filter((s) => s !== null);
      const more = streams.map((stream) => once(stream, 'data', { signal }).catch(() => {}));
      await Promise.race([ended, ...more]);
      heard.abort();
    }
  }

  signal(name: NodeJS.Signals): void {
    this.#process.kill(name);
  }

  /** Like Ctrl-C in a terminal: every process of the group gets it. */
  signalAll(name: NodeJS.Signals): void {
    const { pid } = this.#process;
    if (!this.#grouped || pid === undefined) throw new Error('has no process group of its own');
    try {
      process.kill(-pid, name);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }

  /** For clean-up: ends the process, and its group if it has one, however they are. */
  async destroy(): Promise<void> {
    if (this.#grouped) this.signalAll('SIGKILL');
    else this.signal('SIGKILL');
    await this.ended.catch(() => {});
  }
}
