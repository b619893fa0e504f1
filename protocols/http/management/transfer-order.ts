/**
 * Orders to move messages as clients write them: where to, which, how many, how fast, and what is
 * changed on the way. What they mean is src/broker/transfer/.
 */
import type { PropertyValues } from '../../../src/broker/properties.ts';
import type { Edit, Route, Wish } from '../../../src/broker/transfer/placement.ts';
import { TRANSFER_IDS_MAX } from '../../../src/limits-inspection.ts';
import { badRequest } from '../answer.ts';
import { fieldFromJson } from '../field-json.ts';
import { booleanOr, isObject, type JsonObject, textOr } from '../input.ts';
import { onlyKeys } from './filter-query.ts';
import { keyOf, payloadOf, propertiesFromJson } from './message.ts';

/** @throws ApiError @param absent where to if nothing is said; null if something has to be */
export function wishIn(body: JsonObject, absent: Wish | null): Wish {
  const { to } = body;
  if (to === undefined && absent !== null) return absent;
  if (to === 'queue' || to === 'exchange') return { to };
  if (!isObject(to)) throw badRequest('to must be "queue", "exchange", {"queue"} or {"exchange"}');
  onlyKeys(to, ['queue', 'exchange', 'routing_key']);
  const routingKey = to.routing_key === undefined ? null : textOr(to, 'routing_key', '');
  if (to.queue !== undefined && to.exchange !== undefined) {
    throw badRequest('to is a queue or an exchange, not both');
  }
  if (to.queue !== undefined) {
    return { to: 'named-queue', queue: textOr(to, 'queue', ''), routingKey };
  }
  if (to.exchange === undefined) throw badRequest('to names neither a queue nor an exchange');
  const name = textOr(to, 'exchange', '');
  return { to: 'named-exchange', exchange: name === 'amq.default' ? '' : name, routingKey };
}

/** How messages go back to where they came from, or wherever it is said. @throws ApiError */
export function redriveRoute(body: JsonObject): Route {
  const keepDeaths = booleanOr(body, 'keep_death_headers', false);
  return { wish: wishIn(body, { to: 'queue' }), keepDeaths, restores: true, edit: null };
}

/** How messages go somewhere else as they are. @throws ApiError */
export function moveRoute(body: JsonObject): Route {
  const wish = wishIn(body, null);
  if (wish.to === 'queue' || wish.to === 'exchange') {
    throw badRequest('to must name a queue or an exchange');
  }
  const keepDeaths = booleanOr(body, 'keep_death_headers', true);
  return { wish, keepDeaths, restores: false, edit: null };
}

/**
 * How one message goes somewhere, changed or not. @throws ApiError
 * @param absent where to if nothing is said; null if something has to be
 */
export function editRoute(body: JsonObject, absent: Wish | null): Route {
  const wish = wishIn(body, absent);
  const restores = wish.to === 'queue' || wish.to === 'exchange';
  const keepDeaths = booleanOr(body, 'keep_death_headers', !restores);
  return { wish, keepDeaths, restores, edit: editIn(body.edit) };
}

/** The names in an order; null for all. @throws ApiError */
export function idsIn(body: JsonObject): readonly string[] | null {
  const { ids } = body;
  if (ids === undefined || ids === null) return null;
  if (!Array.isArray(ids) || ids.some((id) => typeof id !== 'string')) {
    throw badRequest('ids must be a list of names of messages');
  }
  if (ids.length > TRANSFER_IDS_MAX) throw badRequest(`at most ${TRANSFER_IDS_MAX} ids`);
  return ids;
}

function editIn(edit: unknown): Edit | null {
  if (edit === undefined || edit === null) return null;
  if (!isObject(edit)) throw badRequest('edit must be an object');
  onlyKeys(edit, ['payload', 'payload_encoding', 'routing_key', 'properties', 'headers']);
  const { payload, routing_key: key, properties, headers } = edit;
  return {
    ...(payload !== undefined && { body: payloadOf({ payload_encoding: 'string', ...edit }) }),
    ...(key !== undefined && { routingKey: textOr(edit, 'routing_key', '') }),
    ...(properties !== undefined && { properties: propertiesIn(properties) }),
    ...(headers !== undefined && { headers: headersIn(headers) }),
  };
}

/** Those that are null are taken off. */
function propertiesIn(json: unknown): PropertyValues {
  if (!isObject(json)) throw badRequest('properties must be an object');
  if (Object.hasOwn(json, 'headers')) throw badRequest('headers are changed by "headers"');
  const given = Object.entries(json).filter(([, value]) => value !== null);
  const parsed = propertiesFromJson(Object.fromEntries(given)) as unknown as JsonObject;
  const keys = Object.keys(json).map(keyOf);
  return Object.fromEntries(keys.map((key) => [key, parsed[key]]));
}

function headersIn(json: unknown): NonNullable<Edit['headers']> {
  if (!isObject(json)) throw badRequest('headers must be an object');
  return new Map(Object.entries(json).map(([name, value]) => [name, fieldFromJson(value)]));
}
