/**
 * TopBar: which virtual host, the search, whether the figures are live, what needs attention, and
 * who one is.
 */
import { attention } from '../live/attention.ts';
import { Icon } from '../parts/icon.tsx';
import { LiveMenu } from './live-menu.tsx';
import { Logo } from './logo.tsx';
import { openPalette } from './shortcuts.ts';
import { UserMenu } from './user-menu.tsx';
import { VhostMenu } from './vhost-menu.tsx';
import './top-bar.css';

const KEYS = /mac/i.test(navigator.platform) ? '⌘K' : 'Ctrl K';

export function TopBar() {
  return (
    <header class="bar">
      <a aria-label="Warren, overview" class="bar-brand" href="#/">
        <Logo size={24} />
      </a>
      <VhostMenu />
      <button aria-keyshortcuts="Control+K" class="bar-search" onClick={openPalette} type="button">
        <Icon name="search" size={14} />
        <span class="bar-search-word">Find anything</span>
        <span aria-hidden="true" class="key">
          {KEYS}
        </span>
      </button>
      <div class="bar-end">
        <LiveMenu />
        <Alerts />
        <UserMenu />
      </div>
    </header>
  );
}

function Alerts() {
  const count = attention.value?.length ?? 0;
  const label = count === 0 ? 'Nothing needs attention' : `${count} need attention`;
  return (
    <a aria-label={label} class="btn btn-plain btn-icon bar-alerts" href="#/" title={label}>
      <Icon name="bell" />
      {count > 0 && <span class="bar-alert-count num">{count > 99 ? '99+' : count}</span>}
    </a>
  );
}
