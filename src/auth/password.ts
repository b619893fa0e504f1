/**
 * Password hashes in RabbitMQ's form, so that users move over with their definitions:
 * base64 of a 4-byte salt and the digest of salt and password.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

const SALT_BYTES = 4;

/** @returns a salted SHA-256 hash, RabbitMQ's `rabbit_password_hashing_sha256` */
export function hashPassword(password: string): string {
  const salt = randomBytes(SALT_BYTES);
  return Buffer.concat([salt, digest(salt, password)]).toString('base64');
}

/** Does the password fit the hash? Takes the same time whatever the answer. */
export function passwordFits(password: string, hash: string): boolean {
  const bytes = Buffer.from(hash, 'base64');
  const salt = bytes.subarray(0, SALT_BYTES);
  const expected = bytes.subarray(SALT_BYTES);
  const actual = digest(salt, password);
  return expected.length === actual.length && timingSafeEqual(expected, actual);
}

function digest(salt: Buffer, password: string): Buffer {
  return createHash('sha256').update(salt).update(password, 'utf8').digest();
}
