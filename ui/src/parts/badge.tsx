/**
 * Badge: one word about a thing. The tone is never the only sign: the word says the same.
 * `dot` puts a mark before it, for states.
 */
import type { ComponentChildren } from 'preact';
import './badge.css';

/** What a colour means everywhere in the console. */
export type Tone = 'neutral' | 'good' | 'warn' | 'bad' | 'info' | 'accent';

interface BadgeProps {
  readonly children: ComponentChildren;
  readonly tone?: Tone;
  readonly dot?: boolean;
  readonly title?: string;
}

export function Badge({ children, tone = 'neutral', dot = false, title }: BadgeProps) {
  return (
    <span class={`badge tone-${tone}${dot ? ' badge-dot' : ''}`} title={title}>
      {children}
    </span>
  );
}
