/**
 * Commands about webhooks, which RabbitMQ does not have: queues whose messages the broker sends on
 * by HTTP.
 */
import {
  argument,
  type Command,
  type Invocation,
  NOTHING,
  type Row,
  segment,
  table,
  text,
} from './command.ts';

const COLUMNS = [
  ...['name', 'queue', 'url', 'owner', 'state', 'in_flight', 'waiting', 'delivered', 'failed'],
  'last_error',
];

function pathOf(invocation: Invocation): string {
  return `/api/webhooks/${segment(invocation.vhost)}/${segment(argument(invocation, 0))}`;
}

/** Those of `warren`. */
export const WEBHOOK_COMMANDS: readonly Command[] = [
  {
    usage: 'list_webhooks',
    help: 'Lists the webhooks of a vhost, and how they are.',
    banner: ({ vhost }) => `Listing webhooks for vhost "${vhost}" ...`,
    run: async ({ api, vhost }) =>
      table(COLUMNS, await api.get<Row[]>(`/api/webhooks/${segment(vhost)}`)),
  },
  {
    usage: 'add_webhook <name> <queue> <url> <owner>',
    help: 'Sends the messages of a queue to a URL, as somebody who may read from it.',
    valued: ['format', 'concurrency', 'timeout-ms', 'max-attempts'],
    banner: ({ args, vhost }) => `Adding webhook "${args[0]}" for vhost "${vhost}" ...`,
    run: async (invocation) => {
      const { api, options } = invocation;
      const number = (name: string) => {
        const value = options.get(name);
        return value === undefined ? {} : { [name.replaceAll('-', '_')]: Number(value) };
      };
      const format = options.get('format');
      const { secret } = (await api.change('PUT', pathOf(invocation), {
        queue: argument(invocation, 1),
        url: argument(invocation, 2),
        owner: argument(invocation, 3),
        ...(format !== undefined && { format }),
        ...number('concurrency'),
        ...number('timeout-ms'),
        ...number('max-attempts'),
      })) as { secret?: string };
      if (secret === undefined) return NOTHING;
      return text(`Requests are signed with ${secret}, which is not shown again.`, { secret });
    },
  },
  ...(['pause', 'resume'] as const).map((word) => ({
    usage: `${word}_webhook <name>`,
    help: word === 'pause' ? 'Sends nothing more for now.' : 'Sends messages again.',
    run: async (invocation: Invocation) => {
      await invocation.api.change('POST', `${pathOf(invocation)}/${word}`);
      return NOTHING;
    },
  })),
  {
    usage: 'delete_webhook <name>',
    help: 'Ends a webhook. Its messages stay in their queue.',
    banner: ({ args, vhost }) => `Deleting webhook "${args[0]}" of vhost "${vhost}" ...`,
    run: async (invocation) => {
      await invocation.api.change('DELETE', pathOf(invocation));
      return NOTHING;
    },
  },
];
