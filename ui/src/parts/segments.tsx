/**
 * Segments: one choice among a few short ones, all of them in sight. For more than five, or long
 * words, a select is better.
 */
import './segments.css';

interface SegmentsProps<K extends string> {
  readonly label: string;
  readonly options: readonly (readonly [key: K, label: string])[];
  readonly value: K;
  readonly onChange: (key: K) => void;
}

export function Segments<K extends string>({ label, options, value, onChange }: SegmentsProps<K>) {
  return (
    <div aria-label={label} class="segments" role="group">
      {options.map(([key, text]) => (
        <button aria-pressed={key === value} key={key} onClick={() => onChange(key)} type="button">
          {text}
        </button>
      ))}
    </div>
  );
}
