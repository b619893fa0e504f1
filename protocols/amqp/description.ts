/**
 * Description: what operators see of an AMQP connection, in the words of RabbitMQ's management
 * API. Made when somebody looks; decides nothing.
 */
import { stringOf } from '../../src/broker/field.ts';
import type { Session } from '../../src/broker/session.ts';
import type { ConnectionState, Description } from '../../src/server/protocol.ts';
import type { Handshake } from './handshake.ts';
import type { Tuning } from './negotiation.ts';

/** @param session null before the login is complete and after the end */
export function describe(
  handshake: Handshake,
  session: Session | null,
  tuning: Tuning,
  state: ConnectionState,
  channels: number,
): Description {
  const { clientProperties, mechanism } = handshake;
  return {
    protocol: 'AMQP 0-9-1',
    state: session === null && state !== 'closing' ? 'starting' : state,
    user: session?.user.name ?? null,
    vhost: session?.vhost.name ?? null,
    authMechanism: mechanism,
    clientProperties,
    givenName: stringOf(clientProperties.get('connection_name')),
    heartbeat: tuning.heartbeat,
    frameMax: tuning.frameMax,
    channelMax: tuning.channelMax,
    channels,
  };
}
