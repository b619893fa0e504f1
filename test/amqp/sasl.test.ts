/** SASL in AMQP: which mechanisms are offered and what their responses say [AMQP 2.2.4]. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AmqpError } from '../../protocols/amqp/errors.ts';
import { offeredMechanisms, respond, startMechanism } from '../../protocols/amqp/sasl.ts';
import { encodeTable } from '../../protocols/amqp/table.ts';
import { Authentication } from '../../src/auth/authentication.ts';
import { DISTINGUISHED_NAME } from '../../src/auth/certificate-name.ts';
import type { SaslPeer, SaslStep } from '../../src/auth/sasl.ts';
import type { Field } from '../../src/broker/field.ts';
import { ManualClock } from '../../src/clock.ts';

const ALL = ['PLAIN', 'AMQPLAIN', 'ANONYMOUS', 'EXTERNAL', 'RABBIT-CR-DEMO'];
const PLAIN_TCP: SaslPeer = { tls: null };

function authentication(anonymous: { username: string; password: string } | null = null) {
  return new Authentication({
    authenticators: [],
    loopbackUsers: [],
    anonymous,
    certificateRule: DISTINGUISHED_NAME,
    tracksSources: false,
    clock: new ManualClock(),
  });
}

function start(mechanism: string, offered: readonly string[] = ALL, peer = PLAIN_TCP) {
  return startMechanism(mechanism, offered, peer, authentication());
}

function first(mechanism: string, response: Buffer, peer?: SaslPeer): SaslStep {
  return respond(start(mechanism, ALL, peer), response);
}

function refusal(mechanism: string, response: Buffer, offered: readonly string[] = ALL): string {
  try {
    respond(start(mechanism, offered), response);
  } catch (error) {
    return `${(error as AmqpError).kind} - ${(error as AmqpError).message}`;
  }
  return 'accepted';
}

function amqplain(...fields: [string, Field][]): Buffer {
  return encodeTable(new Map(fields));
}

const word = fc.string({ unit: 'binary', maxLength: 40 }).filter((text) => !text.includes('\0'));

describe('PLAIN', () => {
  it('is an identity that nobody uses, a name and a password [RFC 4616]', () => {
    fc.assert(
      fc.property(word, word, word, (identity, username, password) => {
        const response = Buffer.from(`${identity}\0${username}\0${password}`);
        expect(first('PLAIN', response)).toEqual({ username, password });
      }),
    );
  });

  it('may have NULs in its password, which a name cannot', () => {
    expect(first('PLAIN', Buffer.from('\0guest\0a\0b'))).toMatchObject({ password: 'a\0b' });
  });

  it('is refused with SYNTAX_ERROR if a NUL is missing', () => {
    for (const text of ['', 'guest', '\0guest', 'guest\0']) {
      expect(refusal('PLAIN', Buffer.from(text))).toMatch('SYNTAX_ERROR');
    }
  });
});

describe('AMQPLAIN', () => {
  it('is a table with LOGIN and PASSWORD, in any order and with others beside them', () => {
    const response = amqplain(['x', 1], ['PASSWORD', 'secret'], ['LOGIN', 'guest']);
    expect(first('AMQPLAIN', response)).toEqual({ username: 'guest', password: 'secret' });
  });

  it('is refused with SYNTAX_ERROR if one is missing, is no string, or the table is broken', () => {
    const whole = amqplain(['LOGIN', 'guest'], ['PASSWORD', 'secret']);
    const broken = [
      Buffer.alloc(0),
      amqplain(['LOGIN', 'guest']),
      amqplain(['LOGIN', 'guest'], ['PASSWORD', 5]),
      amqplain(['login', 'guest'], ['password', 'secret']),
      whole.subarray(0, -1),
      Buffer.concat([whole, Buffer.from('x')]),
    ];
    for (const response of broken) expect(refusal('AMQPLAIN', response)).toMatch('SYNTAX_ERROR');
  });
});

describe('ANONYMOUS', () => {
  it('is the user of the configuration, whatever the response says [RFC 4505]', () => {
    const anonymous = { username: 'nobody', password: 'p' };
    const exchange = startMechanism('ANONYMOUS', ALL, PLAIN_TCP, authentication(anonymous));
    expect(respond(exchange, Buffer.from('trace@example.org'))).toEqual(anonymous);
  });

  it('is offered only if there is such a user', () => {
    const offered = offeredMechanisms(ALL, PLAIN_TCP, authentication());
    expect(offered).not.toContain('ANONYMOUS');
    const anonymous = { username: 'nobody', password: 'p' };
    expect(offeredMechanisms(ALL, PLAIN_TCP, authentication(anonymous))).toContain('ANONYMOUS');
    expect(first('ANONYMOUS', Buffer.alloc(0))).toEqual({ refused: expect.any(String) });
  });
});

describe('EXTERNAL', () => {
  const certificate = { subject: 'CN=c,O=Example', commonName: 'c', alternativeNames: [] };

  it('is the name in the verified client certificate, without a password', () => {
    const step = first('EXTERNAL', Buffer.from('somebody else'), { tls: { certificate } });
    expect(step).toEqual({ username: 'CN=c,O=Example', password: null });
  });

  it('is refused without a certificate and if that names nobody', () => {
    const refused = { refused: expect.any(String) };
    expect(first('EXTERNAL', Buffer.alloc(0), { tls: { certificate: null } })).toEqual(refused);
    expect(first('EXTERNAL', Buffer.from('guest'))).toEqual(refused);
    const nameless = { ...certificate, subject: '' };
    const peer = { tls: { certificate: nameless } };
    expect(first('EXTERNAL', Buffer.from('guest'), peer)).toEqual(refused);
  });

  it('is offered over TLS only', () => {
    const offer = (peer: SaslPeer) => offeredMechanisms(['EXTERNAL'], peer, authentication());
    expect(offer(PLAIN_TCP)).toEqual([]);
    expect(offer({ tls: { certificate: null } })).toEqual(['EXTERNAL']);
  });
});

describe('RABBIT-CR-DEMO', () => {
  it('asks for the password after the name', () => {
    const exchange = start('RABBIT-CR-DEMO');
    const challenge = Buffer.from('Please tell me your password');
    expect(respond(exchange, Buffer.from('guest'))).toEqual({ challenge });
    expect(respond(exchange, Buffer.from('My password is secret'))).toEqual({
      username: 'guest',
      password: 'secret',
    });
    expect(refusalOf(() => respond(exchange, Buffer.from('secret')))).toBe('SYNTAX_ERROR');
  });

  function refusalOf(attempt: () => unknown): string {
    try {
      attempt();
    } catch (error) {
      return (error as AmqpError).kind;
    }
    return 'accepted';
  }
});

describe('a mechanism', () => {
  it('is refused with COMMAND_INVALID if it was not offered or is not known', () => {
    const response = Buffer.from('\0guest\0guest');
    expect(refusal('PLAIN', response, ['AMQPLAIN'])).toBe(
      "COMMAND_INVALID - invalid authentication mechanism 'PLAIN'",
    );
    for (const name of ['', 'plain', 'KERBEROS', 'toString', '__proto__']) {
      expect(refusal(name, response, [...ALL, name])).toBe(
        `COMMAND_INVALID - unknown authentication mechanism '${name}'`,
      );
    }
  });

  it('never throws anything but an AmqpError, whatever the response', () => {
    const response = fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes));
    fc.assert(
      fc.property(fc.constantFrom(...ALL), response, (mechanism, bytes) => {
        try {
          first(mechanism, bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(AmqpError);
        }
      }),
    );
  });
});
