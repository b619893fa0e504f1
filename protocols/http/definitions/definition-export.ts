/**
 * Definition export: what a broker is, as the JSON document that RabbitMQ writes and reads:
 * users, vhosts, permissions, parameters, policies, and the topology of one vhost or all. What
 * lives with a connection only is not in it, nor is what every vhost has anyway.
 */
import type { Broker } from '../../../src/broker/broker.ts';
import type { Exchange } from '../../../src/broker/exchange/exchange.ts';
import type { Destination } from '../../../src/broker/exchange/matched.ts';
import type { VHost } from '../../../src/broker/vhost.ts';
import { RABBITMQ_VERSION, VERSION } from '../../../src/version.ts';
import { fieldsToJson } from '../field-json.ts';
import { policyToJson } from '../management/policy.ts';

type Json = Record<string, unknown>;

/** What of a broker's identity is written down with its definitions. */
export interface ExportIdentity {
  readonly clusterName: string;
}

const VERSIONS = {
  rabbit_version: RABBITMQ_VERSION,
  rabbitmq_version: RABBITMQ_VERSION,
  product_name: 'Warren',
  product_version: VERSION,
};

/** Everything. */
export function exportAll(broker: Broker, { clusterName }: ExportIdentity): Json {
  const administration = broker.administration();
  const vhosts = [...broker.vhosts.values()];
  return {
    ...VERSIONS,
    rabbitmq_definition_format: 'cluster',
    original_cluster_name: clusterName,
    users: administration.users.list().map((user) => ({
      name: user.name,
      password_hash: user.passwordHash,
      hashing_algorithm: user.hashingAlgorithm,
      tags: user.tags,
      limits: user.limits,
    })),
    vhosts: vhosts.map(vhostToJson),
    permissions: administration.permissions
      .list()
      .map(({ user, vhost, configure, write, read }) => ({ user, vhost, configure, write, read })),
    topic_permissions: administration.topicPermissions
      .list()
      .map(({ user, vhost, exchange, write, read }) => ({ user, vhost, exchange, write, read })),
    parameters: [
      ...administration.parameters.list().map(({ value, vhost, component, name }) => {
        return { value, vhost, component, name };
      }),
      ...vhosts.flatMap((vhost) => operatorPolicies(vhost).map(inVhost(vhost))),
    ],
    global_parameters: globalParameters(broker, clusterName),
    policies: vhosts.flatMap((vhost) => policies(vhost).map(inVhost(vhost))),
    queues: vhosts.flatMap((vhost) => queues(vhost).map(inVhost(vhost))),
    exchanges: vhosts.flatMap((vhost) => exchanges(vhost).map(inVhost(vhost))),
    bindings: vhosts.flatMap((vhost) => bindings(vhost).map(inVhost(vhost))),
  };
}

/** One vhost, without its name in every line, so that it can be imported into another. */
export function exportVhost(broker: Broker, vhost: VHost): Json {
  const { description, tags, defaultQueueType } = vhost.metadata;
  const parameters = broker.administration().parameters.list({ vhost: vhost.name });
  return {
    ...VERSIONS,
    rabbitmq_definition_format: 'single_virtual_host',
    original_vhost_name: vhost.name,
    description,
    default_queue_type: defaultQueueType ?? 'classic',
    metadata: { description, tags, default_queue_type: defaultQueueType ?? 'classic' },
    parameters: [
      ...parameters.map(({ value, component, name }) => ({ value, component, name })),
      ...operatorPolicies(vhost),
    ],
    policies: policies(vhost),
    queues: queues(vhost),
    exchanges: exchanges(vhost),
    bindings: bindings(vhost),
  };
}

function inVhost(vhost: VHost): (item: Json) => Json {
  return ({ name, source, ...rest }) => {
    if (name !== undefined) return { name, vhost: vhost.name, ...rest };
    return { source, vhost: vhost.name, ...rest };
  };
}

function vhostToJson({ name, metadata }: VHost): Json {
  const { description, tags, defaultQueueType, tracing, protectedFromDeletion } = metadata;
  const type = defaultQueueType ?? 'classic';
  return {
    name,
    description,
    tags,
    default_queue_type: type,
    metadata: { description, tags, default_queue_type: type },
    ...(tracing && { tracing }),
    ...(protectedFromDeletion && { protected_from_deletion: true }),
  };
}

function globalParameters(broker: Broker, clusterName: string): Json[] {
  const listed = broker.administration().parameters.listGlobal();
  const named = listed.some(({ name }) => name === 'cluster_name');
  const own = named ? [] : [{ name: 'cluster_name', value: clusterName }];
  return [...own, ...listed];
}

function policies({ policies: all }: VHost): Json[] {
  return all.list('policy').map((record) => ({ name: record.name, ...policyToJson(record) }));
}

/** RabbitMQ keeps them as parameters, and so do its definitions. */
function operatorPolicies({ policies: all }: VHost): Json[] {
  return all.list('operatorPolicy').map((record) => {
    return { name: record.name, component: 'operator_policy', value: policyToJson(record) };
  });
}

function queues(vhost: VHost): Json[] {
  return [...vhost.topology.queues.values()]
    .filter(({ owner }) => owner === null)
    .map((queue) => ({
      name: queue.name,
      durable: queue.durable,
      auto_delete: queue.autoDelete,
      arguments: fieldsToJson(queue.arguments),
    }));
}

/** The default exchange and `amq.*` are everywhere. */
function isExported(exchange: Exchange): boolean {
  return exchange.name !== '' && !exchange.name.startsWith('amq.');
}

function exchanges(vhost: VHost): Json[] {
  return [...vhost.topology.exchanges.values()].filter(isExported).map((exchange) => ({
    name: exchange.name,
    type: exchange.type,
    durable: exchange.durable,
    auto_delete: exchange.autoDelete,
    internal: exchange.internal,
    arguments: fieldsToJson(exchange.arguments),
  }));
}

function bindings(vhost: VHost): Json[] {
  const found: Json[] = [];
  const lives = (destination: Destination): boolean =>
    destination.kind === 'exchange' || destination.owner === null;
  for (const exchange of vhost.topology.exchanges.values()) {
    for (const { destination, routingKey, arguments: args } of exchange.bindings) {
      if (!lives(destination)) continue;
      found.push({
        source: exchange.name,
        destination: destination.name,
        destination_type: destination.kind,
        routing_key: routingKey,
        arguments: fieldsToJson(args),
      });
    }
  }
  return found;
}
