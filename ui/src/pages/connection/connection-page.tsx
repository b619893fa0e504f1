/**
 * ConnectionPage: one client: who it is, what it sends and receives, its channels, and the button
 * that closes it.
 */
import { useState } from 'preact/hooks';
import { useRoute } from 'preact-iso';
import { type Channel, type Connection, clientNameOf } from '../../api/connection.ts';
import { ApiError, at, withQuery } from '../../api/request.ts';
import { ratesOf, samplesOf } from '../../api/statistics.ts';
import { bytes } from '../../format/bytes.ts';
import { useResource } from '../../live/resource.ts';
import { Badge } from '../../parts/badge.tsx';
import { Button } from '../../parts/button.tsx';
import { Chart, type Series } from '../../parts/chart.tsx';
import { Empty } from '../../parts/empty.tsx';
import { PageHead } from '../../parts/page-head.tsx';
import { Panel } from '../../parts/panel.tsx';
import { Problem } from '../../parts/problem.tsx';
import { RangePicker, sampling, useRange } from '../../parts/range.tsx';
import { Table } from '../../parts/table.tsx';
import { navigate } from '../../shell/location.tsx';
import { CHANNEL_COLUMNS } from '../connections/channel-columns.tsx';
import { CloseConnections } from '../connections/close-connections.tsx';
import { ConnectionState } from '../connections/connection-state.tsx';
import { ConnectionFacts } from './connection-facts.tsx';

const PARENT = { label: 'Connections', href: '#/connections' };
/** Samples of single connections are kept that long. */
const MOST_SECONDS = 600;

export default function ConnectionPage() {
  const { params } = useRoute();
  const { name = '' } = params;
  const range = useRange(MOST_SECONDS);
  const path = withQuery(at`connections/${name}`, sampling(range, ['data_rates']));
  const { data, error, reload } = useResource<Connection>(path);
  const channels = useResource<readonly Channel[]>(at`connections/${name}/channels`);
  const [closing, setClosing] = useState(false);
  if (data === undefined) {
    const gone = error instanceof ApiError && error.status === 404;
    return (
      <>
        <PageHead parent={PARENT} title={name} />
        {gone && <Gone />}
        {error && !gone && <Problem error={error} onRetry={() => void reload()} />}
      </>
    );
  }
  return (
    <>
      <PageHead
        actions={
          <>
            <RangePicker mostSeconds={MOST_SECONDS} />
            <Button icon="close" kind="danger" onClick={() => setClosing(true)}>
              Close connection
            </Button>
          </>
        }
        badges={
          <>
            <Badge tone="accent">{data.protocol}</Badge>
            {data.ssl && <Badge tone="good">TLS</Badge>}
            <ConnectionState connection={data} />
          </>
        }
        parent={PARENT}
        title={clientNameOf(data) ?? name}
      >
        <span class="num">{name}</span>
      </PageHead>
      {error && <Problem error={error} />}
      <Panel title="Bytes per second">
        <Traffic connection={data} />
      </Panel>
      <Panel flush title="Channels and sessions">
        <Table
          caption="Channels"
          columns={CHANNEL_COLUMNS.filter(({ key }) => key !== 'user' && key !== 'vhost')}
          empty={
            <Empty icon="connections" title="No channels">
              This client has opened no channel, so it neither publishes nor consumes.
            </Empty>
          }
          keyOf={(channel) => channel.name}
          loading={channels.loading}
          rows={channels.data ?? []}
        />
      </Panel>
      <ConnectionFacts connection={data} />
      {closing && (
        <CloseConnections
          connections={[data]}
          onClose={() => setClosing(false)}
          onDone={() => navigate('/connections')}
        />
      )}
    </>
  );
}

function Traffic({ connection }: { connection: Connection }) {
  const stats = {
    recv_oct_details: connection.recv_oct_details,
    send_oct_details: connection.send_oct_details,
  };
  const series: Series[] = [
    { key: 'in', label: 'From client', colour: 1, points: ratesOf(samplesOf(stats, 'recv_oct')) },
    { key: 'out', label: 'To client', colour: 3, points: ratesOf(samplesOf(stats, 'send_oct')) },
  ];
  return <Chart filled format={bytes} label="Bytes per second over time" series={series} />;
}

function Gone() {
  return (
    <Empty
      action={<Button href="#/connections">All connections</Button>}
      icon="connections"
      title="This client has gone"
    >
      It closed its connection, or lost it. Once it is back it has another name here, because names
      end with the client's port.
    </Empty>
  );
}
