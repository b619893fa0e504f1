/**
 * QueueFindings: what can be wrong with a queue or an exchange: the rules, one function each, in
 * the order in which they matter. They look at counters and rates that exist anyway, and change
 * nothing.
 */
import type { Exchange } from '../../../src/broker/exchange/exchange.ts';
import type { Queue } from '../../../src/broker/queue/queue.ts';
import type { VHost } from '../../../src/broker/vhost.ts';
import { NEAR_A_LIMIT, UNACKED_AFTER_MS, UNUSED_AFTER_MS } from '../../../src/limits-console.ts';
import type { Statistics } from '../statistics.ts';
import type { Findings, Remark } from './finding.ts';
import { plural } from './link.ts';

/** What a rule may look at besides the thing itself. */
interface View {
  readonly vhost: VHost;
  readonly statistics: Statistics;
  readonly nowMs: number;
}

type QueueRule = (queue: Queue, view: View) => Remark | null;

/** Messages that a queue may have before it is said that it grows. */
const SOME_MESSAGES = 100;

const QUEUE_RULES: readonly QueueRule[] = [
  lostDeadLetters,
  growingWithoutConsumers,
  fallingBehind,
  lostRejects,
  nearItsLimit,
  unackedForLong,
  unread,
  unused,
];

/** Applies every rule to a queue. */
export function findInQueue(queue: Queue, view: View, findings: Findings): void {
  if (queue.owner !== null) return;
  const subject = { kind: 'queue', vhost: view.vhost.name, name: queue.name } as const;
  for (const rule of QUEUE_RULES) findings.add(subject, rule(queue, view));
}

/** The same for an exchange. */
export function findInExchange(exchange: Exchange, view: View, findings: Findings): void {
  const name = exchange.name === '' ? 'amq.default' : exchange.name;
  const subject = { kind: 'exchange', vhost: view.vhost.name, name } as const;
  findings.add(subject, lostAlternate(exchange, view));
  findings.add(subject, unroutable(exchange, view));
}

function lostDeadLetters({ name, settings }: Queue, { vhost }: View): Remark | null {
  const { deadLetterExchange: target } = settings;
  if (target === null || vhost.topology.exchanges.has(target)) return null;
  return {
    kind: 'dead-letter-exchange-missing',
    severity: 'critical',
    title: `Dead letters of '${name}' are lost`,
    cause: `They should go to the exchange '${target}', which does not exist.`,
    fix: `Declare the exchange '${target}' and bind a queue to it, or name another one.`,
  };
}

function growingWithoutConsumers(queue: Queue, { statistics }: View): Remark | null {
  if (queue.subscriptions.size > 0 || queue.size === 0) return null;
  const rate = statistics.queues.rate(queue, 'messages');
  if (rate <= 0) return null;
  return {
    kind: 'queue-without-consumers',
    severity: 'critical',
    title: `'${queue.name}' grows and nobody consumes`,
    cause: `${plural(queue.size, 'message')} ready, ${perSecond(rate)} more, no consumer.`,
    fix: 'Start a consumer, or bound the queue by a policy with max-length or message-ttl.',
  };
}

function fallingBehind(queue: Queue, { statistics }: View): Remark | null {
  const consumers = queue.subscriptions.size;
  if (consumers === 0 || queue.size < SOME_MESSAGES) return null;
  const rate = statistics.queues.rate(queue, 'messages_ready');
  const arriving = statistics.queues.rate(queue, 'publish');
  if (rate <= 0 || rate < arriving / 20) return null;
  return {
    kind: 'consumers-too-slow',
    severity: 'warning',
    title: `Consumers of '${queue.name}' fall behind`,
    cause:
      `${plural(queue.size, 'message')} ready, ${perSecond(rate)} more than ` +
      `${plural(consumers, 'consumer')} can take.`,
    fix: 'Add consumers, raise their prefetch, or make what they do with a message faster.',
  };
}

function lostRejects({ name, settings, deaths }: Queue): Remark | null {
  const lost = deaths.rejected + deaths.delivery_limit;
  if (settings.deadLetterExchange !== null || lost === 0) return null;
  return {
    kind: 'rejects-lost',
    severity: 'warning',
    title: `Rejected messages of '${name}' are lost`,
    cause: `${plural(lost, 'message')} rejected, and the queue has no dead-letter-exchange.`,
    fix: 'Set a dead-letter-exchange by a policy, so that rejected messages can be looked at.',
  };
}

