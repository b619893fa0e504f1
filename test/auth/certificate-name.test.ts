import { describe, expect, test } from 'vitest';
import { certificateName, DISTINGUISHED_NAME } from '../../src/auth/certificate-name.ts';

const certificate = {
  subject: 'CN=client,O=Example,C=NO',
  commonName: 'client',
  alternativeNames: ['DNS:a.example', 'email:c@example', 'DNS:b.example', 'URI:spiffe://x/y'],
};

describe('the name in a client certificate', () => {
  test('is its distinguished name, as RabbitMQ writes it', () => {
    expect(certificateName(certificate, DISTINGUISHED_NAME)).toBe('CN=client,O=Example,C=NO');
  });

  test('can be its common name', () => {
    const rule = { ...DISTINGUISHED_NAME, from: 'common_name' } as const;
    expect(certificateName(certificate, rule)).toBe('client');
    expect(certificateName({ ...certificate, commonName: null }, rule)).toBeNull();
  });

  test('can be one of its alternative names, of one type and by its place among them', () => {
    const name = (sanType: 'dns' | 'ip' | 'email' | 'uri', sanIndex: number) =>
      certificateName(certificate, { from: 'subject_alternative_name', sanType, sanIndex });
    expect(name('dns', 0)).toBe('a.example');
    expect(name('dns', 1)).toBe('b.example');
    expect(name('dns', 2)).toBeNull();
    expect(name('email', 0)).toBe('c@example');
    expect(name('uri', 0)).toBe('spiffe://x/y');
    expect(name('ip', 0)).toBeNull();
  });
});
