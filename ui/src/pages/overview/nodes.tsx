/**
 * Nodes: a card for each node of the cluster with its limits: how near it is to holding publishers
 * back. The tick is the watermark at which it does.
 */
import type { NodeInfo } from '../../api/overview.ts';
import { bytes } from '../../format/bytes.ts';
import { count } from '../../format/number.ts';
import { duration } from '../../format/time.ts';
import { useResource } from '../../live/resource.ts';
import { Badge } from '../../parts/badge.tsx';
import { Meter } from '../../parts/meter.tsx';
import { Panel } from '../../parts/panel.tsx';
import { to } from '../../shell/location.tsx';

/** Where the bar of a watermark has its tick. */
export const MARK = 0.8;

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

/** Memory, disk, files and sockets of a node as bars. */
export function NodeMeters({ node }: { node: NodeInfo }) {
  const { mem_used: used, mem_limit: limit, disk_free: free, disk_free_limit: least } = node;
  return (
    <div class="node-meters">
      {used !== undefined && limit !== undefined && (
        <Meter
          label="Memory"
          mark={MARK}
          share={(used / limit) * MARK}
          text={`${bytes(used)}, blocks at ${bytes(limit)}`}
          tone={node.mem_alarm ? 'bad' : undefined}
        />
      )}
      {free !== undefined && least !== undefined && (
        <Meter
          label="Disk"
          mark={MARK}
          share={(least / free) * MARK}
          text={`${bytes(free)} free, blocks below ${bytes(least)}`}
          tone={node.disk_free_alarm ? 'bad' : undefined}
        />
      )}
      {node.fd_used !== undefined && node.fd_total !== undefined && (
        <Meter
          label="File descriptors"
          share={node.fd_used / node.fd_total}
          text={`${count(node.fd_used)} of ${count(node.fd_total)}`}
        />
      )}
      {node.sockets_used !== undefined && node.sockets_total !== undefined && (
        <Meter
          label="Sockets"
          share={node.sockets_used / node.sockets_total}
          text={`${count(node.sockets_used)} of ${count(node.sockets_total)}`}
        />
      )}
    </div>
  );
}
