/**
 * PageTabs: pages that belong together, as links that look like tabs. Unlike Tabs, each has an
 * address of its own.
 */
import { useLocation } from 'preact-iso';
import './tabs.css';

/** A page, and how many things are on it. */
export interface PageTab {
  readonly path: string;
  readonly label: string;
  readonly count?: string;
}

export function PageTabs({ label, tabs }: { label: string; tabs: readonly PageTab[] }) {
  const { path: here } = useLocation();
  return (
    <nav aria-label={label} class="tabs">
      {tabs.map(({ path, label: text, count }) => (
        <a
          aria-current={here === path ? 'page' : undefined}
          class="tab"
          href={`#${path}`}
          key={path}
        >
          {text}
          {count !== undefined && <span class="tab-count num">{count}</span>}
        </a>
      ))}
    </nav>
  );
}
