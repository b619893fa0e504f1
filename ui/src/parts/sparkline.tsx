/**
 * Sparkline: the last values of a figure as a line without axes. Decoration beside the figure
 * itself, hence hidden from screen readers. Scales from 0, so that a flat line is a quiet one.
 */
import './sparkline.css';

interface SparklineProps {
  readonly values: readonly number[];
  /** How many values the whole width stands for, if not just as many as there are. */
  readonly slots?: number;
}

const WIDTH = 120;
const HEIGHT = 28;

export function Sparkline({ values, slots = values.length }: SparklineProps) {
  const top = Math.max(1, ...values) * 1.1;
  const step = WIDTH / Math.max(1, slots - 1);
  const start = WIDTH - (values.length - 1) * step;
  const points = values.map((value, index) => {
    const y = HEIGHT - 1 - (value / top) * (HEIGHT - 3);
    return `${(start + index * step).toFixed(1)} ${y.toFixed(1)}`;
  });
  const line = `M${points.join('L')}`;
  return (
    <svg
      aria-hidden="true"
      class="sparkline"
      preserveAspectRatio="none"
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
    >
      {points.length > 1 && (
        <>
          <path class="sparkline-area" d={`${line}L${WIDTH} ${HEIGHT}L${start} ${HEIGHT}Z`} />
          <path class="sparkline-line" d={line} />
        </>
      )}
    </svg>
  );
}
