/**
 * Runtime parameters in the management API: of vhosts by component, of the whole broker, and the
 * name of the cluster, which is one of the latter.
 */
import type { JsonValue } from '../../../src/broker/json.ts';
import { type Answer, badRequest, NO_CONTENT, notFound, put } from '../answer.ts';
import { requireKeys, textOr } from '../input.ts';
import { type Listing, plainListing } from '../listing.ts';
import { type Call, objectOf, type Resource } from '../routing.ts';
import { clusterNameOf, type ManagementContext, vhostsOf } from './context.ts';
import { policyToJson } from './policy.ts';

function parametersOf(context: ManagementContext, call: Call) {
  return context.broker.administration(call.viewer.user.name).parameters;
}

const OPERATOR_POLICY = 'operator_policy';

function list(context: ManagementContext, call: Call): Listing {
  const { component, vhost } = call.params;
  const filter = { ...(component && { component }), ...(vhost && { vhost }) };
  const records = parametersOf(context, call)
    .list(filter)
    .filter((record) => call.viewer.mayEnter(record.vhost));
  return plainListing([...operatorPolicies(context, call), ...records.map(shown)]);
}

/** RabbitMQ keeps operator policies among its parameters, and lists them there. */
function operatorPolicies(context: ManagementContext, call: Call): ReturnType<typeof shown>[] {
  const { component = OPERATOR_POLICY } = call.params;
  if (component !== OPERATOR_POLICY) return [];
  return vhostsOf(context, call).flatMap(({ name: vhost, policies }) =>
    policies.list('operatorPolicy').map((record) => {
      const value = policyToJson(record) as JsonValue;
      return shown({ vhost, component, name: record.name, value });
    }),
  );
}

function shown(record: { vhost: string; component: string; name: string; value: JsonValue }) {
  const { value, vhost, component, name } = record;
  return { value, vhost, component, name };
}

function find(context: ManagementContext, call: Call) {
  const { vhost, component, name } = call.params as Record<'vhost' | 'component' | 'name', string>;
  const record = parametersOf(context, call).get(vhost, component, name);
  if (record === null) throw notFound();
  return record;
}

function valueIn(call: Call): JsonValue {
  const body = objectOf(call);
  requireKeys(body, ['value']);
  return body.value as JsonValue;
}

async function change(context: ManagementContext, call: Call): Promise<Answer> {
  const { vhost, component, name } = call.params as Record<'vhost' | 'component' | 'name', string>;
  const isNew = await parametersOf(context, call).put(vhost, component, name, valueIn(call));
  return put(!isNew);
}

async function remove(context: ManagementContext, call: Call): Promise<Answer> {
  const { vhost, component, name } = find(context, call);
  await parametersOf(context, call).delete(vhost, component, name);
  return NO_CONTENT;
}

function globalOf(context: ManagementContext, call: Call): { name: string; value: JsonValue } {
  const name = call.params.name as string;
  const value = parametersOf(context, call).getGlobal(name);
  if (value === undefined) throw notFound();
  return { name, value };
}

async function rename(context: ManagementContext, call: Call): Promise<Answer> {
  const body = objectOf(call);
  requireKeys(body, ['name']);
  const name = textOr(body, 'name', '');
  if (name === '') throw badRequest('name must not be empty');
  await parametersOf(context, call).putGlobal('cluster_name', name);
  return NO_CONTENT;
}

/** Both kinds, and the name of the cluster. */
export function parameterResources(context: ManagementContext): Resource[] {
  const access = 'policymaker';
  return [
    { path: '/api/parameters', access, get: (call) => list(context, call) },
    { path: '/api/parameters/:component', access, get: (call) => list(context, call) },
    { path: '/api/parameters/:component/:vhost', access, get: (call) => list(context, call) },
    {
      path: '/api/parameters/:component/:vhost/:name',
      access,
      get: (call) => shown(find(context, call)),
      put: (call) => change(context, call),
      delete: (call) => remove(context, call),
    },
    {
      path: '/api/global-parameters',
      access,
      get: (call) => plainListing(parametersOf(context, call).listGlobal()),
    },
    {
      path: '/api/global-parameters/:name',
      access,
      changeAccess: 'administrator',
      get: (call) => globalOf(context, call),
      put: async (call) => {
        const { name } = call.params;
        const isNew = await parametersOf(context, call).putGlobal(name as string, valueIn(call));
        return put(!isNew);
      },
      delete: async (call) => {
        const { name } = globalOf(context, call);
        await parametersOf(context, call).deleteGlobal(name);
        return NO_CONTENT;
      },
    },
    {
      path: '/api/cluster-name',
      access: 'management',
      changeAccess: 'administrator',
      get: () => ({ name: clusterNameOf(context) }),
      put: (call) => rename(context, call),
    },
  ];
}
