/**
 * Simulation: "where would this message go, and why?" over HTTP. The engine explains
 * (src/broker/exchange/explanation.ts); here it is only put into words of JSON. Nothing is
 * published, and no counter moves.
 */
import type { Exchange } from '../../../src/broker/exchange/exchange.ts';
import {
  type ExplainedStep,
  type Explanation,
  explain,
  type Verdict,
} from '../../../src/broker/exchange/explanation.ts';
import { Message } from '../../../src/broker/message.ts';
import { Properties } from '../../../src/broker/properties.ts';
import { notFound } from '../answer.ts';
import { fieldsToJson } from '../field-json.ts';
import { fieldsOr, textOr } from '../input.ts';
import { exchangeName, type ManagementContext, vhostOf } from '../management/context.ts';
import { type Call, objectOf, type Resource } from '../routing.ts';
import { messagesOf } from '../series.ts';

/** `POST /api/_ui/route/<vhost>`. */
export function simulationResource(context: ManagementContext): Resource {
  return {
    path: '/api/_ui/route/:vhost',
    access: 'vhost',
    post: (call) => simulate(context, call),
  };
}

function simulate(context: ManagementContext, call: Call): unknown {
  const { topology } = vhostOf(context, call);
  const body = objectOf(call);
  const first = topology.exchanges.get(exchangeName(textOr(body, 'exchange', '')));
  if (first === undefined) throw notFound();
  const headers = fieldsOr(body, 'headers');
  const routingKey = textOr(body, 'routing_key', '');
  const message = new Message(first.name, routingKey, new Properties({ headers }), Buffer.alloc(0));
  const extraKeys = [...(message.copyKeys('CC') ?? []), ...(message.copyKeys('BCC') ?? [])];
  const explanation = explain(topology, first, message, extraKeys);
  return {
    exchange: first.name,
    routing_key: routingKey,
    other_keys: extraKeys,
    routed: explanation.queues.size > 0,
    certain: [...explanation.queues.values()].every((reach) => reach === 'yes'),
    delay_ms: explanation.delayMs,
    summary: summaryOf(first, explanation),
    queues: [...explanation.queues].map(([queue, reach]) => ({
      name: queue.name,
      type: queue.type,
      messages: messagesOf(queue),
      consumers: queue.subscriptions.size,
      reach,
    })),
    steps: explanation.steps.map(stepToJson),
  };
}

function summaryOf(first: Exchange, { queues, steps, delayMs }: Explanation): string {
  const names = [...queues.keys()].map(({ name }) => `'${name}'`);
  const shown = names.length > 3 ? `${names.length} queues` : names.join(', ');
  const when = delayMs > 0 ? `after ${delayMs} ms ` : '';
  const chance = [...queues.values()].includes('perhaps') ? ', as chance decides' : '';
  if (names.length > 0) return `The message would go ${when}to ${shown}${chance}.`;
  const last = steps.at(-1);
  const reason = last?.note ?? last?.missed[0]?.reason ?? 'nothing takes it';
  const where = last === undefined || last.exchange === first ? '' : ` at '${last.exchange.name}'`;
  return `The message would go nowhere: ${reason}${where}. Unless it is mandatory it is dropped.`;
}

function stepToJson(step: ExplainedStep): unknown {
  const { exchange, via, from, matched, missed, untold, alternate, note } = step;
  return {
    exchange: exchange.name,
    type: exchange.type,
    internal: exchange.internal,
    via,
    from: from === null ? null : from.name,
    matched: matched.map(verdictToJson),
    missed: missed.map(verdictToJson),
    untold,
    alternate_exchange: exchange.alternate,
    alternate_taken: alternate !== null,
    note,
  };
}

function verdictToJson({ binding, destination, reach, reason }: Verdict): unknown {
  return {
    destination: destination?.name ?? null,
    destination_type: destination?.kind ?? 'queue',
    routing_key: binding?.routingKey ?? null,
    arguments: fieldsToJson(binding?.arguments),
    reach,
    reason,
  };
}
