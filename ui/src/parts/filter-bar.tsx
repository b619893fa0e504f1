/**
 * FilterBar: above every list: the filter (text or pattern), chips that narrow it, how many rows
 * there are, and the choice of columns. `/` puts the cursor into the filter.
 */
import type { ComponentChildren } from 'preact';
import { count } from '../format/number.ts';
import { Icon } from './icon.tsx';
import type { Listing } from './listing.ts';
import { SearchBox, useRested } from './search-box.tsx';
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

export function FilterBar({ listing, noun, children, aside }: FilterBarProps) {
  const { filter, regex, setFilter, total, filtered, loading } = listing;
  const [text, setText] = useRested(filter, (rested) => setFilter(rested, regex));
  const narrowed = filtered !== total;
  return (
    <div class="filter-bar">
      <SearchBox
        label={`Filter ${noun}`}
        onChange={setText}
        placeholder={regex ? 'Pattern, e.g. ^orders\\.' : `Filter ${noun}`}
        value={text}
      >
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
      </SearchBox>
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
