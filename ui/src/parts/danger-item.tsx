/**
 * DangerItem: one thing that cannot be undone: what it is called, what it does, and the button. It
 * stands in a flush panel, others below it.
 */
import type { ComponentChildren } from 'preact';
import './danger-item.css';

interface DangerItemProps {
  readonly title: string;
  readonly children: ComponentChildren;
  readonly action: ComponentChildren;
}

export function DangerItem({ title, children, action }: DangerItemProps) {
  return (
    <div class="danger">
      <div>
        <h2>{title}</h2>
        <p>{children}</p>
      </div>
      {action}
    </div>
  );
}
