/**
 * Code: text that is meant to be read letter by letter or copied, with a button that copies it.
 * `CopyButton` alone stands beside names and keys.
 */
import { useState } from 'preact/hooks';
import { Button } from './button.tsx';
import './code.css';

interface CodeProps {
  readonly text: string;
  readonly label: string;
  /** Breaks long lines instead of scrolling. */
  readonly wrap?: boolean;
}

export function Code({ text, label, wrap = false }: CodeProps) {
  return (
    <div class="code">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached by keys */}
      <pre aria-label={label} class={wrap ? 'code-wrap' : undefined} role="region" tabIndex={0}>
        {text}
      </pre>
      <CopyButton text={text} />
    </div>
  );
}

/** Puts a text onto the clipboard, and says so. */
export function CopyButton({ text, label = 'Copy' }: { text: string; label?: string }) {
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    await copyText(text);
    setCopied(true);
    setTimeout(() => setCopied(false), 1500);
  };
  return (
    <Button
      icon={copied ? 'check' : 'copy'}
      kind="plain"
      label={copied ? 'Copied' : label}
      onClick={() => void copy()}
      small
    />
  );
}

/** Browsers have a clipboard over https and on localhost only: elsewhere, the old way. */
async function copyText(text: string): Promise<void> {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const area = document.createElement('textarea');
  area.value = text;
  (document.querySelector('dialog[open]') ?? document.body).append(area);
  area.select();
  document.execCommand('copy');
  area.remove();
}
