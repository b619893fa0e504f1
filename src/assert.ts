/**
 * assert: what must be true if our own code is right. A client can never make one fail; if one
 * does, it is a bug. Not node:assert, whose function takes rest arguments: that costs an array
 * for each call, and this one is on the hot path.
 */
import { AssertionError } from 'node:assert';

/** @throws AssertionError with the text if the condition does not hold */
export function assert(condition: boolean, text: string): asserts condition {
  if (!condition) throw new AssertionError({ message: text });
}
