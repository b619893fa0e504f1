/**
 * Dark, light or as the system has it. The choice is an attribute of the document; the colours
 * follow by light-dark() in tokens.css. `isDark` is for what draws on a canvas.
 */
import { computed, signal } from '@preact/signals';

/** What one can choose. */
export type Theme = 'system' | 'light' | 'dark';

const STORED = 'warren.theme';
const system = matchMedia('(prefers-color-scheme: dark)');
const systemDark = signal(system.matches);
system.addEventListener('change', () => {
  systemDark.value = system.matches;
});

export const theme = signal<Theme>(stored());
export const isDark = computed(() => {
  return theme.value === 'system' ? systemDark.value : theme.value === 'dark';
});

function stored(): Theme {
  const value = localStorage.getItem(STORED);
  return value === 'light' || value === 'dark' ? value : 'system';
}

/** Chooses, and remembers it in this browser. */
export function setTheme(next: Theme): void {
  theme.value = next;
  localStorage.setItem(STORED, next);
  applyTheme();
}

/** Tells the document. */
export function applyTheme(): void {
  const { dataset } = document.documentElement;
  if (theme.value === 'system') delete dataset.theme;
  else dataset.theme = theme.value;
}
