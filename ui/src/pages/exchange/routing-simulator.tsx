/**
 * RoutingSimulator: where a message would go from one exchange, and why; nothing is published.
 * Only where the broker can tell.
 */
import { Empty } from '../../parts/empty.tsx';

interface RoutingSimulatorProps {
  readonly vhost: string;
  readonly exchange: string;
}

export function RoutingSimulator({ exchange }: RoutingSimulatorProps) {
  return (
    <Empty icon="topology" title="This broker does not explain its routes">
      The bindings of {exchange === '' ? 'the default exchange' : exchange} are on the first tab.
    </Empty>
  );
}
