/**
 * Bindings in the management API, those of the default exchange included, which nobody made. A
 * binding is named by its properties key: the routing key, and a hash of the arguments if there
 * are any.
 */
import { createHash } from 'node:crypto';
import { type Binding, sameBinding } from '../../../src/broker/exchange/binding.ts';
import type { Exchange } from '../../../src/broker/exchange/exchange.ts';
import type { Destination } from '../../../src/broker/exchange/matched.ts';
import type { Fields } from '../../../src/broker/field.ts';
import type { BindingDeclaration } from '../../../src/broker/topology-access.ts';
import type { VHost } from '../../../src/broker/vhost.ts';
import { Answer, NO_CONTENT, notFound } from '../answer.ts';
import { fieldsToJson } from '../field-json.ts';
import { fieldsOr, textOr } from '../input.ts';
import { type Columns, Listing } from '../listing.ts';
import { type Call, describeOne, objectOf, type Resource } from '../routing.ts';
import { asViewer, exchangeName, type ManagementContext, vhostOf, vhostsOf } from './context.ts';

/** A binding with both its ends by name. */
interface BindingView {
  readonly vhost: string;
  readonly source: string;
  readonly destination: Destination;
  readonly routingKey: string;
  readonly arguments: Fields;
}

const NONE: Fields = new Map();

const COLUMNS: Columns<BindingView> = {
  source: ({ source }) => source,
  vhost: ({ vhost }) => vhost,
  destination: ({ destination }) => destination.name,
  destination_type: ({ destination }) => destination.kind,
  routing_key: ({ routingKey }) => routingKey,
  arguments: (binding) => fieldsToJson(binding.arguments),
  properties_key: propertiesKey,
};

