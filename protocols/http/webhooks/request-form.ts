/**
 * RequestForm: a message as the body and head of a request to a webhook, in the format that its
 * owner wants, signed. The same for every attempt but for the time and what is signed with it.
 */
import { createHash, randomUUID } from 'node:crypto';
import { validateHeaderValue } from 'node:http';
import type { Delivery } from '../../../src/broker/delivery.ts';
import type { WebhookRecord } from '../../../src/broker/webhook.ts';
import { VERSION } from '../../../src/version.ts';
import { EVENT } from '../messaging/cloud-event.ts';
import {
  binaryHead,
  type EventForm,
  eventFormOf,
  structuredEvent,
} from '../messaging/event-form.ts';
import { headOf } from '../messaging/message-head.ts';
import { heldMessage } from '../messaging/message-json.ts';
import { signatureHeaders } from './signature.ts';

/** What does not change from attempt to attempt. */
export interface RequestForm {
  /** Of the message, for targets that want each once. */
  readonly id: string;
  readonly head: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** Makes it, of one delivery. */
export function requestFormOf(delivery: Delivery, record: WebhookRecord): RequestForm {
  const id = idOf(delivery, record);
  const { message } = delivery;
  const { format, vhost, queue } = record;
  const own = { 'user-agent': `Warren/${VERSION}`, ...record.headers };
  switch (format) {
    case 'raw': {
      const head = { 'content-type': 'application/octet-stream', ...headOf(message.properties) };
      return { id, head: { ...head, ...placeOf(delivery), ...own }, body: message.body };
    }
    case 'json': {
      const body = Buffer.from(JSON.stringify(heldMessage(delivery, null, 'auto')));
      return { id, head: { 'content-type': 'application/json', ...own }, body };
    }
    case 'cloudevents-binary': {
      const form: EventForm = eventFormOf(message, { vhost, queue, id });
      return { id, head: { ...binaryHead(form), ...own }, body: form.data };
    }
    case 'cloudevents-structured': {
      const event = structuredEvent(eventFormOf(message, { vhost, queue, id }));
      const head = { 'content-type': `${EVENT}; charset=utf-8`, ...own };
      return { id, head, body: Buffer.from(JSON.stringify(event)) };
    }
  }
}

/** Its head for an attempt at this time. */
export function signedHead(
  { id, head, body }: RequestForm,
  { secrets }: WebhookRecord,
  nowMs: number,
): Record<string, string> {
  return { ...head, ...signatureHeaders(secrets, id, nowMs, body) };
}

/** A message that has an id keeps it, over a restart too; full stops would end it too early. */
function idOf({ message }: Delivery, { vhost, queue }: WebhookRecord): string {
  const { messageId } = message.properties;
  if (!messageId) return `msg_${randomUUID()}`;
  const hash = createHash('sha256').update(JSON.stringify([vhost, queue, messageId]));
  return `msg_${hash.digest('base64url')}`;
}

/** Where the message was sent, as far as HTTP can say it. */
function placeOf({ message, redelivered }: Delivery): Record<string, string> {
  const place = { 'warren-exchange': message.exchange, 'warren-routing-key': message.routingKey };
  const said = Object.entries(place).map(([name, text]) => [name, latin(text)] as const);
  const fit = said.filter(([name, text]) => isSendable(name, text));
  return { ...Object.fromEntries(fit), 'warren-redelivered': String(redelivered) };
}

function latin(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}

function isSendable(name: string, text: string): boolean {
  try {
    validateHeaderValue(name, text);
    return true;
  } catch {
    return false;
  }
}
