/**
 * UserMenu: who is signed in, the theme, the shortcuts, and the way out. What signing in and out
 * means is session/identity.ts.
 */
import { Icon, type IconName } from '../parts/icon.tsx';
import { Menu } from '../parts/menu.tsx';
import { identity, signOut } from '../session/identity.ts';
import { helpOpen } from './shortcuts.ts';
import { setTheme, type Theme, theme } from './theme.ts';

const THEMES: readonly (readonly [Theme, string, IconName])[] = [
  ['system', 'As the system', 'system'],
  ['light', 'Light', 'sun'],
  ['dark', 'Dark', 'moon'],
];

export function UserMenu() {
  const user = identity.value;
  if (user === null) return null;
  return (
    <Menu
      button={<Icon name="user" />}
      buttonClass="btn btn-plain btn-icon"
      label={`Signed in as ${user.name}`}
    >
      {(close) => (
        <>
          <p class="menu-title">
            {user.name} · {user.tags.join(', ') || 'no tags'}
          </p>
          {THEMES.map(([key, label, icon]) => (
            <button
              aria-pressed={theme.value === key}
              class="menu-item"
              key={key}
              onClick={() => setTheme(key)}
              type="button"
            >
              <Icon name={icon} />
              {label}
            </button>
          ))}
          <button
            class="menu-item"
            onClick={() => {
              close();
              helpOpen.value = true;
            }}
            type="button"
          >
            <Icon name="keyboard" />
            Keyboard shortcuts
          </button>
          <a class="menu-item" href="api/index.html" rel="noopener" target="_blank">
            <Icon name="link" />
            HTTP API
          </a>
          <button class="menu-item" onClick={() => signOut()} type="button">
            <Icon name="out" />
            Sign out
          </button>
        </>
      )}
    </Menu>
  );
}