/** RabbitMQ encodes the key as a form does, and then leaves nothing that could be a `~`. */
function propertiesKey({ routingKey, arguments: args }: BindingView): string {
  const key = encodeURIComponent(routingKey)
    .replace(/[!'()*~]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%20', '+');
  if (args.size === 0) return key === '' ? '~' : key;
  const sorted = [...args].sort(([a], [b]) => (a < b ? -1 : 1));
  const text = JSON.stringify(fieldsToJson(new Map(sorted)));
  const hash = createHash('sha256').update(text).digest().subarray(0, 4).toString('base64url');
  return `${key}~${hash}`;
}

function* defaultBindings(vhost: VHost): Generator<BindingView> {
  for (const queue of vhost.topology.queues.values()) yield defaultBinding(vhost.name, queue);
}

function defaultBinding(vhost: string, destination: Destination): BindingView {
  return { vhost, source: '', destination, routingKey: destination.name, arguments: NONE };
}

function viewOf(vhost: string, exchange: Exchange, binding: Binding): BindingView {
  return { vhost, source: exchange.name, ...binding };
}

/** Every binding of a vhost. */
export function* bindingsOf(vhost: VHost): Generator<BindingView> {
  yield* defaultBindings(vhost);
  for (const exchange of vhost.topology.exchanges.values()) yield* bindingsFrom(vhost, exchange);
}

function* bindingsFrom(vhost: VHost, exchange: Exchange): Generator<BindingView> {
  if (exchange.name === '') yield* defaultBindings(vhost);
  for (const binding of exchange.bindings) yield viewOf(vhost.name, exchange, binding);
}

function* bindingsTo(vhost: VHost, destination: Destination): Generator<BindingView> {
  if (destination.kind === 'queue') yield defaultBinding(vhost.name, destination);
  for (const [binding, exchange] of vhost.topology.inboundOf(destination)) {
    yield viewOf(vhost.name, exchange, binding);
  }
}

function listingOf(bindings: Iterable<BindingView>): Listing<BindingView> {
  return new Listing(bindings, COLUMNS, ({ source }) => source);
}

/** The ends in the path: `/e/<source>/q|e/<destination>`. */
function endsOf(context: ManagementContext, call: Call) {
  const vhost = vhostOf(context, call);
  const source = vhost.topology.exchanges.get(exchangeName(call.params.source));
  const name = call.params.destination as string;
  const { exchanges, queues } = vhost.topology;
  const destination =
    call.params.kind === 'q' ? queues.get(name) : exchanges.get(exchangeName(name));
  return { vhost, source, destination };
}

function* bindingsBetween(context: ManagementContext, call: Call): Generator<BindingView> {
  const { vhost, source, destination } = endsOf(context, call);
  if (source === undefined || destination === undefined) throw notFound();
  for (const view of bindingsTo(vhost, destination)) if (view.source === source.name) yield view;
}

function bindingNamed(context: ManagementContext, call: Call): BindingView {
  for (const view of bindingsBetween(context, call)) {
    if (propertiesKey(view) === call.params.properties) return view;
  }
  throw notFound();
}

function declarationOf(call: Call, routingKey: string, args: Fields): BindingDeclaration {
  return {
    source: exchangeName(call.params.source),
    destinationKind: call.params.kind === 'q' ? 'queue' : 'exchange',
    destination: call.params.destination as string,
    routingKey,
    arguments: args,
  };
}

async function bind(context: ManagementContext, call: Call): Promise<Answer> {
  const body = objectOf(call);
  const args = fieldsOr(body, 'arguments');
  const declaration = declarationOf(call, textOr(body, 'routing_key', ''), args);
  await asViewer(context, call, (session) => session.topology.bind(declaration));
  const { vhost, destination } = endsOf(context, call);
  if (destination === undefined) throw notFound();
  const { source, routingKey } = declaration;
  const made = { vhost: vhost.name, source, destination, routingKey, arguments: args };
  const name = encodeURIComponent(destination.name);
  const location = `${name}/${encodeURIComponent(propertiesKey(made))}`;
  return new Answer(201, undefined, { location });
}

async function unbind(context: ManagementContext, call: Call): Promise<Answer> {
  const { routingKey, arguments: args } = bindingNamed(context, call);
  const declaration = declarationOf(call, routingKey, args);
  await asViewer(context, call, (session) => session.topology.unbind(declaration));
  return NO_CONTENT;
}

/** Is there a binding that a definition describes already? */
export function hasBinding(exchange: Exchange, binding: Binding): boolean {
  for (const other of exchange.bindings) if (sameBinding(other, binding)) return true;
  return false;
}

/** Lists, single bindings, and those of a queue or an exchange. */
export function bindingResources(context: ManagementContext): Resource[] {
  const all = (call: Call): Listing<BindingView> =>
    listingOf(vhostsOf(context, call).flatMap((vhost) => [...bindingsOf(vhost)]));
  const ofExchange = (call: Call): Exchange => {
    const { exchanges } = vhostOf(context, call).topology;
    const exchange = exchanges.get(exchangeName(call.params.name));
    if (exchange === undefined) throw notFound();
    return exchange;
  };
  const between = '/api/bindings/:vhost/e/:source/:kind(^[qe]$)/:destination';
  return [
    { path: '/api/bindings', access: 'management', get: all },
    { path: '/api/bindings/:vhost', access: 'visible', get: all },
    {
      path: between,
      access: 'visible',
      changeAccess: 'vhost',
      get: (call) => listingOf(bindingsBetween(context, call)),
      post: (call) => bind(context, call),
    },
    {
      path: `${between}/:properties`,
      access: 'visible',
      changeAccess: 'vhost',
      get: (call) => describeOne(bindingNamed(context, call), COLUMNS, call),
      delete: (call) => unbind(context, call),
    },
    {
      path: '/api/queues/:vhost/:name/bindings',
      access: 'visible',
      get: (call) => {
        const vhost = vhostOf(context, call);
        const queue = vhost.topology.queues.get(call.params.name as string);
        return queue && listingOf(bindingsTo(vhost, queue));
      },
    },
    {
      path: '/api/exchanges/:vhost/:name/bindings/source',
      access: 'visible',
      get: (call) => listingOf(bindingsFrom(vhostOf(context, call), ofExchange(call))),
    },
    {
      path: '/api/exchanges/:vhost/:name/bindings/destination',
      access: 'visible',
      get: (call) => listingOf(bindingsTo(vhostOf(context, call), ofExchange(call))),
    },
  ];
}