function nearItsLimit({ name, settings, size, backlog }: Queue): Remark | null {
  const { maxLength, maxLengthBytes, overflow } = settings;
  const byCount = maxLength > 0 ? size / maxLength : 0;
  const byBytes = maxLengthBytes > 0 ? backlog.bytes / maxLengthBytes : 0;
  if (Math.max(byCount, byBytes) < NEAR_A_LIMIT) return null;
  const what =
    byCount >= byBytes
      ? `${plural(size, 'message')} of at most ${maxLength.toLocaleString('en')}`
      : `${plural(backlog.bytes, 'byte')} of at most ${maxLengthBytes.toLocaleString('en')}`;
  const then = overflow === 'drop-head' ? 'The oldest are dropped' : 'New ones are refused';
  return {
    kind: 'queue-near-limit',
    severity: 'warning',
    title: `'${name}' is ${Math.max(byCount, byBytes) >= 1 ? 'at' : 'near'} its limit`,
    cause: `${what}. ${then} beyond that.`,
    fix: 'Add consumers, or raise max-length (max-length-bytes) in the policy or the arguments.',
  };
}

function unackedForLong(queue: Queue, { statistics, nowMs }: View): Remark | null {
  if (queue.unsettled === 0) return null;
  const sinceMs = statistics.queues.idleSinceMs(queue);
  if (sinceMs === null || nowMs - sinceMs < UNACKED_AFTER_MS) return null;
  return {
    kind: 'unacked-for-long',
    severity: 'warning',
    title: `Consumers of '${queue.name}' hold messages and do nothing`,
    cause: `${plural(queue.unsettled, 'message')} delivered, none acknowledged for a while.`,
    fix:
      'A consumer may hang or forget to acknowledge: look at it, or close its connection, and ' +
      'the messages go back.',
    since: sinceMs,
  };
}

function unread(queue: Queue, { statistics, nowMs }: View): Remark | null {
  if (queue.subscriptions.size > 0 || queue.size === 0) return null;
  if (statistics.queues.rate(queue, 'messages') > 0) return null;
  const sinceMs = statistics.queues.idleSinceMs(queue);
  if (sinceMs === null || nowMs - sinceMs < UNACKED_AFTER_MS) return null;
  return {
    kind: 'messages-unread',
    severity: 'info',
    title: `Nobody reads '${queue.name}'`,
    cause: `${plural(queue.size, 'message')} wait, and there is no consumer.`,
    fix: 'Look at the messages: redrive or consume them, or purge the queue if they are of no use.',
    since: sinceMs,
  };
}

function unused(queue: Queue, { statistics, nowMs }: View): Remark | null {
  if (queue.subscriptions.size > 0 || queue.size > 0 || queue.unsettled > 0) return null;
  const sinceMs = statistics.queues.idleSinceMs(queue);
  if (sinceMs === null || nowMs - sinceMs < UNUSED_AFTER_MS) return null;
  return {
    kind: 'queue-unused',
    severity: 'info',
    title: `'${queue.name}' is not used`,
    cause: 'No messages and no consumers.',
    fix: 'Delete it if nobody needs it; a policy with expires does so by itself.',
    since: sinceMs,
  };
}

function lostAlternate({ name, alternate }: Exchange, { vhost }: View): Remark | null {
  if (alternate === null || vhost.topology.exchanges.has(alternate)) return null;
  return {
    kind: 'alternate-exchange-missing',
    severity: 'warning',
    title: `Unroutable messages of '${name}' are lost`,
    cause: `Its alternate exchange '${alternate}' does not exist.`,
    fix: `Declare the exchange '${alternate}', or change the alternate-exchange.`,
  };
}

function unroutable(exchange: Exchange, { statistics }: View): Remark | null {
  if (exchange.publishedIn === 0 || exchange.internal) return null;
  const comes = statistics.exchanges.rate(exchange, 'publish_in');
  if (comes <= 0 || statistics.exchanges.rate(exchange, 'publish_out') > 0) return null;
  const [to, why] =
    exchange.name === ''
      ? ['the default exchange', 'no queue has that name']
      : [`'${exchange.name}'`, exchange.bindings.size === 0 ? 'nothing is bound' : 'none fits'];
  return {
    kind: 'publishes-unroutable',
    severity: 'warning',
    title: `Messages to ${to} go nowhere`,
    cause: `${perSecond(comes)} come, and ${why}.`,
    fix:
      'Bind a queue, set an alternate-exchange to catch them, or publish as mandatory to be ' +
      'told. The routing simulator shows why.',
  };
}

function perSecond(rate: number): string {
  return `${rate < 10 ? rate.toFixed(1) : Math.round(rate).toLocaleString('en')} a second`;
}
