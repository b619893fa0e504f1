/**
 * SignIn: name and password, or the organisation's own sign-in where the broker is set up for it.
 * Says which of the usual reasons a refusal has.
 */
import { useEffect, useState } from 'preact/hooks';
import { ApiError, sayError } from '../api/request.ts';
import { Button } from '../parts/button.tsx';
import { Field } from '../parts/field.tsx';
import { Icon } from '../parts/icon.tsx';
import { Logo } from '../shell/logo.tsx';
import { basic, ended, signIn } from './identity.ts';
import './sign-in.css';

export function SignIn() {
  const [name, setName] = useState('');
  const [password, setPassword] = useState('');
  const [failure, setFailure] = useState(ended.value);
  const [busy, setBusy] = useState(false);
  useEffect(() => {
    document.title = 'Sign in · Warren';
  }, []);
  const submit = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    setFailure('');
    try {
      await signIn(basic(name, password));
    } catch (error) {
      setFailure(reasonOf(error, name));
    } finally {
      setBusy(false);
    }
  };
  return (
    <main class="sign-in">
      <div class="sign-in-box">
        <div class="sign-in-head">
          <Logo size={44} />
          <h1>Sign in to Warren</h1>
        </div>
        <form class="form" onSubmit={submit}>
          {failure && (
            <p class="sign-in-failure" role="alert">
              <Icon name="warning" />
              <span>{failure}</span>
            </p>
          )}
          <Field label="User name">
            <input
              autocapitalize="none"
              autocomplete="username"
              autofocus
              name="username"
              onInput={(event) => setName(event.currentTarget.value)}
              required
              spellcheck={false}
              value={name}
            />
          </Field>
          <Field label="Password">
            <input
              autocomplete="current-password"
              name="password"
              onInput={(event) => setPassword(event.currentTarget.value)}
              type="password"
              value={password}
            />
          </Field>
          <Button busy={busy} kind="primary" type="submit">
            Sign in
          </Button>
        </form>
      </div>
    </main>
  );
}

/** Which of the usual reasons it is, and what helps. */
export function reasonOf(error: unknown, name: string): string {
  if (!(error instanceof ApiError) || error.status !== 401) return sayError(error);
  if (/management user/i.test(error.message)) {
    return (
      `The password is right, but ${name} has none of the tags management, policymaker, ` +
      'monitoring or administrator. An administrator can add one: ' +
      `rabbitmqctl set_user_tags ${name} management`
    );
  }
  const near = ['localhost', '127.0.0.1', '[::1]'].includes(window.location.hostname);
  if (/localhost|loopback/i.test(error.message) || (name === 'guest' && !near)) {
    return (
      'guest may sign in from the machine of the broker only. Use another user, or set ' +
      'loopback_users = none if this network is trusted.'
    );
  }
  return 'The user name or the password is wrong.';
}
