/**
 * look: finds what needs attention with nothing but RabbitMQ's API: alarms, blocked publishers, and
 * queues that nobody empties. It sees the hundred longest queues, which is where trouble is.
 */
import type { NodeInfo } from '../api/overview.ts';
import { asPage, type PageOf } from '../api/page-of.ts';
import type { Queue } from '../api/queue.ts';
import { read } from '../api/request.ts';
import { rateOf, type Statistics } from '../api/statistics.ts';
import { bytes } from '../format/bytes.ts';
import { plural, rate } from '../format/number.ts';
import { isMonitor } from '../session/identity.ts';
import { to } from '../shell/location.tsx';
import type { Finding } from './attention.ts';

const QUEUES =
  'queues?page=1&page_size=100&sort=messages&sort_reverse=true' +
  '&columns=name,vhost,messages,messages_ready,consumers,messages_details.rate,arguments';
const CONNECTIONS =
  'connections?page=1&page_size=100&sort=state&columns=name,state,user_provided_name';

/** A queue that grows faster than this each second, and holds that many, is worth a word. */
const GROWTH = 5;
const BACKLOG = 1000;

interface ConnectionState {
  readonly name: string;
  readonly state?: string;
  readonly user_provided_name?: string;
}

/** Everything found, the worst first. */
export async function look(): Promise<Finding[]> {
  const [nodes, queues, connections, stats] = await Promise.all([
    isMonitor.peek() ? orNothing(read<readonly NodeInfo[]>('nodes')) : [],
    orNothing(read<PageOf<Queue> | readonly Queue[]>(QUEUES)),
    orNothing(read<PageOf<ConnectionState> | readonly ConnectionState[]>(CONNECTIONS)),
    orNothing(read<{ message_stats?: Statistics }>('overview?columns=message_stats')),
  ]);
  return [
    ...(nodes ?? []).flatMap(ofNode),
    ...(connections === null ? [] : asPage(connections).items.flatMap(ofConnection)),
    ...(queues === null ? [] : asPage(queues).items.flatMap(ofQueue)),
    ...ofRouting(stats?.message_stats),
  ].sort((a, b) => RANK[a.severity] - RANK[b.severity]);
}

const RANK = { critical: 0, warning: 1, info: 2 } as const;

function orNothing<T>(answer: Promise<T>): Promise<T | null> {
  return answer.catch(() => null);
}

function ofNode(node: NodeInfo): Finding[] {
  const link = to`/nodes/${node.name}`;
  const found: Finding[] = [];
  const critical = (id: string, title: string, cause: string, fix: string) =>
    found.push({ id: `${id} ${node.name}`, severity: 'critical', title, cause, fix, link });
  if (node.running === false) {
    critical('down', `${node.name} does not run`, 'The node left the cluster.', 'Start it again.');
  }
  if (node.mem_alarm) {
    critical(
      'memory',
      `Publishers are blocked: ${node.name} is short of memory`,
      `It uses ${bytes(node.mem_used)}, the limit is ${bytes(node.mem_limit)}.`,
      'Let consumers catch up, limit the longest queues, or raise vm_memory_high_watermark.',
    );
  }
  if (node.disk_free_alarm) {
    critical(
      'disk',
      `Publishers are blocked: the disk of ${node.name} is nearly full`,
      `${bytes(node.disk_free)} are free, the limit is ${bytes(node.disk_free_limit)}.`,
      'Free some space, let consumers catch up, or lower disk_free_limit.',
    );
  }
  if ((node.partitions?.length ?? 0) > 0) {
    critical(
      'partition',
      `${node.name} lost sight of other nodes`,
      `It does not see ${node.partitions?.join(', ')}.`,
      'Repair the network, then restart the side that shall lose its changes.',
    );
  }
  return found;
}

function ofConnection({ name, state, user_provided_name: given }: ConnectionState): Finding[] {
  if (state !== 'blocked' && state !== 'blocking') return [];
  return [
    {
      id: `blocked ${name}`,
      severity: 'warning',
      title: `${given ?? name} is blocked`,
      cause: 'It publishes while memory or disk of the broker is short.',
      fix: 'It goes on by itself once the alarm is over.',
      link: to`/connections/${name}`,
    },
  ];
}

function ofQueue(queue: Queue): Finding[] {
  const { name, vhost, messages = 0, consumers = 0, messages_details: details } = queue;
  const link = to`/queues/${vhost}/${name}`;
  const growth = details?.rate ?? 0;
  if (messages > 0 && consumers === 0) {
    return [
      {
        id: `unconsumed ${vhost} ${name}`,
        severity: growth > 0 ? 'warning' : 'info',
        title: `Nobody consumes ${name}`,
        cause: `${plural(messages, 'message')} wait${growth > 0 ? ', and more arrive' : ''}.`,
        fix: 'Start a consumer, unbind the queue, or limit it with a policy (max-length, TTL).',
        link,
      },
    ];
  }
  if (messages < BACKLOG || growth < GROWTH) return [];
  return [
    {
      id: `growing ${vhost} ${name}`,
      severity: 'warning',
      title: `${name} grows`,
      cause: `${rate(growth)}/s more arrive than its ${plural(consumers, 'consumer')} take.`,
      fix: 'Add consumers, raise their prefetch, or look for slow ones on the Consumers tab.',
      link,
    },
  ];
}

function ofRouting(stats: Statistics | undefined): Finding[] {
  const lost = rateOf(stats, 'drop_unroutable') ?? 0;
  if (lost === 0) return [];
  return [
    {
      id: 'unroutable',
      severity: 'warning',
      title: `${rate(lost)} messages/s go nowhere`,
      cause: 'They are published to exchanges without a matching binding, and are dropped.',
      fix: 'Add the binding, or an alternate exchange that keeps what matches nothing.',
      link: '#/exchanges',
    },
  ];
}
