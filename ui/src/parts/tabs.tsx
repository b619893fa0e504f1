/**
 * Tabs: views of one thing; which one is open stands in the address as `tab`. Arrow keys move
 * between them. The panel is whatever the page renders below, inside `TabPanel`.
 */
import type { ComponentChildren } from 'preact';
import { useRef } from 'preact/hooks';
import { useQuery } from '../shell/location.tsx';
import './tabs.css';

/** One tab; `count` stands behind its label. */
export interface Tab {
  readonly key: string;
  readonly label: string;
  readonly count?: string | number;
}

/** The open tab: the one in the address, or the first. */
export function useTab(tabs: readonly Tab[], name = 'tab'): string {
  const [query] = useQuery();
  const wanted = query[name];
  return tabs.find(({ key }) => key === wanted)?.key ?? tabs[0]?.key ?? '';
}

interface TabsProps {
  readonly tabs: readonly Tab[];
  readonly label: string;
  /** The query parameter that holds the open tab. */
  readonly name?: string;
}

export function Tabs({ tabs, label, name = 'tab' }: TabsProps) {
  const [, setQuery] = useQuery();
  const open = useTab(tabs, name);
  const list = useRef<HTMLDivElement>(null);
  const select = (key: string) => setQuery({ [name]: key === tabs[0]?.key ? '' : key });
  const move = (event: KeyboardEvent) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const at = tabs.findIndex(({ key }) => key === open);
    const next = tabs[(at + step + tabs.length) % tabs.length];
    if (next === undefined) return;
    select(next.key);
    list.current?.querySelector<HTMLElement>(`#tab-${next.key}`)?.focus();
  };
  return (
    <div aria-label={label} class="tabs" onKeyDown={move} ref={list} role="tablist">
      {tabs.map(({ key, label: text, count }) => (
        <button
          aria-controls={`panel-${key}`}
          aria-selected={key === open}
          class="tab"
          id={`tab-${key}`}
          key={key}
          onClick={() => select(key)}
          role="tab"
          tabIndex={key === open ? 0 : -1}
          type="button"
        >
          {text}
          {count !== undefined && <span class="tab-count num">{count}</span>}
        </button>
      ))}
    </div>
  );
}

/** What the open tab shows. */
export function TabPanel({ tab, children }: { tab: string; children: ComponentChildren }) {
  return (
    <div aria-labelledby={`tab-${tab}`} class="tab-panel" id={`panel-${tab}`} role="tabpanel">
      {children}
    </div>
  );
}
