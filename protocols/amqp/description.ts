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
    session,
    authMechanism: mechanism,
    clientProperties,
    givenName: stringOf(clientProperties.get('connection_name')),
    heartbeat: tuning.heartbeat,
    frameMax: tuning.frameMax,
    channelMax: tuning.channelMax,
    channels,
  };
}

/** What the log says of a login. */
export function loginText(name: string, { clientProperties }: Handshake, session: Session): string {
  const given = stringOf(clientProperties.get('connection_name'));
  const shown = given === null ? name : `${name} - ${given}`;
  const { user, vhost } = session;
  const granted = `user '${user.name}' authenticated and granted access to vhost '${vhost.name}'`;
  return `AMQP connection ${shown}: ${granted}`;
}
