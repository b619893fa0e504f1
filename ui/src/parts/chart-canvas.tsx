/**
 * ChartCanvas: uPlot wrapped. It lives in a chunk of its own and is used by chart.tsx only. Draws
 * anew when the theme changes, because a canvas knows nothing of CSS.
 */
import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import { isDark } from '../shell/theme.ts';
import 'uplot/dist/uPlot.min.css';
import type { ChartProps, Series } from './chart.tsx';
import './chart-canvas.css';

export function ChartCanvas({ series, format, filled = false }: ChartProps) {
  const root = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const dark = isDark.value;
  const shape = series.map(({ key }) => key).join(' ');
  useEffect(() => {
    const element = root.current;
    if (element === null) return undefined;
    const made = new uPlot(optionsOf(element, series, format, filled), dataOf(series), element);
    plot.current = made;
    const resized = new ResizeObserver(() =>
      made.setSize({ width: element.clientWidth, height: element.clientHeight }),
    );
    resized.observe(element);
    return () => {
      resized.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, [shape, dark]);
  useEffect(() => plot.current?.setData(dataOf(series)), [series]);
  return <div class="chart-canvas" ref={root} />;
}

function optionsOf(
  element: HTMLElement,
  series: readonly Series[],
  format: (value: number) => string,
  filled: boolean,
): uPlot.Options {
  const styles = getComputedStyle(element);
  const resolve = colourResolver(element);
  const axis: uPlot.Axis = {
    stroke: resolve('--text-3'),
    font: `11px ${styles.fontFamily}`,
    grid: { stroke: resolve('--line'), width: 1 },
    ticks: { show: false },
  };
  return {
    width: element.clientWidth,
    height: element.clientHeight,
    padding: [8, 24, 0, 0],
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, points: { size: 7 } },
    scales: { y: { range: (_plot, _low, high) => [0, Math.max(1, (high ?? 0) * 1.1)] } },
    axes: [
      { ...axis, grid: { show: false }, gap: 6, size: 26, space: 84, values: TIMES },
      { ...axis, size: 56, gap: 8, values: (_plot, marks) => marks.map(format) },
    ],
    series: [
      {},
      ...series.map(({ label, colour }): uPlot.Series => {
        const stroke = resolve(`--series-${colour}`);
        return {
          label,
          stroke,
          width: 1.5,
          points: { show: false },
          spanGaps: true,
          ...(filled ? { fill: translucent(stroke) } : {}),
        };
      }),
    ],
    plugins: [tooltip(series, format)],
  };
}

/** uPlot's own format, without the American clock. */
const TIMES: uPlot.Axis['values'] = [
  [3600, '{HH}:{mm}', null, null, null, null, null, null, 1],
  [60, '{HH}:{mm}', null, null, null, null, null, null, 1],
  [1, '{HH}:{mm}:{ss}', null, null, null, null, null, null, 1],
];

/** Computed values of custom properties still say light-dark(): a real property resolves them. */
function colourResolver(element: HTMLElement): (name: string) => string {
  return (name) => {
    const probe = document.createElement('span');
    probe.style.color = `var(${name})`;
    element.append(probe);
    const { color } = getComputedStyle(probe);
    probe.remove();
    return color;
  };
}

function translucent(colour: string): string {
  return colour.replace(/^rgb\((.*)\)$/, 'rgba($1, 0.12)');
}

/** All series on one time axis: where one has no sample, it has a gap. */
function dataOf(series: readonly Series[]): uPlot.AlignedData {
  const times = new Set<number>();
  for (const { points } of series) for (const { timestamp } of points) times.add(timestamp);
  const axis = [...times].sort((a, b) => a - b);
  const columns = series.map(({ points }) => {
    const values = new Map(points.map(({ timestamp, sample }) => [timestamp, sample]));
    return axis.map((time) => values.get(time) ?? null);
  });
  return [axis.map((time) => time / 1000), ...columns];
}

/** The values below the pointer, in a small surface that follows it. */
function tooltip(series: readonly Series[], format: (value: number) => string): uPlot.Plugin {
  const box = document.createElement('div');
  box.className = 'chart-tip';
  box.hidden = true;
  const show = (plot: uPlot) => {
    const { idx, left = -1 } = plot.cursor;
    box.hidden = idx === null || idx === undefined || left < 0;
    if (box.hidden) return;
    const time = plot.data[0][idx as number];
    const head = document.createElement('p');
    head.textContent = time === undefined ? '' : new Date(time * 1000).toLocaleTimeString();
    const rows = series.map(({ label, colour }, index) => {
      const row = document.createElement('p');
      row.className = `series-${colour}`;
      const value = plot.data[index + 1]?.[idx as number];
      row.textContent = `${label}  ${typeof value === 'number' ? format(value) : '–'}`;
      return row;
    });
    box.replaceChildren(head, ...rows);
    const right = left > plot.over.clientWidth / 2;
    box.style.left = `${right ? left - box.offsetWidth - 12 : left + 12}px`;
  };
  return { hooks: { init: (plot) => plot.over.append(box), setCursor: show } };
}
