/**
 * Wire: what the requests of one run of a webhook go by: connections that are kept, as many as
 * requests may be under way, to addresses that are allowed, with certificates that are good.
 */
import { Agent as PlainAgent } from 'node:http';
import { Agent as SecureAgent } from 'node:https';
import type { Broker } from '../../../src/broker/broker.ts';
import type { WebhookRecord } from '../../../src/broker/webhook.ts';
import type { Connections } from '../../../src/server/connections.ts';
import type { Wire } from './post.ts';
import { publicLookup } from './target.ts';

/** What the composition root says about webhooks. */
export interface WebhookOptions {
  /** May they reach this machine and private networks? */
  readonly allowPrivate: boolean;
  /** Whom they trust instead of the usual authorities, as PEM; null for the usual ones. */
  readonly authorities: Buffer | null;
}

/** What all webhooks share. */
export interface WebhookContext extends WebhookOptions {
  readonly broker: Broker;
  readonly connections: Connections;
  /** From 0 to 1. */
  readonly random: () => number;
}

/** The wire of a run; whoever asks for it destroys its agent. */
export function wireOf(context: WebhookContext, { url, concurrency }: WebhookRecord): Wire {
  const { broker, allowPrivate, authorities } = context;
  const options = { keepAlive: true, maxSockets: concurrency };
  const agent = url.startsWith('https:')
    ? new SecureAgent({ ...options, ...(authorities !== null && { ca: authorities }) })
    : new PlainAgent(options);
  return { clock: broker.clock, agent, lookup: allowPrivate ? null : publicLookup };
}
