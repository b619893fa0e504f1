/**
 * Exchanges in the management API: lists, one exchange, declaring and deleting. The default
 * exchange is listed under the name '' and found under `amq.default`.
 */
import type { Exchange } from '../../../src/broker/exchange/exchange.ts';
import { type Answer, NO_CONTENT, notFound, put } from '../answer.ts';
import { fieldsToJson } from '../field-json.ts';
import { booleanOr, fieldsOr, textOr } from '../input.ts';
import { type Columns, Listing } from '../listing.ts';
import { type Call, describeOne, objectOf, type Resource } from '../routing.ts';
import { rangesOf } from '../statistics.ts';
import { asViewer, exchangeName, type ManagementContext, vhostOf, vhostsOf } from './context.ts';
import { FlowColumns } from './flow.ts';

interface ExchangeView {
  readonly exchange: Exchange;
  readonly vhost: string;
}

function columnsOf(context: ManagementContext, call: Call): Columns<ExchangeView> {
  const { msgRates } = rangesOf(call.query);
  const columns: Columns<ExchangeView> = {
    arguments: ({ exchange }) => fieldsToJson(exchange.arguments),
    auto_delete: ({ exchange }) => exchange.autoDelete,
    durable: ({ exchange }) => exchange.durable,
    internal: ({ exchange }) => exchange.internal,
    message_stats: ({ exchange }) => context.statistics.exchanges.stats(exchange, msgRates),
    policy: ({ exchange }) => exchange.governing.policy?.name,
    messages_delayed: ({ exchange }) => exchange.delayQueue?.size,
    name: ({ exchange }) => exchange.name,
    type: ({ exchange }) => exchange.type,
    user_who_performed_action: ({ exchange }) => exchange.declaredBy ?? 'rmq-internal',
    vhost: ({ vhost }) => vhost,
  };
  if (!context.statsDisabled && call.query.disable_stats !== 'true') return columns;
  const { message_stats: _left, ...rest } = columns;
  return rest;
}

function list(context: ManagementContext, call: Call): Listing<ExchangeView> {
  const views = vhostsOf(context, call).flatMap((vhost) =>
    [...vhost.topology.exchanges.values()].map((exchange) => ({ exchange, vhost: vhost.name })),
  );
  return new Listing(views, columnsOf(context, call), ({ exchange }) => exchange.name);
}

function find(context: ManagementContext, call: Call): Exchange {
  const { exchanges } = vhostOf(context, call).topology;
  const exchange = exchanges.get(exchangeName(call.params.name));
  if (exchange === undefined) throw notFound();
  return exchange;
}

function show(context: ManagementContext, call: Call): unknown {
  const vhost = vhostOf(context, call);
  const view = { exchange: find(context, call), vhost: vhost.name };
  const flows = new FlowColumns(context, call);
  const columns: Columns<ExchangeView> = {
    ...columnsOf(context, call),
    incoming: ({ exchange }) => flows.intoExchange(exchange, vhost),
    outgoing: ({ exchange }) => flows.outOfExchange(exchange, vhost),
  };
  return describeOne(view, columns, call);
}

async function declare(context: ManagementContext, call: Call): Promise<Answer> {
  const body = objectOf(call);
  const name = exchangeName(call.params.name);
  const existed = vhostOf(context, call).topology.exchanges.has(name);
  const declaration = {
    name,
    type: textOr(body, 'type', 'direct'),
    durable: booleanOr(body, 'durable', false),
    autoDelete: booleanOr(body, 'auto_delete', false),
    internal: booleanOr(body, 'internal', false),
    arguments: fieldsOr(body, 'arguments'),
  };
  await asViewer(context, call, (session) => session.topology.declareExchange(declaration));
  return put(existed);
}

async function remove(context: ManagementContext, call: Call): Promise<Answer> {
  const { name } = find(context, call);
  const ifUnused = call.query['if-unused'] === 'true';
  await asViewer(context, call, (session) => session.topology.deleteExchange(name, ifUnused));
  return NO_CONTENT;
}

/** Lists and single exchanges; their bindings are binding.ts, publishing is message.ts. */
export function exchangeResources(context: ManagementContext): Resource[] {
  const all = (call: Call): Listing<ExchangeView> => list(context, call);
  return [
    { path: '/api/exchanges', access: 'management', get: all },
    { path: '/api/exchanges/:vhost', access: 'visible', get: all },
    {
      path: '/api/exchanges/:vhost/:name',
      access: 'visible',
      changeAccess: 'vhost',
      get: (call) => show(context, call),
      put: (call) => declare(context, call),
      delete: (call) => remove(context, call),
    },
  ];
}
