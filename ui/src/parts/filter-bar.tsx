/**
 * FilterBar: above every list: the filter (text or pattern), chips that narrow it, how many rows
 * there are, and the choice of columns. `/` puts the cursor into the filter.
 */
import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { count } from '../format/number.ts';
import { Icon } from './icon.tsx';
import type { Listing } from './listing.ts';
import './filter-bar.css';

interface FilterBarProps {
  readonly listing: Listing<unknown>;
  /** What the rows are: `queues`. */
  readonly noun: string;
  /** Chips, left of the count. */
  readonly children?: ComponentChildren;
  /** Buttons at the right end. */
  readonly aside?: ComponentChildren;
}

/** How long a typist may rest before the list is asked for. */
const REST_MS = 250;

export function FilterBar({ listing, noun, children, aside }: FilterBarProps) {
  const { filter, regex, setFilter, total, filtered, loading } = listing;
  const [text, setText] = useState(filter);
  useEffect(() => setText(filter), [filter]);
  useEffect(() => {
    if (text === filter) return undefined;
    const timer = setTimeout(() => setFilter(text, regex), REST_MS);
    return () => clearTimeout(timer);
  }, [text]);
  const narrowed = filtered !== total;
  return (
    <div class="filter-bar">
      <div class="filter-box">
        <Icon name="search" size={14} />
        <input
          aria-label={`Filter ${noun}`}
          data-filter=""
          onInput={(event) => setText(event.currentTarget.value)}
          placeholder={regex ? 'Pattern, e.g. ^orders\\.' : `Filter ${noun}`}
          spellcheck={false}
          type="search"
          value={text}
        />
        <button
          aria-label="Regular expression"
          aria-pressed={regex}
          class="filter-regex"
          onClick={() => setFilter(text, !regex)}
          title="Regular expression"
          type="button"
        >
          .*
        </button>
      </div>
      {children}
      <span aria-live="polite" class="filter-count num">
        {loading ? '' : narrowed ? `${count(filtered)} of ${count(total)}` : count(total)}{' '}
        {total === 1 ? singular(noun) : noun}
      </span>
      {aside && <div class="btn-row filter-aside">{aside}</div>}
    </div>
  );
}

/** Of the nouns that lists have. */
function singular(noun: string): string {
  return noun.replace(/ies$/, 'y').replace(/s$/, '');
}

interface ChipProps {
  readonly label: string;
  readonly on: boolean;
  readonly onToggle: (on: boolean) => void;
  readonly title?: string;
}

/** One way to narrow a list, on or off. */
export function Chip({ label, on, onToggle, title }: ChipProps) {
  return (
    <button
      aria-pressed={on}
      class="chip"
      onClick={() => onToggle(!on)}
      title={title}
      type="button"
    >
      {on && <Icon name="check" size={12} />}
      {label}
    </button>
  );
}
