/**
 * SearchBox: where one types what to look for; `/` puts the cursor into it. useRested is what was
 * typed once the typist rests, for those who ask the broker at every change.
 */
import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { Icon } from './icon.tsx';
import './filter-bar.css';

interface SearchBoxProps {
  /** For screen readers. */
  readonly label: string;
  readonly placeholder: string;
  readonly value: string;
  readonly onChange: (text: string) => void;
  /** Buttons within it. */
  readonly children?: ComponentChildren;
}

/** How long a typist may rest before somebody is asked. */
const REST_MS = 250;

export function SearchBox({ label, placeholder, value, onChange, children }: SearchBoxProps) {
  return (
    <div class="filter-box">
      <Icon name="search" size={14} />
      <input
        aria-label={label}
        data-filter=""
        onInput={(event) => onChange(event.currentTarget.value)}
        placeholder={placeholder}
        spellcheck={false}
        type="search"
        value={value}
      />
      {children}
    </div>
  );
}

/** The text in the box, and how it changes; `settle` is told when nobody has typed for a moment. */
export function useRested(value: string, settle: (text: string) => void) {
  const [text, setText] = useState(value);
  useEffect(() => setText(value), [value]);
  useEffect(() => {
    if (text === value) return undefined;
    const timer = setTimeout(() => settle(text), REST_MS);
    return () => clearTimeout(timer);
  }, [text]);
  return [text, setText] as const;
}
