/**
 * Nodes: a card for each node of the cluster, with how near it is to holding publishers back.
 * Everything else about a node is on its page.
 */
import type { NodeInfo } from '../../api/overview.ts';
import { duration } from '../../format/time.ts';
import { useResource } from '../../live/resource.ts';
import { Badge } from '../../parts/badge.tsx';
import { Panel } from '../../parts/panel.tsx';
import { to } from '../../shell/location.tsx';
import { NodeMeters } from './node-meters.tsx';

export function Nodes() {
  const { data } = useResource<readonly NodeInfo[]>('nodes');
  return (
    <Panel title={data && data.length > 1 ? 'Nodes' : 'Node'}>
      <div class="node-cards">
        {(data ?? []).map((node) => (
          <div class="node-card" key={node.name}>
            <div class="node-line">
              <a class="node-name" href={to`/nodes/${node.name}`}>
                {node.name}
              </a>
              <Badge dot tone={node.running === false ? 'bad' : 'good'}>
                {node.running === false ? 'down' : `up ${duration(node.uptime)}`}
              </Badge>
            </div>
            <NodeMeters node={node} />
          </div>
        ))}
      </div>
    </Panel>
  );
}
