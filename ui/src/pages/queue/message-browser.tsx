/**
 * MessageBrowser: the messages of one queue, looked at without disturbing them. Only where the
 * broker can do that: elsewhere it says so.
 */
import { Empty } from '../../parts/empty.tsx';

interface MessageBrowserProps {
  readonly vhost: string;
  readonly name: string;
}

export function MessageBrowser({ name }: MessageBrowserProps) {
  return (
    <Empty icon="messages" title="This broker shows no messages in place">
      Reading {name} here would take its messages out of their order.
    </Empty>
  );
}
