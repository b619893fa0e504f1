/**
 * Dialog: the platform's own modal window, with a title and a way out. Escape and the cross close
 * it; the keyboard stays inside and returns to where it was. It is open while it is rendered.
 */
import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef } from 'preact/hooks';
import { Button } from './button.tsx';
import './dialog.css';

interface DialogProps {
  readonly title: string;
  readonly onClose: () => void;
  readonly children: ComponentChildren;
  /** Buttons at the bottom; forms have theirs inside. */
  readonly actions?: ComponentChildren;
  /** `side` is a drawer at the right edge. */
  readonly shape?: 'normal' | 'wide' | 'side';
}

export function Dialog({ title, onClose, children, actions, shape = 'normal' }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  useEffect(() => {
    const element = dialog.current;
    const before = document.activeElement;
    element?.showModal();
    return () => {
      element?.close();
      if (before instanceof HTMLElement) before.focus();
    };
  }, []);
  return (
    <dialog
      aria-labelledby={titleId}
      class={`dialog dialog-${shape}`}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      ref={dialog}
    >
      <header class="dialog-head">
        <h2 id={titleId}>{title}</h2>
        <Button icon="close" kind="plain" label="Close" onClick={onClose} small />
      </header>
      <div class="dialog-body">{children}</div>
      {actions && <footer class="dialog-foot">{actions}</footer>}
    </dialog>
  );
}
