/**
 * SASL mechanisms of connection.start-ok: what a client's response says about who it is. PLAIN is
 * RFC 4616; AMQPLAIN is a field table with LOGIN and PASSWORD. Whether it is true is the engine's
 * business.
 */
import { stringOf } from '../../src/broker/field.ts';
import { AmqpError } from './errors.ts';
import { decodeTable } from './table.ts';

export interface Credentials {
  readonly username: string;
  readonly password: string;
}

type Mechanism = (response: Buffer) => Credentials;

const MECHANISMS: ReadonlyMap<string, Mechanism> = new Map([
  ['PLAIN', plain],
  ['AMQPLAIN', amqplain],
]);

/**
 * What the response says.
 * @param offered the mechanisms that the server has announced
 * @throws AmqpError COMMAND_INVALID for another mechanism, SYNTAX_ERROR for a malformed response
 */
export function credentialsOf(
  mechanism: string,
  response: Buffer,
  offered: readonly string[],
): Credentials {
  const read = offered.includes(mechanism) ? MECHANISMS.get(mechanism) : undefined;
  if (read !== undefined) return read(response);
  throw new AmqpError('COMMAND_INVALID', `unknown authentication mechanism '${mechanism}'`);
}

function plain(response: Buffer): Credentials {
  const first = response.indexOf(0);
  const second = response.indexOf(0, first + 1);
  if (first < 0 || second < 0) {
    throw new AmqpError('SYNTAX_ERROR', 'malformed PLAIN response: two NULs are missing');
  }
  const username = response.toString('utf8', first + 1, second);
  return { username, password: response.toString('utf8', second + 1) };
}

function amqplain(response: Buffer): Credentials {
  const fields = decodeTable(response, 0, response.length);
  const username = stringOf(fields.get('LOGIN'));
  const password = stringOf(fields.get('PASSWORD'));
  if (username === null || password === null) {
    throw new AmqpError(
      'SYNTAX_ERROR',
      'malformed AMQPLAIN response: LOGIN or PASSWORD is missing',
    );
  }
  return { username, password };
}
