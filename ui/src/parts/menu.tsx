/**
 * Menu: a button that opens a small surface below itself, which closes on Escape, on a click
 * elsewhere and when the focus leaves. What is inside is up to whoever uses it.
 */
import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import './menu.css';

interface MenuProps {
  readonly label: string;
  /** What the button shows. */
  readonly button: ComponentChildren;
  readonly buttonClass?: string;
  readonly align?: 'start' | 'end';
  readonly children: ComponentChildren | ((close: () => void) => ComponentChildren);
}

export function Menu({ label, button, buttonClass, align = 'end', children }: MenuProps) {
  const [open, setOpen] = useState(false);
  const root = useRef<HTMLDivElement>(null);
  const trigger = useRef<HTMLButtonElement>(null);
  const close = () => {
    setOpen(false);
    trigger.current?.focus();
  };
  useEffect(() => {
    if (!open) return undefined;
    const outside = (event: Event) => {
      if (!root.current?.contains(event.target as Node)) setOpen(false);
    };
    document.addEventListener('pointerdown', outside);
    document.addEventListener('focusin', outside);
    return () => {
      document.removeEventListener('pointerdown', outside);
      document.removeEventListener('focusin', outside);
    };
  }, [open]);
  return (
    <div
      class="menu"
      onKeyDown={(event) => {
        if (event.key !== 'Escape' || !open) return;
        event.stopPropagation();
        close();
      }}
      ref={root}
    >
      <button
        aria-expanded={open}
        aria-label={label}
        class={buttonClass ?? 'btn btn-plain'}
        onClick={() => setOpen(!open)}
        ref={trigger}
        title={label}
        type="button"
      >
        {button}
      </button>
      {open && (
        <div class={`menu-sheet menu-${align}`}>
          {typeof children === 'function' ? children(close) : children}
        </div>
      )}
    </div>
  );
}
