/**
 * SASL in connection.start-ok [AMQP 2.2.4]: the mechanisms of src/auth/sasl.ts, and AMQPLAIN, which
 * is a field table with LOGIN and PASSWORD. Says which are offered and starts the one chosen.
 */
import type { Authentication } from '../../src/auth/authentication.ts';
import {
  SASL_MECHANISMS,
  SaslError,
  type SaslExchange,
  type SaslMechanism,
  type SaslPeer,
  type SaslStep,
} from '../../src/auth/sasl.ts';
import { stringOf } from '../../src/broker/field.ts';
import { AmqpError } from './errors.ts';
import { decodeTable } from './table.ts';

const AMQPLAIN: SaslMechanism = {
  isOffered: () => true,
  start: () => ({ respond: amqplain }),
};

const MECHANISMS: ReadonlyMap<string, SaslMechanism> = new Map([
  ...SASL_MECHANISMS,
  ['AMQPLAIN', AMQPLAIN],
]);

/** Those of the configured mechanisms that make sense for this client, in their order. */
export function offeredMechanisms(
  configured: readonly string[],
  peer: SaslPeer,
  authentication: Authentication,
): string[] {
  return configured.filter((name) => MECHANISMS.get(name)?.isOffered(peer, authentication));
}

/**
 * Begins with the mechanism that the client has chosen.
 * @param offered what the server has announced
 * @throws AmqpError COMMAND_INVALID for another mechanism
 */
export function startMechanism(
  mechanism: string,
  offered: readonly string[],
  peer: SaslPeer,
  authentication: Authentication,
): SaslExchange {
  const found = MECHANISMS.get(mechanism);
  if (found === undefined) {
    throw new AmqpError('COMMAND_INVALID', `unknown authentication mechanism '${mechanism}'`);
  }
  if (offered.includes(mechanism)) return found.start(peer, authentication);
  throw new AmqpError('COMMAND_INVALID', `invalid authentication mechanism '${mechanism}'`);
}

/** @throws AmqpError SYNTAX_ERROR if the response makes no sense */
export function respond(exchange: SaslExchange, response: Buffer): SaslStep {
  try {
    return exchange.respond(response);
  } catch (error) {
    if (error instanceof SaslError) throw new AmqpError('SYNTAX_ERROR', error.message);
    throw error;
  }
}

function amqplain(response: Buffer): SaslStep {
  const fields = decodeTable(response, 0, response.length);
  const username = stringOf(fields.get('LOGIN'));
  const password = stringOf(fields.get('PASSWORD'));
  if (username !== null && password !== null) return { username, password };
  throw new SaslError('malformed AMQPLAIN response: LOGIN or PASSWORD is missing');
}
