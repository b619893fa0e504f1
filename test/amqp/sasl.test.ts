/** SASL responses: who somebody says to be [RFC 4616; AMQPLAIN is RabbitMQ's]. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AmqpError } from '../../protocols/amqp/errors.ts';
import { credentialsOf } from '../../protocols/amqp/sasl.ts';
import { encodeTable } from '../../protocols/amqp/table.ts';
import type { Field } from '../../src/broker/field.ts';

const BOTH = ['PLAIN', 'AMQPLAIN'];

function refusal(mechanism: string, response: Buffer, offered: readonly string[] = BOTH): string {
  try {
    credentialsOf(mechanism, response, offered);
  } catch (error) {
    return (error as AmqpError).kind;
  }
  return 'accepted';
}

function amqplain(...fields: [string, Field][]): Buffer {
  return encodeTable(new Map(fields));
}

const word = fc.string({ unit: 'binary', maxLength: 40 }).filter((text) => !text.includes('\0'));

describe('PLAIN', () => {
  it('is an identity that nobody uses, a name and a password', () => {
    fc.assert(
      fc.property(word, word, word, (identity, username, password) => {
        const response = Buffer.from(`${identity}\0${username}\0${password}`);
        expect(credentialsOf('PLAIN', response, BOTH)).toEqual({ username, password });
      }),
    );
  });

  it('may have NULs in its password, which a name cannot', () => {
    const response = Buffer.from('\0guest\0a\0b');
    expect(credentialsOf('PLAIN', response, BOTH).password).toBe('a\0b');
  });

  it('is refused with SYNTAX_ERROR if a NUL is missing', () => {
    for (const text of ['', 'guest', '\0guest', 'guest\0']) {
      expect(refusal('PLAIN', Buffer.from(text))).toBe('SYNTAX_ERROR');
    }
  });
});

describe('AMQPLAIN', () => {
  it('is a table with LOGIN and PASSWORD, in any order and with others beside them', () => {
    const response = amqplain(['x', 1], ['PASSWORD', 'secret'], ['LOGIN', 'guest']);
    const expected = { username: 'guest', password: 'secret' };
    expect(credentialsOf('AMQPLAIN', response, BOTH)).toEqual(expected);
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
    for (const response of broken) expect(refusal('AMQPLAIN', response)).toBe('SYNTAX_ERROR');
  });
});

describe('a mechanism', () => {
  it('is refused with COMMAND_INVALID if it was not offered', () => {
    const response = Buffer.from('\0guest\0guest');
    expect(refusal('PLAIN', response, ['AMQPLAIN'])).toBe('COMMAND_INVALID');
    for (const name of ['', 'plain', 'EXTERNAL', 'toString', '__proto__']) {
      expect(refusal(name, response, [...BOTH, name])).toBe('COMMAND_INVALID');
    }
  });

  it('never throws anything but an AmqpError, whatever the response', () => {
    const response = fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes));
    fc.assert(
      fc.property(fc.constantFrom(...BOTH), response, (mechanism, bytes) => {
        try {
          credentialsOf(mechanism, bytes, BOTH);
        } catch (error) {
          expect(error).toBeInstanceOf(AmqpError);
        }
      }),
    );
  });
});
