/**
 * SelectionBar: what can be done with the selected rows of a table; it appears above them while
 * there are any.
 */
import type { ComponentChildren } from 'preact';
import { Button } from './button.tsx';
import './selection-bar.css';

interface SelectionBarProps {
  /** `3 queues` */
  readonly text: string;
  readonly onClear: () => void;
  readonly children: ComponentChildren;
}

export function SelectionBar({ text, onClear, children }: SelectionBarProps) {
  return (
    <div class="selection-bar" role="status">
      <span class="num">{text} selected</span>
      {children}
      <Button kind="plain" onClick={onClear} small>
        Clear
      </Button>
    </div>
  );
}
