/**
 * SignIn: name and password, or the organisation's own sign-in where the broker is set up for it.
 * Says which of the usual reasons a refusal has.
 */
import { useEffect, useState } from 'preact/hooks';
import { sayError } from '../api/request.ts';
import { Button } from '../parts/button.tsx';
import { Icon } from '../parts/icon.tsx';
import { TextField } from '../parts/text-field.tsx';
import { Logo } from '../shell/logo.tsx';
import { type AuthOptions, authOptions } from './auth-options.ts';
import { basic, ended, signIn } from './identity.ts';
import { refusal } from './refusal.ts';
import './sign-in.css';

export function SignIn() {
  const [options, setOptions] = useState<AuthOptions>({});
  const [failure, setFailure] = useState(ended.value);
  useEffect(() => {
    document.title = 'Sign in · Warren';
    void authOptions().then(setOptions);
  }, []);
  const withProvider = options.oauth_enabled === true;
  const withPassword = !withProvider || options.oauth_disable_basic_auth !== true;
  return (
    <main class="sign-in">
      <div class="sign-in-box">
        <div class="sign-in-head">
          <Logo size={44} />
          <h1>Sign in to Warren</h1>
        </div>
        {failure && (
          <p class="sign-in-failure" role="alert">
            <Icon name="warning" />
            <span>{failure}</span>
          </p>
        )}
        {withProvider && <ProviderButton onFailure={setFailure} options={options} />}
        {withProvider && withPassword && <p class="sign-in-or">or</p>}
        {withPassword && <PasswordForm onFailure={setFailure} second={withProvider} />}
      </div>
    </main>
  );
}

interface ProviderButtonProps {
  readonly options: AuthOptions;
  readonly onFailure: (text: string) => void;
}

function ProviderButton({ options, onFailure }: ProviderButtonProps) {
  const [busy, setBusy] = useState(false);
  if (options.oauth_initiated_logon_type === 'idp_initiated') {
    return (
      <Button href={options.oauth_provider_url} icon="link" kind="primary">
        Go to your sign-in page
      </Button>
    );
  }
  const go = () => {
    setBusy(true);
    import('./oauth.ts')
      .then(({ beginOAuth }) => beginOAuth(options))
      .catch((error: unknown) => {
        setBusy(false);
        onFailure(sayError(error));
      });
  };
  return (
    <Button busy={busy} icon="lock" kind="primary" onClick={go}>
      Sign in with SSO
    </Button>
  );
}

interface PasswordFormProps {
  readonly onFailure: (text: string) => void;
  /** Whether it stands below another way to sign in. */
  readonly second: boolean;
}

function PasswordForm({ onFailure, second }: PasswordFormProps) {
  const [name, setName] = useState('');
  const [password, setPassword] = useState('');
  const [busy, setBusy] = useState(false);
  const submit = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    onFailure('');
    try {
      await signIn(basic(name, password));
    } catch (error) {
      onFailure(refusal(error, name));
    } finally {
      setBusy(false);
    }
  };
  return (
    <form class="form" onSubmit={submit}>
      <TextField
        autocomplete="username"
        autofocus={!second}
        label="User name"
        onChange={setName}
        required
        value={name}
      />
      <TextField
        autocomplete="current-password"
        label="Password"
        onChange={setPassword}
        type="password"
        value={password}
      />
      <Button busy={busy} kind={second ? 'normal' : 'primary'} type="submit">
        Sign in
      </Button>
    </form>
  );
}
