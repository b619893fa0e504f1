/**
 * Figures: a few numbers about one thing in a row, each below its name. The third of a figure is
 * its tooltip, the number in full.
 */
import './figures.css';

/** Name, number as text, tooltip. */
export type FigureText = readonly [label: string, value: string, title?: string];

export function Figures({ figures }: { figures: readonly FigureText[] }) {
  return (
    <dl class="figures">
      {figures.map(([label, value, title]) => (
        <div class="figure" key={label}>
          <dt>{label}</dt>
          <dd class="num" title={title}>
            {value}
          </dd>
        </div>
      ))}
    </dl>
  );
}
