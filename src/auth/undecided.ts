/**
 * Undecided: whether something is allowed is not known yet, because somebody else has to be asked.
 * A check that answers at once throws it; whoever gave the command waits and gives it again
 * (decided, whenDecided), before anything has been done. So checks stay synchronous, and cost
 * nothing where nobody has to be asked. What is known and for how long is asked-rights.ts.
 */

/** See the head of this file. */
export class Undecided extends Error {
  override readonly name = 'Undecided';
  /** Resolves when the answer is there; never rejects. */
  readonly settled: Promise<unknown>;

  constructor(settled: Promise<unknown>) {
    super('somebody has to be asked first');
    this.settled = settled;
  }
}

/**
 * Gives a command, and again once what it needs to know is there. A promise only if it had to wait
 * or the command is asynchronous itself.
 * @param command does nothing before its checks
 */
export function decided<T>(command: () => T | Promise<T>): T | Promise<T> {
  try {
    const done = command();
    if (!(done instanceof Promise)) return done;
    return done.catch((error: unknown) => whenDecided(error, command));
  } catch (error) {
    return whenDecided(error, command);
  }
}

/**
 * The same for a command that has thrown `error`: for hot paths, which give it themselves.
 * @throws error if that is anything else
 */
export function whenDecided<T>(error: unknown, command: () => T | Promise<T>): Promise<T> {
  if (!(error instanceof Undecided)) throw error;
  return error.settled.then(() => decided(command));
}
