/**
 * CredentialRule: what a new password must fulfil (RabbitMQ's credential validators). Asked when
 * operators make users and change passwords; hashes and what configuration says are not asked.
 */
import { compilePattern } from './pattern.ts';

export interface CredentialRule {
  /** How many characters it must have. */
  readonly minLength: number;
  /** What it must match; null for anything. */
  readonly pattern: string | null;
}

/** Anything goes. */
export const ANY_CREDENTIALS: CredentialRule = { minLength: 0, pattern: null };

/** Does the password fulfil the rule? @throws SyntaxError if the pattern is none */
export function isAcceptable(password: string, { minLength, pattern }: CredentialRule): boolean {
  if ([...password].length < minLength) return false;
  return pattern === null || compilePattern(pattern).test(password);
}
