/**
 * Signature: what proves to a target that a request is from this broker, and when it was made:
 * Standard Webhooks 1.0, symmetric. A secret that has been replaced signs beside its successor for
 * a while.
 */
import { createHmac } from 'node:crypto';
import type { WebhookSecret } from '../../../src/broker/webhook.ts';

const PREFIX = 'whsec_';

/** The bytes of a secret; null if it is none: base64 of 24 to 64 bytes after `whsec_`. */
export function keyOf(secret: string): Buffer | null {
  if (!secret.startsWith(PREFIX)) return null;
  const text = secret.slice(PREFIX.length);
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(text)) return null;
  const key = Buffer.from(text, 'base64');
  return key.length >= 24 && key.length <= 64 ? key : null;
}

/** The headers that sign a request. @param id of the message, the same for every attempt */
export function signatureHeaders(
  secrets: readonly WebhookSecret[],
  id: string,
  nowMs: number,
  body: Buffer,
): Record<string, string> {
  const timestamp = String(Math.floor(nowMs / 1000));
  const valid = secrets.filter(({ untilMs }) => untilMs === null || untilMs > nowMs);
  const signatures = valid.map(({ key }) => {
    const hmac = createHmac('sha256', keyOf(key) ?? Buffer.from(key));
    return `v1,${hmac.update(`${id}.${timestamp}.`).update(body).digest('base64')}`;
  });
  return {
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    'webhook-signature': signatures.join(' '),
  };
}
