/**
 * NodeView: one node: how near it is to its limits and whether it is healthy; tabs for what uses
 * its memory, where it listens, its configuration, and its log as it is written.
 */
import type { NodeInfo } from '../../api/overview.ts';
import { duration } from '../../format/time.ts';
import { Badge } from '../../parts/badge.tsx';
import { type Fact, KeyValue } from '../../parts/key-value.tsx';
import { PageHead } from '../../parts/page-head.tsx';
import { Panel } from '../../parts/panel.tsx';
import { type Tab, TabPanel, Tabs, useTab } from '../../parts/tabs.tsx';
import { NodeMeters } from '../overview/node-meters.tsx';
import { Configuration } from './configuration.tsx';
import { HealthChecks } from './health-checks.tsx';
import { Listeners } from './listeners.tsx';
import { LiveLog } from './live-log.tsx';
import { Memory } from './memory.tsx';
import './nodes.css';

/** Where the way back leads. */
export const PARENT = { label: 'Nodes', href: '#/nodes' };

const TABS: readonly Tab[] = [
  { key: 'health', label: 'Health' },
  { key: 'memory', label: 'Memory' },
  { key: 'listeners', label: 'Listeners' },
  { key: 'configuration', label: 'Configuration' },
  { key: 'log', label: 'Log' },
];

export function NodeView({ node }: { node: NodeInfo }) {
  const tab = useTab(TABS);
  const running = node.running !== false;
  return (
    <>
      <PageHead
        badges={
          <>
            <Badge dot tone={running ? 'good' : 'bad'}>
              {running ? 'running' : 'down'}
            </Badge>
            {node.mem_alarm && <Badge tone="bad">memory alarm</Badge>}
            {node.disk_free_alarm && <Badge tone="bad">disk alarm</Badge>}
            {node.being_drained && <Badge tone="warn">in maintenance</Badge>}
          </>
        }
        title={node.name}
      >
        {running ? `up ${duration(node.uptime)}` : 'not reachable'}
      </PageHead>
      <Tabs label="Views of the node" tabs={TABS} />
      <TabPanel tab={tab}>
        {tab === 'health' && <Health node={node} />}
        {tab === 'memory' && <Memory node={node.name} />}
        {tab === 'listeners' && <Listeners node={node.name} />}
        {tab === 'configuration' && <Configuration node={node} />}
        {tab === 'log' && <LiveLog node={node} />}
      </TabPanel>
    </>
  );
}

function Health({ node }: { node: NodeInfo }) {
  return (
    <>
      <div class="node-health">
        <Panel title="Limits">
          <NodeMeters node={node} />
        </Panel>
        <HealthChecks />
      </div>
      <Panel title="About">
        <KeyValue facts={factsOf(node)} />
      </Panel>
    </>
  );
}

function factsOf(node: NodeInfo): readonly Fact[] {
  return [
    ['Process', node.os_pid],
    ['Processors', node.processors],
    ['Data directory', node.db_dir && <code>{node.db_dir}</code>],
    ['Configuration files', node.config_files?.length ? node.config_files.join(', ') : undefined],
    ['Log', node.log_files?.join(', ')],
    ['Plugins', node.enabled_plugins?.join(', ')],
    ['Version', node.applications?.find(({ name }) => name === 'rabbit')?.version],
  ];
}
