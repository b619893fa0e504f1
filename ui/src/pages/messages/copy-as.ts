/**
 * A message in forms that people pass on: JSON for tickets and tests, and a command that publishes
 * it again. The command asks for the password: none is ever put into a text.
 */
import type { PeekedMessage } from '../../api/peek.ts';
import { API_BASE, at } from '../../api/request.ts';

/** All that is known of it, with the payload as JSON if it is JSON. */
export function asJson(message: PeekedMessage): string {
  const { exchange, routing_key, properties, payload = '', payload_encoding } = message;
  const told = { exchange, routing_key, properties, payload, payload_encoding };
  return JSON.stringify(told, null, 2);
}

/** A command that publishes the same to the same exchange, over the management API. */
export function asCurl(message: PeekedMessage, vhost: string, user: string): string {
  const { exchange, routing_key, properties, payload = '', payload_encoding = 'string' } = message;
  const name = exchange === '' ? 'amq.default' : exchange;
  const url = new URL(at`exchanges/${vhost}/${name}/publish`, API_BASE);
  const body = JSON.stringify({ routing_key, properties, payload, payload_encoding });
  return `curl --user ${quoted(user)} ${quoted(String(url))} --data ${quoted(body)}`;
}

/** As a shell takes it. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
