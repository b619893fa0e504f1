/**
 * Login attempts in the management API: how many there were by protocol, and by address and user
 * where the broker keeps them apart. RabbitMQ counts with every attempt those that succeeded and
 * those that failed.
 */
import type { AttemptCounts } from '../../../src/auth/login-attempts.ts';
import { NO_CONTENT, notFound } from '../answer.ts';
import type { Call, Resource } from '../routing.ts';
import type { ManagementContext } from './context.ts';

function countsOf({ succeeded, failed }: AttemptCounts): Record<string, number> {
  return {
    auth_attempts: succeeded + failed,
    auth_attempts_failed: failed,
    auth_attempts_succeeded: succeeded,
  };
}

/** By protocol, and by source. */
export function authAttemptResources(context: ManagementContext): Resource[] {
  const { attempts } = context.broker.authentication;
  const mine = (call: Call): void => {
    if (call.params.node !== context.node) throw notFound();
  };
  const reset = (call: Call) => {
    mine(call);
    attempts.reset();
    return NO_CONTENT;
  };
  return [
    {
      path: '/api/auth/attempts/:node',
      access: 'monitoring',
      changeAccess: 'administrator',
      get: (call) => {
        mine(call);
        return [...attempts.byProtocol].map(([protocol, counts]) => {
          return { protocol, ...countsOf(counts) };
        });
      },
      delete: reset,
    },
    {
      path: '/api/auth/attempts/:node/source',
      access: 'monitoring',
      changeAccess: 'administrator',
      get: (call) => {
        mine(call);
        return [...attempts.bySource()].map((source) => ({
          remote_address: source.remoteAddress,
          username: source.username,
          protocol: source.protocol,
          ...countsOf(source),
        }));
      },
      delete: reset,
    },
  ];
}
