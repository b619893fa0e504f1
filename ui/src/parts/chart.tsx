/**
 * Chart: series over time with a legend that switches them on and off. The drawing library is a
 * chunk of its own, fetched when the first chart appears; until then the space is kept, so that
 * nothing moves.
 */
import { useEffect, useState } from 'preact/hooks';
import { NOTHING } from '../format/number.ts';
import './chart.css';

/** One line: points in milliseconds and values, oldest first. */
export interface Series {
  readonly key: string;
  readonly label: string;
  readonly points: readonly { readonly timestamp: number; readonly sample: number }[];
  /** Which of the palette's colours, 1 to 6. */
  readonly colour: number;
}

/** What Chart and its canvas are told. */
export interface ChartProps {
  readonly label: string;
  readonly series: readonly Series[];
  /** A value as text, for axis and legend. */
  readonly format: (value: number) => string;
  /** Whether the area below lines is filled. */
  readonly filled?: boolean;
}

type Canvas = typeof import('./chart-canvas.tsx').ChartCanvas;
let loaded: Canvas | null = null;

export function Chart(props: ChartProps) {
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set());
  const [canvas, setCanvas] = useState<{ readonly draw: Canvas } | null>(
    loaded && { draw: loaded },
  );
  useEffect(() => {
    if (canvas !== null) return;
    void import('./chart-canvas.tsx').then(({ ChartCanvas }) => {
      loaded = ChartCanvas;
      setCanvas({ draw: ChartCanvas });
    });
  }, []);
  const toggle = (key: string) => {
    const next = new Set(hidden);
    if (!next.delete(key)) next.add(key);
    setHidden(next);
  };
  const Draw = canvas?.draw;
  const empty = props.series.every(({ points }) => points.length === 0);
  const shown = props.series.filter(({ key }) => !hidden.has(key));
  return (
    <figure aria-label={props.label} class="chart">
      <div class="chart-space">
        {empty ? (
          <p class="chart-none">Nothing measured yet</p>
        ) : (
          Draw && <Draw {...props} series={shown} />
        )}
      </div>
      <div class="legend">
        {props.series.map(({ key, label, colour, points }) => (
          <button
            aria-pressed={!hidden.has(key)}
            class={`legend-item series-${colour}`}
            key={key}
            onClick={() => toggle(key)}
            type="button"
          >
            <span class="legend-mark" />
            {label}
            <span class="legend-value num">
              {points.length === 0 ? NOTHING : props.format(points.at(-1)?.sample ?? 0)}
            </span>
          </button>
        ))}
      </div>
    </figure>
  );
}
