/**
 * ConnectionMethod: a method of channel 0, decoded, and the errors for what is none or comes at
 * the wrong time. Who takes which one when is handshake.ts and connection.ts.
 */
import { methodById } from './compile.ts';
import { AmqpError } from './errors.ts';
import type { MethodName } from './spec.ts';
import { shortAt } from './wire.ts';

/** A method of channel 0. */
export interface ConnectionMethod {
  readonly name: MethodName;
  readonly args: unknown;
}

/** @throws AmqpError COMMAND_INVALID if there is no such method, CHANNEL_ERROR if not here */
export function connectionMethod(buf: Buffer, start: number, end: number): ConnectionMethod {
  const method = methodById(shortAt(buf, start), shortAt(buf, start + 2));
  if (method === undefined) throw new AmqpError('COMMAND_INVALID', 'unimplemented method');
  if (!method.name.startsWith('connection.')) throw unexpectedMethod('running');
  return { name: method.name, args: method.decode(buf, start + 4, end) };
}

/** The error for a method that the state does not take. */
export function unexpectedMethod(state: string): AmqpError {
  return new AmqpError('CHANNEL_ERROR', `unexpected method in connection state ${state}`);
}
