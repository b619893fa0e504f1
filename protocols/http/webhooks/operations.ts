/**
 * The operations on webhooks under `/v1`: make, list, look at, change, stop, start, sign anew,
 * delete. Who may do what is src/broker/webhook-access.ts.
 */

import type { WebhookRecord } from '../../../src/broker/webhook.ts';
import { WebhookAccess, type WebhookChanged } from '../../../src/broker/webhook-access.ts';
import { HTTP_ORDER_BYTES } from '../../../src/limits.ts';
import { Answer } from '../answer.ts';
import { type Call, type Operation, operation } from '../messaging/operation.ts';
import {
  checkedSecret,
  ROTATION,
  settingsOf,
  shownWebhook,
  WEBHOOK,
  WEBHOOK_SHOWN,
} from './settings.ts';
import type { WebhookSenders } from './webhooks.ts';

const ORDER = { maxBodyBytes: HTTP_ORDER_BYTES, publishes: false } as const;

const SHOWN = { 'application/json': WEBHOOK_SHOWN };

const LIST = {
  type: 'object',
  required: ['webhooks'],
  properties: { webhooks: { type: 'array', items: WEBHOOK_SHOWN } },
} as const;

const ALL = '/vhosts/{vhost}/webhooks';
const ONE = `${ALL}/{webhook}`;

/** All of them. */
export function webhookOperations(senders: WebhookSenders): Operation[] {
  return [...looking(senders), ...changing(senders)];
}

function looking(senders: WebhookSenders): Operation[] {
  return [
    operation({
      ...ORDER,
      method: 'GET',
      path: ALL,
      id: 'webhooks',
      summary: 'Your webhooks; everybody’s for an administrator.',
      answers: { 200: { description: 'Maybe none.', content: { 'application/json': LIST } } },
      handle: async (call) => {
        const webhooks = accessOf(call).list();
        return new Answer(200, { webhooks: webhooks.map((one) => show(senders, one)) });
      },
    }),
    operation({
      ...ORDER,
      method: 'GET',
      path: ONE,
      id: 'webhook',
      summary: 'One webhook, and what it has come to.',
      answers: { 200: { description: 'It is there.', content: SHOWN } },
      handle: async (call) => new Answer(200, show(senders, accessOf(call).get(nameIn(call)))),
    }),
  ];
}

function changing(senders: WebhookSenders): Operation[] {
  const { allowPrivate } = senders.context;
  return [
    operation({
      ...ORDER,
      method: 'PUT',
      path: ONE,
      id: 'putWebhook',
      summary:
        'Makes a webhook, or changes one of yours: messages of its queue are sent to its URL ' +
        'from now on. An answer of 2xx acknowledges a message.',
      json: WEBHOOK,
      answers: {
        200: { description: 'It is changed.', content: SHOWN },
        201: { description: 'It is made. The secret is in this answer only.', content: SHOWN },
      },
      handle: async (call) => {
        const settings = settingsOf(call.body, allowPrivate);
        const secret = checkedSecret(call.body.secret);
        return told(senders, await accessOf(call).put(nameIn(call), settings, secret));
      },
    }),
    operation({
      ...ORDER,
      method: 'DELETE',
      path: ONE,
      id: 'deleteWebhook',
      summary: 'Ends a webhook. Its messages stay in their queue.',
      answers: { 204: { description: 'It is gone.' } },
      handle: async (call) => {
        await accessOf(call).delete(nameIn(call));
        return new Answer(204);
      },
    }),
    ...(['pause', 'resume'] as const).map((word) =>
      operation({
        ...ORDER,
        method: 'POST',
        path: `${ONE}/${word}`,
        id: `${word}Webhook`,
        summary: word === 'pause' ? 'Sends nothing more for now.' : 'Sends messages again.',
        answers: { 200: { description: 'So it is.', content: SHOWN } },
        handle: async (call) => {
          const state = word === 'pause' ? 'paused' : 'active';
          const record = await accessOf(call).setState(nameIn(call), state);
          return new Answer(200, { ...show(senders, record), state });
        },
      }),
    ),
    operation({
      ...ORDER,
      method: 'POST',
      path: `${ONE}/rotate`,
      id: 'rotateWebhook',
      summary: 'Replaces the secret. The one before signs too, for a day.',
      json: ROTATION,
      answers: { 200: { description: 'The new secret signs from now on.', content: SHOWN } },
      handle: async (call) => {
        const secret = checkedSecret(call.body.secret);
        return told(senders, await accessOf(call).rotate(nameIn(call), secret));
      },
    }),
  ];
}

function accessOf({ shared }: Call): WebhookAccess {
  return new WebhookAccess(shared.broker, shared.session);
}

function nameIn({ params }: Call): string {
  return params.webhook as string;
}

function show(senders: WebhookSenders, record: WebhookRecord) {
  return shownWebhook(record, senders.of(record)?.figures);
}

function told(senders: WebhookSenders, { record, isNew, secret }: WebhookChanged): Answer {
  const shown = shownWebhook(record, senders.of(record)?.figures, secret);
  return new Answer(isNew ? 201 : 200, shown);
}
