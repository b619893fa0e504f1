/**
 * ShortcutHelp: the list of keys, behind `?`.
 * What the keys do is shortcuts.ts.
 */
import { Dialog } from '../parts/dialog.tsx';
import { GROUPS, visible } from './places.ts';
import { helpOpen } from './shortcuts.ts';
import './shortcut-help.css';

const KEYS: readonly (readonly [string, string])[] = [
  ['Ctrl K', 'Find anything'],
  ['/', 'Filter this list'],
  ['r', 'Refresh now'],
  ['Space', 'Pause and go on'],
  ['?', 'This list'],
];

export default function ShortcutHelp() {
  const places = visible(GROUPS.flat());
  return (
    <Dialog
      onClose={() => {
        helpOpen.value = false;
      }}
      title="Keyboard shortcuts"
    >
      <dl class="keys">
        {KEYS.map(([key, text]) => (
          <div key={key}>
            <dt>{text}</dt>
            <dd>
              <kbd class="key">{key}</kbd>
            </dd>
          </div>
        ))}
        {places.map(({ key, label }) => (
          <div key={key}>
            <dt>Go to {label}</dt>
            <dd>
              <kbd class="key">g</kbd> <kbd class="key">{key}</kbd>
            </dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
