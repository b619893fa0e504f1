/**
 * Messages as they are seen in their queue, as JSON: what looking into a queue answers. A payload
 * is shown up to a length that the client chooses, as text where it is text. Hides nothing that
 * the right to read from the queue does not give.
 */
import { isUtf8 } from 'node:buffer';
import { type Field, integerOf, stringOf, Timestamp } from '../../../src/broker/field.ts';
import type { Browser, Seen } from '../../../src/broker/inspection/browser.ts';
import { holderOf } from '../../../src/broker/inspection/held.ts';
import { messageId, type Sighting } from '../../../src/broker/inspection/sighting.ts';
import type { Message } from '../../../src/broker/message.ts';
import { partyOf } from '../../../src/broker/party.ts';
import { deathsOf } from '../../../src/broker/queue/dead-letter.ts';
import { TICK_MS } from '../../../src/clock.ts';
import { propertiesToJson } from './message.ts';

/** How payloads are shown. */
export interface PayloadView {
  /** At most so much of each; 0 for nothing. */
  readonly bytes: number;
  /** As text where it is text, else everything in base64. */
  readonly auto: boolean;
}

/** One message. */
export function sightingJson(browser: Browser, seen: Seen, view: PayloadView): object {
  const { queue } = browser;
  const { state, level, content, bodyBytes, expiresAtMs, dueAtMs } = seen;
  const nowMs = queue.clock.now();
  const arrivedAt = content === null || content.arrivedAtMs === 0 ? null : content.arrivedAtMs;
  const due = queue.rules.holds ? expiresAtMs : dueAtMs;
  // What is out does not expire, and what an exchange holds back expires when it is due.
  const expiresAt =
    queue.rules.holds || state !== 'ready' || expiresAtMs === 0 ? null : expiresAtMs;
  const returned = level === queue.backlog.levels.returns;
  return {
    id: messageId(queue.epoch, seen),
    state: queue.rules.holds ? 'delayed' : state,
    ...contentJson(content),
    redelivered: seen.redelivered,
    delivery_count: seen.deliveryCount,
    priority: returned
      ? queue.backlog.levels.levelOf({ priority: content?.priority ?? -1 })
      : level,
    ...(returned && { returned: true }),
    payload_bytes: bodyBytes,
    ...(content === null ? {} : payloadJson(content.body, view)),
    arrived_at: arrivedAt,
    age_ms: arrivedAt === null ? null : Math.max(0, nowMs - arrivedAt),
    expires_at: expiresAt,
    ttl_left_ms: expiresAt === null ? null : Math.max(0, expiresAt - nowMs),
    ...(due > 0 && { due_at: due }),
    in_memory: seen.message !== null,
    persisted: browser.isKept(seen, content),
    deaths: deathsJson(content),
    held_by: heldJson(seen, browser),
  };
}

/** Where a payload ends that is shown up to `bytes`: not within a character. */
export function payloadJson(body: Buffer, { bytes, auto }: PayloadView): object {
  if (bytes === 0) return {};
  const shown = body.subarray(0, bytes);
  const truncated = shown.length < body.length;
  const text = auto ? textIn(shown, truncated) : null;
  return {
    payload: text ?? shown.toString('base64'),
    payload_encoding: text === null ? 'base64' : 'string',
    payload_truncated: truncated,
  };
}

function contentJson(content: Message | null): object {
  if (content === null)
    return { exchange: null, routing_key: null, properties: {}, unreadable: true };
  const { exchange, routingKey, properties } = content;
  return { exchange, routing_key: routingKey, properties: propertiesToJson(properties) };
}

/** A text that was cut may end within a character, of at most four bytes. */
function textIn(bytes: Buffer, cut: boolean): string | null {
  if (isUtf8(bytes)) return bytes.toString('utf8');
  for (let less = 1; cut && less < Math.min(4, bytes.length); less++) {
    const shorter = bytes.subarray(0, bytes.length - less);
    if (isUtf8(shorter)) return shorter.toString('utf8');
  }
  return null;
}

function deathsJson(content: Message | null): object[] {
  if (content === null || !content.properties.hasHeaders) return [];
  return deathsOf(content.properties.headers).map((death) => {
    const {
      count,
      reason,
      queue,
      time,
      exchange,
      'routing-keys': keys,
    } = Object.fromEntries(death);
    return {
      queue: stringOf(queue),
      reason: stringOf(reason),
      count: integerOf(count),
      at: time instanceof Timestamp ? time.seconds * 1000 : null,
      exchange: stringOf(exchange),
      routing_keys: Array.isArray(keys) ? keys.filter((key: Field) => typeof key === 'string') : [],
    };
  });
}

function heldJson({ delivery }: Sighting, { queue, vhost }: Browser): object | null {
  if (delivery === null) return null;
  const traffic = holderOf(delivery, vhost);
  if (traffic === null) return null;
  const forMs = (queue.clock.ticks - delivery.handedOverTick) * TICK_MS;
  return {
    ...partyOf(traffic),
    consumer_tag: delivery.holder?.subscription?.tag ?? null,
    since: queue.clock.now() - forMs,
    for_ms: forMs,
  };
}
