/**
 * FlowCharts: the two charts that the overview and every queue have: how many messages wait, and
 * how fast they come and go.
 */
import { ratesOf, type Statistics, samplesOf, sinceCounted } from '../api/statistics.ts';
import { rate, short } from '../format/number.ts';
import { Chart, type Series } from './chart.tsx';
import { Panel } from './panel.tsx';
import './flow-charts.css';

interface FlowChartsProps {
  /** Holds messages_ready and messages_unacknowledged. */
  readonly depths: Statistics | undefined;
  /** Holds publish, deliver_get, ack and more. */
  readonly rates: Statistics | undefined;
}

const DEPTHS = [
  ['messages_ready', 'Ready', 1],
  ['messages_unacknowledged', 'Unacked', 2],
] as const;

const RATES = [
  ['publish', 'Publish', 1],
  ['deliver_get', 'Deliver', 3],
  ['ack', 'Ack', 5],
  ['redeliver', 'Redeliver', 2],
  ['confirm', 'Confirm', 6],
  ['drop_unroutable', 'Unroutable', 4],
] as const;

export function FlowCharts({ depths, rates }: FlowChartsProps) {
  // Where the counters begin, the depths do: before that, nobody looked.
  const starts = RATES.flatMap(([key]) => {
    const [first] = sinceCounted(samplesOf(rates, key));
    return first !== undefined && first.sample > 0 ? [first.timestamp] : [];
  });
  const since = starts.length === 0 ? 0 : Math.min(...starts);
  const waiting = DEPTHS.map(([key, label, colour]): Series => {
    const points = samplesOf(depths, key);
    const blank = points.every(({ sample, timestamp }) => sample === 0 || timestamp >= since);
    const shown = blank ? points.filter(({ timestamp }) => timestamp >= since) : points;
    return { key, label, colour, points: shown };
  });
  const moving = RATES.filter(([key]) => rates?.[key] !== undefined).map(
    ([key, label, colour]): Series => {
      const points = ratesOf(samplesOf(rates, key));
      return { key, label, colour, points: points.filter(({ timestamp }) => timestamp > since) };
    },
  );
  return (
    <div class="flow-charts">
      <Panel title="Messages waiting">
        <Chart filled format={short} label="Messages waiting over time" series={waiting} />
      </Panel>
      <Panel title="Messages per second">
        {moving.length > 0 ? (
          <Chart format={rate} label="Messages per second over time" series={moving} />
        ) : (
          <p class="muted flow-none">Nothing has been published or delivered yet.</p>
        )}
      </Panel>
    </div>
  );
}
