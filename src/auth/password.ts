/**
 * Password hashes in RabbitMQ's form, so that users move over with their definitions:
 * base64 of a 4-byte salt and the digest of salt and password. Which digest it is stands beside
 * the hash, by the name of RabbitMQ's module.
 */
import { hash as digestOf, randomBytes, timingSafeEqual } from 'node:crypto';

const SALT_BYTES = 4;

/** What new hashes can be made with. */
export type HashingAlgorithm = 'rabbit_password_hashing_sha256' | 'rabbit_password_hashing_sha512';

/** What the hash of a user is taken to be made with if nobody says. */
export const DEFAULT_HASHING: HashingAlgorithm = 'rabbit_password_hashing_sha256';

/** MD5 is what users have who were made before RabbitMQ 3.6. */
const DIGESTS: ReadonlyMap<string, string> = new Map([
  ['rabbit_password_hashing_sha256', 'sha256'],
  ['rabbit_password_hashing_sha512', 'sha512'],
  ['rabbit_password_hashing_md5', 'md5'],
]);

/** Can passwords be compared with hashes of this algorithm? */
export function isHashing(algorithm: string): boolean {
  return DIGESTS.has(algorithm);
}

/** @returns a salted hash */
export function hashPassword(
  password: string,
  algorithm: HashingAlgorithm = DEFAULT_HASHING,
): string {
  const salt = randomBytes(SALT_BYTES);
  const digest = saltedDigest(DIGESTS.get(algorithm) as string, salt, password);
  return Buffer.concat([salt, digest]).toString('base64');
}

/**
 * Does the password fit the hash? Takes the same time whatever the answer.
 * @param algorithm as RabbitMQ names it; nothing fits the hash of one that is not known
 */
export function passwordFits(
  password: string,
  hash: string,
  algorithm: string = DEFAULT_HASHING,
): boolean {
  const digest = DIGESTS.get(algorithm);
  if (digest === undefined) return false;
  const bytes = Buffer.from(hash, 'base64');
  const expected = bytes.subarray(SALT_BYTES);
  const actual = saltedDigest(digest, bytes.subarray(0, SALT_BYTES), password);
  return expected.length === actual.length && timingSafeEqual(expected, actual);
}

function saltedDigest(digest: string, salt: Buffer, password: string): Buffer {
  return digestOf(digest, Buffer.concat([salt, Buffer.from(password, 'utf8')]), 'buffer');
}
