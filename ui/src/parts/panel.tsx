/**
 * Panel: a surface with a heading that holds one subject. `flush` lets a table reach its edges;
 * `aside` stands at the right of the heading.
 */
import type { ComponentChildren } from 'preact';
import { useId } from 'preact/hooks';
import './panel.css';

interface PanelProps {
  readonly title?: string;
  readonly aside?: ComponentChildren;
  readonly flush?: boolean;
  readonly children: ComponentChildren;
}

export function Panel({ title, aside, flush = false, children }: PanelProps) {
  const id = useId();
  return (
    <section aria-labelledby={title && id} class={`panel${flush ? ' panel-flush' : ''}`}>
      {title && (
        <header class="panel-head">
          <h2 id={id}>{title}</h2>
          {aside && <div class="btn-row">{aside}</div>}
        </header>
      )}
      <div class="panel-body">{children}</div>
    </section>
  );
}
