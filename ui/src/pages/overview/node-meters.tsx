/**
 * NodeMeters: memory, disk, files and sockets of a node as bars. The tick is the watermark at which
 * it holds publishers back.
 */
import type { NodeInfo } from '../../api/overview.ts';
import { bytes } from '../../format/bytes.ts';
import { count } from '../../format/number.ts';
import { Meter } from '../../parts/meter.tsx';
import './node-meters.css';

/** Where the bar of a watermark has its tick. */
const MARK = 0.8;

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
      {node.sockets_used !== undefined && Boolean(node.sockets_total) && (
        <Meter
          label="Sockets"
          share={node.sockets_used / (node.sockets_total ?? 1)}
          text={`${count(node.sockets_used)} of ${count(node.sockets_total)}`}
        />
      )}
    </div>
  );
}
