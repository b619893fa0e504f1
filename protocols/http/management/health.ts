/**
 * Health checks of the management API: what probes and operators ask: 200 with `{"status":"ok"}`,
 * or 503 and the reason. Each answers for what it names, from the live state.
 */
import { Message } from '../../../src/broker/message.ts';
import { NO_PROPERTIES } from '../../../src/broker/properties.ts';
import { Answer, badRequest } from '../answer.ts';
import type { Call, Handler, Resource } from '../routing.ts';
import { asViewer, type ManagementContext } from './context.ts';

const OK = { status: 'ok' };

function failed(details: Readonly<Record<string, unknown>>): Answer {
  return new Answer(503, { status: 'failed', ...details });
}

/** Names that tools use for protocols, and RabbitMQ's own. */
const PROTOCOL_ALIASES: Readonly<Record<string, string>> = {
  amqp091: 'amqp',
  'amqp0.9.1': 'amqp',
  'amqp-0-9-1': 'amqp',
  amqp10: 'amqp',
  'amqp1.0': 'amqp',
  'amqp-1.0': 'amqp',
  amqps: 'amqp/ssl',
  mqtts: 'mqtt/ssl',
  mqtt310: 'mqtt',
  mqtt311: 'mqtt',
  mqtt50: 'mqtt',
  stomps: 'stomp/ssl',
  stomp10: 'stomp',
  stomp11: 'stomp',
  stomp12: 'stomp',
  prometheus: 'http/prometheus',
  'web-mqtt': 'http/web-mqtt',
  'web-stomp': 'http/web-stomp',
};

/** Not for clients of the broker. */
const OWN_PROTOCOLS = new Set(['http', 'https', 'http/prometheus', 'https/prometheus']);

const UNITS_DAYS: Readonly<Record<string, number>> = { days: 1, weeks: 7, months: 31, years: 365 };

function portListener(context: ManagementContext, call: Call): unknown {
  const port = Number(call.params.port);
  if (!Number.isInteger(port)) throw badRequest('port is not a number');
  const ports = context.listeners().map((listener) => listener.port);
  if (ports.includes(port)) return { ...OK, port };
  return failed({ reason: 'No active listener', missing: port, ports });
}

function protocolListener(context: ManagementContext, call: Call): unknown {
  const asked = (call.params.protocols as string).split(',').map((name) => {
    const lower = name.trim().toLowerCase();
    return PROTOCOL_ALIASES[lower] ?? lower;
  });
  const protocols = [...new Set(context.listeners().map(({ protocol }) => protocol))];
  const missing = asked.filter((name) => !protocols.includes(name));
  if (missing.length === 0) return { ...OK, protocol: asked[0] };
  return failed({ reason: 'No active listener', missing, protocols });
}

function alarms(context: ManagementContext): unknown {
  const { memory, disk } = context.resources();
  const active: Record<string, string>[] = [];
  if (memory.alarm) active.push({ node: context.node, resource: 'memory' });
  if (disk.alarm) active.push({ node: context.node, resource: 'disk' });
  if (active.length === 0) return OK;
  return failed({ reason: 'There are alarms in effect in the cluster', alarms: active });
}

/** Can clients connect: no for as long as an operator has suspended the listeners. */
function isInService(context: ManagementContext): unknown {
  const serves = context.listeners().some(({ protocol }) => !OWN_PROTOCOLS.has(protocol));
  return serves ? OK : failed({ reason: 'no listener takes clients' });
}

function belowConnectionLimit({ broker }: ManagementContext): unknown {
  const { connections: current, limits } = broker.quota;
  const limit = Number.isFinite(limits.connections) ? limits.connections : 'infinity';
  if (current < limits.connections) return { ...OK, current, limit };
  return failed({ reason: 'node connection limit is reached', current, limit });
}

/** All that a client needs, so that a balancer may send it here. */
function readyToServe(context: ManagementContext): unknown {
  const checks = [isInService, belowConnectionLimit, alarms];
  return checks.map((check) => check(context)).find((one) => one instanceof Answer) ?? OK;
}

/** There are no certificates without TLS listeners; with them the soonest end counts. */
function certificateExpiration(context: ManagementContext, call: Call): unknown {
  const within = Number(call.params.within);
  const days = UNITS_DAYS[call.params.unit as string];
  if (!Number.isInteger(within) || within < 0 || days === undefined) {
    throw badRequest(`Time unit not recognised: ${call.params.unit}`);
  }
  const untilMs = context.broker.clock.now() + within * days * 86_400_000;
  const expired = context
    .certificates()
    .filter(({ expiresAtMs }) => expiresAtMs <= untilMs)
    .map(({ protocol, port, expiresAtMs }) => ({
      node: context.node,
      protocol,
      port,
      cert_expires_on: new Date(expiresAtMs).toISOString(),
    }));
  return expired.length === 0 ? OK : failed({ reason: 'Certificates expiring', expired });
}

/** Declares a queue, publishes to it and gets the message back, as the user who asks. */
async function aliveness(context: ManagementContext, call: Call): Promise<unknown> {
  const name = 'aliveness-test';
  return asViewer(context, call, async (session) => {
    const flags = { durable: false, exclusive: false, autoDelete: false };
    await session.topology.declareQueue({ name, ...flags, arguments: new Map() });
    session.publish(new Message('', name, NO_PROPERTIES, Buffer.from('test_message')), null);
    const fetched = await session.fetch(name, true);
    return fetched === null ? failed({ reason: 'no message came back' }) : OK;
  });
}

/** All of them. */
export function healthResources(context: ManagementContext): Resource[] {
  const check = (path: string, get: Handler): Resource => {
    return { path: `/api/health/checks/${path}`, access: 'management', get };
  };
  const single = { ...OK, reason: 'single node cluster' };
  return [
    check('alarms', () => alarms(context)),
    check('local-alarms', () => alarms(context)),
    check('port-listener/:port', (call) => portListener(context, call)),
    check('protocol-listener/:protocols', (call) => protocolListener(context, call)),
    check('certificate-expiration/:within/:unit', (call) => certificateExpiration(context, call)),
    check('virtual-hosts', () => OK),
    check('node-is-quorum-critical', () => single),
    check('node-is-mirror-sync-critical', () => single),
    check('quorum-queues-without-elected-leaders/all-vhosts', () => OK),
    check('quorum-queues-without-elected-leaders/all-vhosts/pattern/:pattern', () => OK),
    check('quorum-queues-without-elected-leaders/vhost/:vhost', () => OK),
    check('quorum-queues-without-elected-leaders/vhost/:vhost/pattern/:pattern', () => OK),
    check('metadata-store/initialized', () => OK),
    check('metadata-store/initialized/with-data', () => OK),
    check('is-in-service', () => isInService(context)),
    check('ready-to-serve-clients', () => readyToServe(context)),
    check('below-node-connection-limit', () => belowConnectionLimit(context)),
    check('reached-target-cluster-size', () => OK),
    { path: '/api/healthchecks/node', access: 'management', get: () => oldCheck(context) },
    { path: '/api/healthchecks/node/:node', access: 'management', get: () => oldCheck(context) },
    {
      path: '/api/aliveness-test/:vhost',
      access: 'vhost',
      get: (call) => aliveness(context, call),
    },
  ];
}

function oldCheck(context: ManagementContext): unknown {
  const result = alarms(context);
  return result instanceof Answer ? failed({ reason: 'resource alarm(s) in effect' }) : OK;
}
