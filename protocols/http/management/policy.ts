/**
 * Policies and operator policies in the management API. What a policy may say, and what it comes
 * to, is decided by the engine (src/broker/policy-keys.ts); here are the paths and the JSON.
 */
import type { Exchange } from '../../../src/broker/exchange/exchange.ts';
import type { PolicyKind, PolicyRecord } from '../../../src/broker/policy.ts';
import type { Queue } from '../../../src/broker/queue/queue.ts';
import type { VHost } from '../../../src/broker/vhost.ts';
import { type Answer, NO_CONTENT, notFound, put } from '../answer.ts';
import { fieldFromJson, fieldsToJson, fieldToJson } from '../field-json.ts';
import { type JsonObject, requireKeys } from '../input.ts';
import { type Columns, Listing } from '../listing.ts';
import { type Call, describeOne, objectOf, type Resource } from '../routing.ts';
import type { Access } from '../viewer.ts';
import { exchangeName, type ManagementContext, vhostOf, vhostsOf } from './context.ts';

const COLUMNS: Columns<PolicyRecord> = {
  vhost: ({ vhost }) => vhost,
  name: ({ name }) => name,
  pattern: ({ pattern }) => pattern,
  'apply-to': ({ applyTo }) => applyTo,
  definition: ({ definition }) => fieldsToJson(definition),
  priority: ({ priority }) => priority,
};

/** A policy as definitions have it, without its name and vhost. */
export function policyToJson(record: PolicyRecord): Record<string, unknown> {
  const { pattern, applyTo, definition, priority } = record;
  return { pattern, 'apply-to': applyTo, definition: fieldsToJson(definition), priority };
}

/** Sets a policy as a request or a definition describes it. @throws BrokerError, ApiError */
export async function putPolicy(
  vhost: VHost,
  kind: PolicyKind,
  name: string,
  body: JsonObject,
): Promise<void> {
  requireKeys(body, ['pattern', 'definition']);
  const { 'apply-to': applyTo, priority } = body;
  await vhost.policies.put(kind, name, {
    pattern: fieldFromJson(body.pattern),
    definition: fieldFromJson(body.definition),
    ...(applyTo !== undefined && { applyTo: fieldFromJson(applyTo) }),
    ...(priority !== undefined && { priority: fieldFromJson(priority) }),
  });
}

function resourcesOf(
  context: ManagementContext,
  path: string,
  kind: PolicyKind,
  changeAccess: Access,
): Resource[] {
  const list = (call: Call): Listing<PolicyRecord> => {
    const records = vhostsOf(context, call).flatMap(({ policies }) => policies.list(kind));
    return new Listing(records, COLUMNS, ({ name }) => name);
  };
  const find = (call: Call): PolicyRecord => {
    const record = vhostOf(context, call).policies.get(kind, call.params.name as string);
    if (record === null) throw notFound();
    return record;
  };
  const change = async (call: Call): Promise<Answer> => {
    const vhost = vhostOf(context, call);
    const name = call.params.name as string;
    const existed = vhost.policies.get(kind, name) !== null;
    await putPolicy(vhost, kind, name, objectOf(call));
    return put(existed);
  };
  const remove = async (call: Call): Promise<Answer> => {
    const { name } = find(call);
    await vhostOf(context, call).policies.delete(kind, name);
    return NO_CONTENT;
  };
  return [
    { path, access: 'management', get: list },
    { path: `${path}/:vhost`, access: 'visible', get: list },
    {
      path: `${path}/:vhost/:name`,
      access: 'visible',
      changeAccess,
      get: (call) => describeOne(find(call), COLUMNS, call),
      put: change,
      delete: remove,
    },
  ];
}

/** What counts for a queue or an exchange, key by key, with who said so. */
function explained(vhost: VHost, what: Queue | Exchange | undefined): unknown {
  if (what === undefined) throw notFound();
  return vhost.policies.explain(what).map(({ key, value, source, policy }) => {
    return { key, value: fieldToJson(value), source, policy };
  });
}

function explanations(context: ManagementContext): Resource[] {
  const of = (kind: 'queues' | 'exchanges', named: (call: Call) => string): Resource => ({
    path: `/api/x/${kind}/:vhost/:name/policy-explanation`,
    access: 'visible',
    get: (call) => {
      const vhost = vhostOf(context, call);
      return explained(vhost, vhost.topology[kind].get(named(call)));
    },
  });
  return [
    of('queues', ({ params }) => params.name as string),
    of('exchanges', ({ params }) => exchangeName(params.name)),
  ];
}

/** Policies for policymakers, operator policies for administrators, and what both come to. */
export function policyResources(context: ManagementContext): Resource[] {
  return [
    ...explanations(context),
    ...resourcesOf(context, '/api/policies', 'policy', 'policymaker'),
    ...resourcesOf(context, '/api/operator-policies', 'operatorPolicy', 'administrator'),
  ];
}
