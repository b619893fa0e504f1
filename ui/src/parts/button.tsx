/**
 * Button, and the link that looks like one. `kind` says how much it matters: one `primary` a view,
 * `danger` for what cannot be undone, `plain` for what only shows itself on hover.
 */
import type { ComponentChildren } from 'preact';
import { Icon, type IconName } from './icon.tsx';
import './button.css';

interface ButtonProps {
  readonly children?: ComponentChildren;
  readonly kind?: 'primary' | 'danger' | 'plain' | 'normal';
  readonly icon?: IconName;
  /** The name for screen readers, and the tooltip, of a button that shows only an icon. */
  readonly label?: string;
  readonly small?: boolean;
  readonly busy?: boolean;
  readonly disabled?: boolean;
  readonly title?: string;
  readonly type?: 'button' | 'submit';
  readonly pressed?: boolean;
  readonly expanded?: boolean;
  readonly href?: string;
  readonly onClick?: (event: MouseEvent) => void;
}

export function Button(props: ButtonProps) {
  const { children, kind = 'normal', icon, label, small, busy, href, type = 'button' } = props;
  const classes = ['btn', `btn-${kind}`, small && 'btn-small', !children && 'btn-icon'];
  const content = (
    <>
      {busy ? <span class="spinner" /> : icon && <Icon name={icon} size={small ? 14 : 16} />}
      {children && <span>{children}</span>}
    </>
  );
  const shared = {
    class: classes.filter(Boolean).join(' '),
    'aria-label': label,
    title: props.title ?? label,
    onClick: props.onClick,
  };
  if (href !== undefined) {
    return (
      <a {...shared} href={href}>
        {content}
      </a>
    );
  }
  return (
    <button
      {...shared}
      aria-busy={busy}
      aria-expanded={props.expanded}
      aria-pressed={props.pressed}
      disabled={props.disabled || busy}
      type={type}
    >
      {content}
    </button>
  );
}
