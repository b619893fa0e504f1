/**
 * Shell: what stays around every page: rail, top bar, dialogs and toasts, keyboard shortcuts, and
 * the live data that they all show.
 */
import type { ComponentChildren } from 'preact';
import { useEffect } from 'preact/hooks';
import { ErrorBoundary, lazy } from 'preact-iso';
import { startAttention } from '../live/attention.ts';
import { startLive } from '../live/overview.ts';
import { reachable } from '../live/ticker.ts';
import { ConfirmDialog } from '../parts/confirm.tsx';
import { Toasts } from '../parts/toast.tsx';
import { BottomBar } from './bottom-bar.tsx';
import { Rail } from './rail.tsx';
import { followKeys, helpOpen, paletteOpen } from './shortcuts.ts';
import { TopBar } from './top-bar.tsx';
import './shell.css';

const Palette = lazy(() => import('./palette.tsx'));
const ShortcutHelp = lazy(() => import('./shortcut-help.tsx'));

export function Shell({ children }: { children: ComponentChildren }) {
  useEffect(startLive, []);
  useEffect(startAttention, []);
  useEffect(followKeys, []);
  return (
    <div class="shell">
      <button class="skip" onClick={skipToMain} type="button">
        Skip to content
      </button>
      <Rail />
      <TopBar />
      <main class="main" id="main" tabIndex={-1}>
        {!reachable.value && (
          <p class="offline" role="status">
            The broker does not answer. What you see is the last that it said.
          </p>
        )}
        <div class="page">{children}</div>
      </main>
      <BottomBar />
      <ErrorBoundary>
        {paletteOpen.value && <Palette />}
        {helpOpen.value && <ShortcutHelp />}
      </ErrorBoundary>
      <ConfirmDialog />
      <Toasts />
    </div>
  );
}

/** No link, because the part of the address behind # names the page. */
function skipToMain(): void {
  document.getElementById('main')?.focus();
}
