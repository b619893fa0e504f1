/**
 * Empty: what stands where there is nothing yet. It teaches: what would be here, and how to get
 * it there. `action` is the button that does it.
 */
import type { ComponentChildren } from 'preact';
import { Icon, type IconName } from './icon.tsx';
import './empty.css';

interface EmptyProps {
  readonly title: string;
  readonly children?: ComponentChildren;
  readonly icon?: IconName;
  readonly action?: ComponentChildren;
}

export function Empty({ title, children, icon = 'info', action }: EmptyProps) {
  return (
    <div class="empty">
      <span class="empty-icon">
        <Icon name={icon} size={20} />
      </span>
      <p class="empty-title">{title}</p>
      {children && <div class="empty-text">{children}</div>}
      {action && <div class="btn-row">{action}</div>}
    </div>
  );
}
