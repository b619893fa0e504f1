/**
 * Keyboard shortcuts: two keys to go somewhere, one to do something. They rest while somebody
 * types, and while a dialog is open.
 */
import { signal } from '@preact/signals';
import { paused, refresh } from '../live/ticker.ts';
import { navigate } from './location.tsx';
import { GROUPS, visible } from './places.ts';

export const helpOpen = signal(false);
export const paletteOpen = signal(false);

/** Opens the search for anything. */
export function openPalette(): void {
  paletteOpen.value = true;
}

/** How long `g` waits for the key after it. */
const PAIR_MS = 1500;

/** Listens until told to stop. */
export function followKeys(): () => void {
  let pairUntil = 0;
  const press = (event: KeyboardEvent) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'k') {
      event.preventDefault();
      openPalette();
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
    if (document.querySelector('dialog[open]') !== null) return;
    if (event.timeStamp < pairUntil) {
      pairUntil = 0;
      const place = visible(GROUPS.flat()).find(({ key }) => key === event.key);
      if (place) {
        event.preventDefault();
        navigate(place.path);
      }
      return;
    }
    if (event.key === 'g') pairUntil = event.timeStamp + PAIR_MS;
    else act(event);
  };
  document.addEventListener('keydown', press);
  return () => document.removeEventListener('keydown', press);
}

function act(event: KeyboardEvent): void {
  switch (event.key) {
    case '/': {
      const filter = document.querySelector<HTMLInputElement>('[data-filter]');
      event.preventDefault();
      if (filter === null) openPalette();
      else filter.select();
      return;
    }
    case '?':
      helpOpen.value = true;
      return;
    case 'r':
      refresh();
      return;
    case ' ':
      // The space bar presses a focused button; elsewhere it holds the figures still.
      if (event.target !== document.body) return;
      event.preventDefault();
      paused.value = !paused.value;
  }
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.closest('input, textarea, select') !== null;
}
