/**
 * PageHead: the title of a page, what it belongs to, and what can be done with it. It also names
 * the browser's tab, so that many open tabs can be told apart.
 */
import type { ComponentChildren } from 'preact';
import { useEffect } from 'preact/hooks';
import { Icon } from './icon.tsx';
import './page-head.css';

interface PageHeadProps {
  readonly title: string;
  /** The list that this is a part of. */
  readonly parent?: { readonly label: string; readonly href: string };
  readonly badges?: ComponentChildren;
  readonly actions?: ComponentChildren;
  readonly children?: ComponentChildren;
}

export function PageHead({ title, parent, badges, actions, children }: PageHeadProps) {
  useEffect(() => {
    document.title = `${title} · Warren`;
  }, [title]);
  return (
    <header class="page-head">
      <div class="page-title">
        {parent && (
          <a class="crumb" href={parent.href}>
            <Icon name="left" size={12} />
            {parent.label}
          </a>
        )}
        <div class="page-line">
          <h1>{title}</h1>
          {badges && <div class="badges">{badges}</div>}
        </div>
        {children && <div class="page-sub">{children}</div>}
      </div>
      {actions && <div class="btn-row">{actions}</div>}
    </header>
  );
}
