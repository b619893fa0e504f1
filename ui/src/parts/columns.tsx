/**
 * The choice of columns of a table: a menu of boxes, remembered in this browser under the table's
 * name. `useColumns` gives the chosen ones in their order.
 */
import { useState } from 'preact/hooks';
import { Check } from './field.tsx';
import { Icon } from './icon.tsx';
import { Menu } from './menu.tsx';
import type { Column } from './table.tsx';

/** The columns to show, and the menu that changes them. */
export interface ChosenColumns<T> {
  readonly columns: readonly Column<T>[];
  readonly chooser: ReturnType<typeof Menu>;
}

export function useColumns<T>(table: string, all: readonly Column<T>[]): ChosenColumns<T> {
  const stored = `warren.columns.${table}`;
  const [chosen, setChosen] = useState(() => storedKeys(stored) ?? usual(all));
  const toggle = (key: string, on: boolean) => {
    const next = on ? [...chosen, key] : chosen.filter((one) => one !== key);
    setChosen(next);
    localStorage.setItem(stored, JSON.stringify(next));
  };
  return {
    // The first column is the name: without it, nobody knows what a row is.
    columns: all.filter(({ key }, index) => index === 0 || chosen.includes(key)),
    chooser: (
      <Menu button={<Icon name="columns" />} buttonClass="btn btn-icon" label="Columns">
        <p class="menu-title">Columns</p>
        {all.slice(1).map(({ key, label }) => (
          <div class="menu-item" key={key}>
            <Check
              checked={chosen.includes(key)}
              label={label}
              onChange={(on) => toggle(key, on)}
            />
          </div>
        ))}
      </Menu>
    ),
  };
}

function usual<T>(all: readonly Column<T>[]): readonly string[] {
  return all.filter(({ optional }) => !optional).map(({ key }) => key);
}

function storedKeys(name: string): readonly string[] | null {
  try {
    const keys: unknown = JSON.parse(localStorage.getItem(name) ?? 'null');
    return Array.isArray(keys) ? keys.map(String) : null;
  } catch {
    return null;
  }
}
