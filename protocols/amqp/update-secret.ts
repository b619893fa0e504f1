/**
 * connection.update-secret: a client shows another password or token than it logged in with, most
 * often because that one runs out [RabbitMQ's extension]. Meanwhile its channels go on.
 */
import { renewLogin } from '../../src/broker/login-renewal.ts';
import type { Session } from '../../src/broker/session.ts';
import type { AmqpConnection } from './connection.ts';
import { METHODS, type MethodArguments } from './spec.ts';

const [CLASS_ID, METHOD_ID] = METHODS['connection.update-secret'].id;

/** Answers when the new secret has been looked at. @param args as decoded */
export function updateSecret(connection: AmqpConnection, session: Session, args: unknown): void {
  const { newSecret } = args as MethodArguments<'connection.update-secret'>;
  renewLogin(connection.broker, session, newSecret.toString('utf8')).then(
    () => {
      if (!connection.closing) connection.send('connection.update-secret-ok', {});
    },
    (error: unknown) => connection.trouble(error, null, CLASS_ID, METHOD_ID),
  );
}
