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

  test('that are none fit nothing', () => {
    for (const hash of ['', 'AAAA', 'not base64!', 'a'.repeat(200)]) {
      expect(passwordFits('', hash)).toBe(false);
    }
  });
});
