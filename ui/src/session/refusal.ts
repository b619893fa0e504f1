/**
 * refusal: why a sign-in failed, in words that help: the usual reasons look alike in what the API
 * answers. `name` is '' for a sign-in with a provider.
 */
import { ApiError, sayError } from '../api/request.ts';

/** Which of the usual reasons it is, and what helps. */
export function refusal(error: unknown, name: string): string {
  if (!(error instanceof ApiError) || error.status !== 401) return sayError(error);
  if (/management user/i.test(error.message)) {
    return (
      `You are who you say, but ${name || 'your user'} has none of the tags management, ` +
      'policymaker, monitoring or administrator. ' +
      (name === ''
        ? 'Your provider can give one by a scope, such as rabbitmq.tag:management.'
        : `An administrator can add one: rabbitmqctl set_user_tags ${name} management`)
    );
  }
  const near = ['localhost', '127.0.0.1', '[::1]'].includes(window.location.hostname);
  if (/localhost|loopback/i.test(error.message) || (name === 'guest' && !near)) {
    return (
      'guest may sign in from the machine of the broker only. Use another user, or set ' +
      'loopback_users = none if this network is trusted.'
    );
  }
  if (name === '') return sayError(error);
  return 'The user name or the password is wrong.';
}
