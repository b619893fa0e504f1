/**
 * Connections in the management API: of every protocol, as the registry of the server has them,
 * and closing one for a reason. Users see their own, who monitors sees all.
 */
import type { OpenConnection } from '../../../src/server/connections.ts';
import type { Description } from '../../../src/server/protocol.ts';
import { type Answer, NO_CONTENT, notAuthorised, notFound } from '../answer.ts';
import { fieldsToJson } from '../field-json.ts';
import { type Columns, Listing, type SortKey } from '../listing.ts';
import { type Call, describeOne, type Resource } from '../routing.ts';
import { rangesOf } from '../statistics.ts';
import type { Viewer } from '../viewer.ts';
import type { ManagementContext } from './context.ts';

/** A connection and what its adapter says about it. */
export interface ConnectionView {
  readonly open: OpenConnection;
  readonly description: Description;
}

/** Every connection that is logged in and that the viewer may see. */
export function* connectionsSeen(
  context: ManagementContext,
  viewer: Viewer,
): Generator<ConnectionView> {
  for (const open of context.connections) {
    const description = open.describe();
    if (description.user !== null && viewer.seesUser(description.user)) yield { open, description };
  }
}

function columnsOf(context: ManagementContext, call: Call): Columns<ConnectionView> {
  const { dataRates } = rangesOf(call.query);
  const { connections } = context.statistics;
  return {
    auth_mechanism: ({ description }) => description.authMechanism,
    channel_max: ({ description }) => description.channelMax ?? 1,
    channels: ({ description }) => description.channels ?? 1,
    client_properties: ({ description }) => fieldsToJson(description.clientProperties),
    connected_at: ({ open }) => open.connectedAtMs,
    frame_max: ({ description }) => description.frameMax ?? 0,
    host: ({ open }) => open.client.localAddress,
    name: ({ open }) => open.name,
    node: () => context.node,
    peer_host: ({ open }) => open.client.remoteAddress,
    peer_port: ({ open }) => open.client.remotePort,
    port: ({ open }) => open.client.localPort,
    protocol: ({ description }) => description.protocol,
    recv_cnt: ({ open }) => open.client.reads,
    recv_oct: ({ open }) => open.client.readBytes,
    recv_oct_details: ({ open }) => connections.details(open, 0, dataRates),
    send_cnt: ({ open }) => open.client.outbox.writes,
    send_oct: ({ open }) => open.client.outbox.bytes,
    send_oct_details: ({ open }) => connections.details(open, 1, dataRates),
    send_pend: ({ open }) => open.client.outbox.pending,
    ...tlsColumns(),
    state: ({ description }) => description.state,
    timeout: ({ description }) => description.heartbeat ?? 0,
    type: () => 'network',
    user: ({ description }) => description.user,
    user_provided_name: ({ description }) => description.givenName ?? undefined,
    user_who_performed_action: ({ description }) => description.user,
    variable_map: ({ description: { clientId } }) => clientId && { client_id: clientId },
    vhost: ({ description }) => description.vhost,
  };
}

/** Empty where there is no TLS, as in RabbitMQ. */
function tlsColumns(): Columns<ConnectionView> {
  const tlsOf = ({ open }: ConnectionView) => open.client.tls;
  const certificateOf = (view: ConnectionView) => tlsOf(view)?.certificate;
  return {
    peer_cert_issuer: (view) => certificateOf(view)?.issuer ?? '',
    peer_cert_subject: (view) => certificateOf(view)?.subject ?? '',
    peer_cert_validity: (view) => {
      const certificate = certificateOf(view);
      return certificate ? `${certificate.validFrom} - ${certificate.validTo}` : '';
    },
    ssl: (view) => tlsOf(view) !== null,
    ssl_cipher: (view) => tlsOf(view)?.cipher ?? '',
    ssl_hash: () => '',
    ssl_key_exchange: () => '',
    ssl_protocol: (view) => tlsOf(view)?.version ?? '',
  };
}

function list(
  context: ManagementContext,
  call: Call,
  wanted: (description: Description) => boolean = () => true,
): Listing<ConnectionView> {
  const views = [...connectionsSeen(context, call.viewer)].filter((view) =>
    wanted(view.description),
  );
  const sortKey: SortKey<ConnectionView> = (path) =>
    context.statistics.connections.sortKey(path, ({ open }: ConnectionView) => open);
  return new Listing(views, columnsOf(context, call), ({ open }) => open.name, sortKey);
}

/** The connection in the path. @throws ApiError 404, or 401 if it is somebody else's */
export function connectionNamed(context: ManagementContext, call: Call): ConnectionView {
  const open = context.connections.named(call.params.name as string);
  if (open === null) throw notFound();
  const description = open.describe();
  if (!call.viewer.seesUser(description.user)) {
    throw notAuthorised('User not authorised to access object');
  }
  return { open, description };
}

/** Only an administrator may close what is somebody else's. */
function close(call: Call, views: Iterable<ConnectionView>): Answer {
  const given = call.headers['x-reason'];
  const reason = typeof given === 'string' && given !== '' ? given : 'Closed via management plugin';
  for (const { open, description } of views) {
    const own = description.user === call.viewer.user.name;
    if (!own && !call.viewer.isAdministrator) {
      throw notAuthorised('User not authorised to access object');
    }
    open.close(reason);
  }
  return NO_CONTENT;
}

function ofUser(context: ManagementContext, call: Call): ConnectionView[] {
  const all = [...connectionsSeen(context, call.viewer)];
  return all.filter(({ description }) => description.user === call.params.user);
}

/** Lists, single connections, those of a user and those of a vhost. */
export function connectionResources(context: ManagementContext): Resource[] {
  const brief: Columns<ConnectionView> = {
    name: ({ open }) => open.name,
    vhost: ({ description }) => description.vhost,
    user: ({ description }) => description.user,
    node: () => context.node,
  };
  return [
    { path: '/api/connections', access: 'management', get: (call) => list(context, call) },
    {
      path: '/api/vhosts/:vhost/connections',
      access: 'visible',
      get: (call) => list(context, call, ({ vhost }) => vhost === call.params.vhost),
    },
    {
      path: '/api/connections/username/:user',
      access: 'management',
      get: (call) => new Listing(ofUser(context, call), brief, ({ open }) => open.name),
      delete: (call) => close(call, ofUser(context, call)),
    },
    {
      path: '/api/connections/:name',
      access: 'management',
      get: (call) => describeOne(connectionNamed(context, call), columnsOf(context, call), call),
      delete: (call) => close(call, [connectionNamed(context, call)]),
    },
  ];
}
