/**
 * Feature flags and deprecated features in the management API. Warren has none that could be
 * off: the flags of RabbitMQ's that clients and tools look for are the ones whose work it does.
 */
import { NO_CONTENT, notFound } from '../answer.ts';
import { Listing } from '../listing.ts';
import type { Call, Resource } from '../routing.ts';

interface Flag {
  readonly name: string;
  readonly desc: string;
}

const FLAGS: readonly Flag[] = [
  { name: 'classic_queue_mirroring', desc: 'Classic queues are not mirrored' },
  { name: 'detailed_queues_endpoint', desc: 'There is /api/queues/detailed' },
  { name: 'direct_exchange_routing_v2', desc: 'Direct exchanges route by an index' },
  { name: 'drop_unroutable_metric', desc: 'Unroutable messages are counted' },
  { name: 'empty_basic_get_metric', desc: 'Empty fetches are counted' },
  { name: 'feature_flags_v2', desc: 'Feature flags of RabbitMQ 3.11 and newer' },
  { name: 'quorum_queue', desc: 'There are quorum queues' },
  { name: 'user_limits', desc: 'Connections and channels of users can be limited' },
  { name: 'virtual_host_metadata', desc: 'Vhosts have a description and tags' },
];

/** What both lists say of each. */
export function featureResources(): Resource[] {
  const columns = {
    name: ({ name }: Flag) => name,
    desc: ({ desc }: Flag) => desc,
    doc_url: () => '',
    state: () => 'enabled',
    stability: () => 'required',
    provided_by: () => 'rabbit',
  };
  return [
    {
      path: '/api/feature-flags',
      access: 'administrator',
      get: () => new Listing(FLAGS, columns, ({ name }) => name),
    },
    {
      path: '/api/feature-flags/:name/enable',
      access: 'administrator',
      put: (call: Call) => {
        const { name } = call.params;
        if (name !== 'all' && !FLAGS.some((flag) => flag.name === name)) throw notFound();
        return NO_CONTENT;
      },
    },
    { path: '/api/deprecated-features', access: 'monitoring', get: () => [] },
    { path: '/api/deprecated-features/used', access: 'monitoring', get: () => [] },
  ];
}
