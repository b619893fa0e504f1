/**
 * ConnectionFacts: who a client says it is, and what it
 * agreed upon with the broker.
 */
import type { Connection } from '../../api/connection.ts';
import { bytes } from '../../format/bytes.ts';
import { count } from '../../format/number.ts';
import { ago, dateTime } from '../../format/time.ts';
import { type Fact, KeyValue } from '../../parts/key-value.tsx';
import { Panel } from '../../parts/panel.tsx';
import { to } from '../../shell/location.tsx';

export function ConnectionFacts({ connection: one }: { connection: Connection }) {
  const identity: readonly Fact[] = [
    ['User', one.user && <a href={to`/users/${one.user}`}>{one.user}</a>],
    ['Virtual host', one.vhost],
    ['From', one.peer_host && `${one.peer_host}:${one.peer_port}`],
    ['To', one.host && `${one.host}:${one.port}`],
    ['Node', one.node],
    ['Connected', one.connected_at && since(one.connected_at)],
    ['Login', one.auth_mechanism],
    ['Heartbeat', one.timeout === undefined ? undefined : `${one.timeout} s`],
    ['Largest frame', one.frame_max && bytes(one.frame_max)],
    ['Most channels', one.channel_max && count(one.channel_max)],
    ['Received', bytes(one.recv_oct)],
    ['Sent', bytes(one.send_oct)],
    ['Waits to be sent', one.send_pend === undefined ? undefined : count(one.send_pend)],
    ['TLS', one.ssl ? `${one.ssl_protocol} ${one.ssl_cipher ?? ''}` : 'no'],
    ['Certificate', one.peer_cert_subject || undefined],
    ['Issued by', one.peer_cert_issuer || undefined],
    ['Valid', one.peer_cert_validity || undefined],
  ];
  const told = { ...one.client_properties, ...one.variable_map };
  const properties = Object.entries(told).map(([name, value]): Fact => [name, say(value)]);
  return (
    <>
      <Panel title="Identity and agreement">
        <KeyValue facts={identity} />
      </Panel>
      {properties.length > 0 && (
        <Panel title="What the client says about itself">
          <KeyValue facts={properties} />
        </Panel>
      )}
    </>
  );
}

function since(ms: number): string {
  return `${dateTime(ms)} (${ago(ms)})`;
}

/** Capabilities are a table of what is true. */
function say(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value);
  const entries = Object.entries(value);
  const flags = entries.every(([, one]) => typeof one === 'boolean');
  if (!flags) return JSON.stringify(value);
  return entries
    .filter(([, on]) => on)
    .map(([name]) => name.replaceAll('_', ' '))
    .join(', ');
}
