import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { hashPassword, passwordFits } from '../../src/auth/password.ts';

describe('password hashes', () => {
  test('fit their password and no other', () => {
    for (const password of ['', 'guest', 'pässwörd', 'x'.repeat(500)]) {
      const hash = hashPassword(password);
      expect(passwordFits(password, hash)).toBe(true);
      expect(passwordFits(`${password} `, hash)).toBe(false);
    }
  });

  test('have a salt of their own', () => {
    expect(hashPassword('guest')).not.toBe(hashPassword('guest'));
  });

  test('are those of RabbitMQ: its documented example fits', () => {
    // From RabbitMQ's passwords guide: "test12" with the salt 908D C60A.
    expect(passwordFits('test12', 'kI3GCqW5JLMJa4iX1lo7X4D6XbYqlLgxIs30+P6tENUV2POR')).toBe(true);
    expect(passwordFits('test13', 'kI3GCqW5JLMJa4iX1lo7X4D6XbYqlLgxIs30+P6tENUV2POR')).toBe(false);
  });

  test('are those of RabbitMQ: what 3.10 and 4.0 made fits', () => {
    const [of3, of4] = [
      'XKhrwLBJ4wt1xbpqEudkSEMkceFOSiQ1tQoZXs7y60zpLBOR',
      'FsmG3BEhIHaaNd9az7uDDgtPY/qF7K07gjAdfHRFpiC3IqPt',
    ];
    expect(passwordFits('guest', of3)).toBe(true);
    expect(passwordFits('pä55 wörd', of4)).toBe(true);
    expect(passwordFits('pa55 word', of4)).toBe(false);
  });

  test('are made and compared with SHA-512 and MD5 as well, as RabbitMQ names them', () => {
    const sha512 = hashPassword('p', 'rabbit_password_hashing_sha512');
    expect(Buffer.from(sha512, 'base64')).toHaveLength(68);
    expect(passwordFits('p', sha512, 'rabbit_password_hashing_sha512')).toBe(true);
    expect(passwordFits('p', sha512)).toBe(false);
    // Salt 00000000 and md5("\0\0\0\0guest").
    const salted = Buffer.concat([Buffer.alloc(4), Buffer.from('guest')]);
    const digest = createHash('md5').update(salted).digest();
    const md5 = Buffer.concat([Buffer.alloc(4), digest]).toString('base64');
    expect(passwordFits('guest', md5, 'rabbit_password_hashing_md5')).toBe(true);
    expect(passwordFits('Guest', md5, 'rabbit_password_hashing_md5')).toBe(false);
    expect(passwordFits('guest', md5, 'rabbit_password_hashing_bcrypt')).toBe(false);
  });

  test('that are none fit nothing', () => {
    for (const hash of ['', 'AAAA', 'not base64!', 'a'.repeat(200)]) {
      expect(passwordFits('', hash)).toBe(false);
    }
  });
});
