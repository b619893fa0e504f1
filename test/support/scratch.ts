/**
 * Scratch: names that no other test uses, and their removal. A long-lived broker may be under
 * test, so every queue and exchange that a test makes is named here and deleted afterwards,
 * whatever client made it.
 */
import { randomBytes } from 'node:crypto';
import { connect } from 'amqplib';

export class Scratch {
  readonly #names = new Set<string>();

  /** `word-1f3a9c…`: remembered, so that `clean` deletes the queue and exchange so called. */
  name(word: string): string {
    return this.claim(`${word}-${randomBytes(6).toString('hex')}`);
  }

  /** Remembers a name that somebody else chose (an example program, the broker). */
  claim(name: string): string {
    this.#names.add(name);
    return name;
  }

  /** Deletes everything that was named. What does not exist any more is no error [AMQP 1.7.2.9]. */
  async clean(url: string): Promise<void> {
    if (this.#names.size === 0) return;
    const connection = await connect(url);
    const channel = await connection.createChannel();
    for (const name of this.#names) {
      await channel.deleteQueue(name);
      await channel.deleteExchange(name);
    }
    this.#names.clear();
    await connection.close();
  }
}
