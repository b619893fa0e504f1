/**
 * Repeats: publishes that may be sent twice and are done once. A publisher that got no answer sends
 * its request again with the same Idempotency-Key and gets the first one's answer
 * [draft-ietf-httpapi-idempotency-key-header]. Keys are a user's own, remembered in memory for ten
 * minutes: a restart forgets them. What was refused has done nothing, and may be tried again.
 */
import { createHash } from 'node:crypto';
import type { User } from '../../../src/auth/user.ts';
import type { Clock } from '../../../src/clock.ts';
import {
  HTTP_REMEMBERED_BYTES,
  HTTP_REMEMBERED_MAX,
  HTTP_REMEMBERED_MS,
  MAX_SHORTSTR_BYTES,
} from '../../../src/limits.ts';
import { Answer } from '../answer.ts';
import type { Call } from './operation.ts';
import { invalid, Problem } from './problem.ts';

const HEADER = 'idempotency-key';

/** For the document. */
export const KEY_DESCRIPTION: Readonly<Record<string, string>> = {
  [HEADER]: 'The same request sent again with the same key is done once, within ten minutes.',
};

/** A request that was made, or is being made. */
interface Made {
  readonly fingerprint: string;
  readonly atMs: number;
  readonly answer: Promise<Answer>;
  /** Of its answer; 0 as long as there is none. */
  bytes: number;
}

/** Those of one user, oldest first. */
class Memory {
  readonly made = new Map<string, Made>();
  bytes = 0;

  delete(key: string, one: Made): void {
    if (this.made.get(key) !== one) return;
    this.made.delete(key);
    this.bytes -= one.bytes;
  }
}

export class Repeats {
  private readonly clock: Clock;
  private readonly memories = new WeakMap<User, Memory>();

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /**
   * Does what `act` does, or answers as it did for the same request.
   * @throws Problem KEY_REUSED if the key was that of another request, or what `act` throws
   */
  async once(call: Call<unknown, Buffer>, act: () => Promise<Answer>): Promise<Answer> {
    const { shared, request } = call;
    const key = request.headers[HEADER];
    if (key === undefined) return act();
    if (typeof key !== 'string' || key === '' || key.length > MAX_SHORTSTR_BYTES) {
      throw invalid(`${HEADER} has 1 to ${MAX_SHORTSTR_BYTES} characters`);
    }
    const memory = this.memoryOf(shared.session.user);
    const fingerprint = fingerprintOf(call);
    const known = memory.made.get(key);
    if (known !== undefined) {
      if (known.fingerprint !== fingerprint) {
        throw new Problem('KEY_REUSED', `this ${HEADER} was that of another request`);
      }
      const { status, body } = await known.answer;
      return new Answer(status, body, { 'idempotency-replayed': 'true' });
    }
    const one: Made = { fingerprint, atMs: this.clock.now(), answer: act(), bytes: 0 };
    memory.made.set(key, one);
    try {
      const answer = await one.answer;
      one.bytes = JSON.stringify(answer.body).length;
      if (memory.made.get(key) === one) memory.bytes += one.bytes;
      return answer;
    } catch (error) {
      // Of one that is not confirmed nobody knows: doing it again could be doing it twice.
      if (!(error instanceof Problem) || error.kind !== 'UNCONFIRMED') memory.delete(key, one);
      throw error;
    }
  }

  /** What is remembered of a user, without what is too old or too much. */
  private memoryOf(user: User): Memory {
    const memory = this.memories.get(user) ?? new Memory();
    this.memories.set(user, memory);
    const oldestMs = this.clock.now() - HTTP_REMEMBERED_MS;
    for (const [key, one] of memory.made) {
      const tooMuch =
        memory.made.size >= HTTP_REMEMBERED_MAX || memory.bytes > HTTP_REMEMBERED_BYTES;
      if (one.atMs > oldestMs && !tooMuch) break;
      memory.delete(key, one);
    }
    return memory;
  }
}

/** Another path, type or body is another request. */
function fingerprintOf({ request, body }: Call<unknown, Buffer>): string {
  const hash = createHash('sha256');
  hash.update(`${request.url}\n${request.headers['content-type'] ?? ''}\n`);
  return hash.update(body).digest('base64');
}
