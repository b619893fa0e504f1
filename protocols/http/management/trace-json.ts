/**
 * Traces as JSON: what is known of one, and each message that it has followed, with a sentence that
 * says it all: who sent it, where it went, who got it, and how it ended.
 */

import type { Party } from '../../../src/broker/party.ts';
import type { Trace } from '../../../src/broker/tracing/trace.ts';
import type { Step, TracedMessage } from '../../../src/broker/tracing/traced-message.ts';
import { propertiesToJson } from './message.ts';
import { payloadJson } from './sighting-json.ts';

/** Protocols by their names in the engine, for people. */
const PROTOCOLS: Readonly<Record<string, string>> = {
  amqp091: 'AMQP 0-9-1',
  mqtt31: 'MQTT 3.1',
  mqtt310: 'MQTT 3.1',
  mqtt311: 'MQTT 3.1.1',
  mqtt50: 'MQTT 5.0',
  stomp10: 'STOMP 1.0',
  stomp11: 'STOMP 1.1',
  stomp12: 'STOMP 1.2',
  http: 'HTTP',
};

/** What is known of a trace. */
export function traceJson(trace: Trace): object {
  const { id, name, user, sample, maxMessages, payloadBytes, idleTimeoutMs } = trace.options;
  return {
    id,
    name,
    user,
    created_at: trace.options.createdAtMs,
    filter: filterJson(trace),
    sample,
    max_messages: maxMessages,
    payload_bytes: payloadBytes,
    idle_timeout_ms: idleTimeoutMs,
    messages: trace.size,
    matched: trace.matched,
    dropped: trace.dropped,
    bytes: trace.bytes,
    readers: trace.readers,
    seq: trace.seq,
  };
}

function filterJson(trace: Trace): object {
  const { vhost, exchange, queue, routingKey, connection, protocol, headers, text } =
    trace.options.filter.wishes;
  return {
    ...(vhost !== undefined && { vhost }),
    ...(exchange !== undefined && { exchange }),
    ...(queue !== undefined && { queue }),
    ...(routingKey !== undefined && { routing_key: routingKey }),
    ...(connection !== undefined && { connection }),
    ...(protocol !== undefined && { protocol }),
    ...(headers !== undefined && { headers: Object.fromEntries(headers) }),
    ...(text !== undefined && { text }),
  };
}

/** A message with everything that happened to it. */
export function tracedJson(message: TracedMessage): object {
  const { payload, publisher, payloadBytes } = message;
  const shown = payload === null ? {} : payloadJson(payload, { bytes: payload.length, auto: true });
  return {
    id: message.id,
    seq: message.seq,
    at: message.atMs,
    vhost: message.vhost,
    exchange: message.exchange,
    routing_keys: message.routingKeys,
    payload_bytes: payloadBytes,
    ...shown,
    ...(payload !== null && { payload_truncated: payload.length < payloadBytes }),
    properties: propertiesToJson(message.properties),
    published_by: publisher,
    queues: [...message.standings.keys()].filter((name) => name !== ''),
    state: message.state,
    events: message.steps.map((step) => stepJson(message, step)),
    ...(message.moreSteps > 0 && { more_events: message.moreSteps }),
    text: sentence(message),
  };
}

function stepJson(message: TracedMessage, step: Step): object {
  const { name, atMs, queue, redelivered, autoAck, heldMs, exchange, queues, to } = step;
  return {
    event: name,
    after_ms: atMs - message.atMs,
    ...(queue !== undefined && { queue }),
    ...(exchange !== undefined && { exchange }),
    ...(queues !== undefined && { queues }),
    ...(redelivered !== undefined && { redelivered }),
    ...(autoAck !== undefined && { auto_ack: autoAck }),
    ...(heldMs !== undefined && { held_ms: heldMs }),
    ...(to !== undefined && { to: toJson(to) }),
  };
}

function toJson({ consumerTag, ...party }: NonNullable<Step['to']>): object {
  return { ...party, consumer_tag: consumerTag };
}

/** `MQTT 5.0 sensor-1 → amq.topic → orders.new → billing (AMQP 0-9-1), acked after 31 ms`. */
function sentence(message: TracedMessage): string {
  const { publisher, exchange, state, steps } = message;
  const from = publisher === null ? 'somebody' : `${protocolOf(publisher)} ${nameOf(publisher)}`;
  const words = [from, exchange === '' ? '(default exchange)' : exchange];
  for (const step of steps) {
    if (step.name === 'routed') words.push((step.queues ?? []).join(', '));
    else if (step.name === 'dead_lettered')
      words.push(step.exchange ?? '', (step.queues ?? []).join(', '));
    else if (step.name === 'released' || step.name === 'moved')
      words.push((step.queues ?? []).join(', '));
  }
  const got = steps.findLast(({ name }) => name === 'delivered')?.to;
  if (got !== undefined) words.push(`${nameOf(got)} (${protocolOf(got)})`);
  const path = words.filter((word) => word !== '').join(' → ');
  const ended = steps.at(-1);
  const ms = ended === undefined ? 0 : ended.atMs - message.atMs;
  return `${path}, ${state.replace('_', '-')} after ${ms} ms`;
}

function protocolOf({ protocol }: Party): string {
  return PROTOCOLS[protocol] ?? protocol.toUpperCase();
}

function nameOf({ client, connection, user }: Party): string {
  return client || connection || user;
}
