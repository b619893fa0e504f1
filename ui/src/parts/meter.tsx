/**
 * Meter: how much of a limit is used, as a bar. `mark` is a tick where something happens, such as
 * the watermark at which publishers are blocked. The words beside it say the same.
 */
import './meter.css';

interface MeterProps {
  readonly label: string;
  /** What is shown at the right: `1.2 GiB of 3 GiB`. */
  readonly text: string;
  /** Between 0 and 1. */
  readonly share: number;
  /** Between 0 and 1. */
  readonly mark?: number;
  readonly tone?: 'good' | 'warn' | 'bad';
}

export function Meter({ label, text, share, mark, tone }: MeterProps) {
  const used = Math.min(1, Math.max(0, share || 0));
  const shown = tone ?? (used > 0.95 ? 'bad' : used > 0.8 ? 'warn' : 'good');
  return (
    <div class="meter">
      <div class="meter-words">
        <span>{label}</span>
        <span class="num muted">{text}</span>
      </div>
      <svg
        aria-hidden="true"
        class={`meter-bar meter-${shown}`}
        preserveAspectRatio="none"
        viewBox="0 0 100 6"
      >
        <rect class="meter-ground" height="6" width="100" />
        <rect class="meter-used" height="6" width={used * 100} />
        {mark !== undefined && (
          <line class="meter-mark" x1={mark * 100} x2={mark * 100} y1="0" y2="6" />
        )}
      </svg>
    </div>
  );
}
