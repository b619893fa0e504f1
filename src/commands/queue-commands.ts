/**
 * Commands of rabbitmq-queues: the members of quorum queues, of which there is one a queue on a
 * single node, and what follows from that.
 */
import {
  argument,
  type Command,
  CommandError,
  EXIT,
  type Invocation,
  segment,
  table,
  text,
} from './command.ts';

interface Queue {
  readonly name: string;
  readonly type: string;
  readonly leader?: string;
  readonly members?: readonly string[];
  readonly online?: readonly string[];
}

/** @throws CommandError if there is no such queue, or it has no members */
async function quorumQueue({ api, vhost }: Invocation, name: string): Promise<Queue> {
  const queue = await api.get<Queue>(`/api/queues/${segment(vhost)}/${segment(name)}`);
  if (queue.type === 'quorum') return queue;
  throw new CommandError(EXIT.data, `Error:\nCannot operate on classic queues: '${name}'`);
}

/** There is nobody to move to or from. */
function singleNode(): never {
  throw new CommandError(EXIT.data, 'Error:\nthe cluster has one node');
}

/** Those of rabbitmq-queues. */
export const QUEUE_COMMANDS: readonly Command[] = [
  {
    usage: 'quorum_status <queue>',
    help: 'Shows the members of a quorum queue.',
    banner: ({ args, node }) => `Status of quorum queue ${args[0]} on node ${node} ...`,
    run: async (invocation) => {
      const queue = await quorumQueue(invocation, argument(invocation, 0));
      const rows = (queue.members ?? []).map((node) => ({
        'Node Name': node,
        'Raft State': node === queue.leader ? 'leader' : 'follower',
        Membership: 'voter',
      }));
      return table(['Node Name', 'Raft State', 'Membership'], rows);
    },
  },
  {
    usage: 'check_if_node_is_quorum_critical',
    help: 'Checks that no queue would lose its quorum with this node.',
    run: async ({ api, node }) => {
      await api.get('/api/health/checks/node-is-quorum-critical');
      return text(`Node ${node} seems to be the only one in a single node cluster`);
    },
  },
  {
    usage: 'check_if_new_quorum_queue_replicas_have_finished_initial_sync',
    help: 'Checks that no member is behind; on one node none is.',
    run: async ({ api, node }) => {
      await api.call('GET', '/control/ping');
      return text(`Node ${node} reported no replicas that are behind`);
    },
  },
  {
    usage: 'rebalance <type>',
    help: 'Spreads the leaders of queues over the nodes; there is one.',
    valued: ['vhost-pattern', 'queue-pattern'],
    run: async ({ api }) => {
      await api.change('POST', '/api/rebalance/queues', {});
      return text('Every queue is on the one node there is');
    },
  },
  {
    usage: 'add_member <queue> <node>',
    help: 'Adds a member to a quorum queue.',
    run: async (invocation) => {
      await quorumQueue(invocation, argument(invocation, 0));
      return singleNode();
    },
  },
  {
    usage: 'delete_member <queue> <node>',
    help: 'Removes a member of a quorum queue.',
    run: async (invocation) => {
      await quorumQueue(invocation, argument(invocation, 0));
      return singleNode();
    },
  },
  {
    usage: 'grow <node> <strategy>',
    help: 'Adds members on a node.',
    run: async () => singleNode(),
  },
  { usage: 'shrink <node>', help: 'Removes members on a node.', run: async () => singleNode() },
];
