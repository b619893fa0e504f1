/**
 * Tiles: the six figures that say whether messages flow, each with its past in a small line and a
 * link to where it can be looked into.
 */
import type { Overview } from '../../api/overview.ts';
import { ratesOf, type Sample, samplesOf } from '../../api/statistics.ts';
import { count, rate, short } from '../../format/number.ts';
import { type Figure, figuresOf, history, overview } from '../../live/overview.ts';
import { Sparkline } from '../../parts/sparkline.tsx';

interface TileShape {
  readonly figure: Figure;
  readonly label: string;
  readonly unit?: string;
  readonly href: string;
  readonly colour: number;
}

const TILES: readonly TileShape[] = [
  {
    figure: 'ready',
    label: 'Ready',
    href: '#/queues?sort=messages_ready&reverse=true',
    colour: 1,
  },
  {
    figure: 'unacked',
    label: 'Unacked',
    href: '#/queues?sort=messages_unacknowledged&reverse=true',
    colour: 2,
  },
  {
    figure: 'in',
    label: 'In',
    unit: '/s',
    href: '#/exchanges?sort=message_stats.publish_in_details.rate&reverse=true',
    colour: 1,
  },
  {
    figure: 'out',
    label: 'Out',
    unit: '/s',
    href: '#/queues?sort=message_stats.deliver_get_details.rate&reverse=true',
    colour: 3,
  },
  { figure: 'connections', label: 'Connections', href: '#/connections', colour: 6 },
  { figure: 'consumers', label: 'Consumers', href: '#/consumers', colour: 6 },
];

/** @param sampled the overview with samples, for what the API remembers */
export function Tiles({ sampled }: { sampled: Overview | undefined }) {
  const now = overview.value && figuresOf(overview.value);
  const past = pastOf(sampled);
  return (
    <div class="tiles">
      {TILES.map(({ figure, label, unit, href, colour }) => {
        const value = now?.[figure];
        const text = unit ? rate(value) : short(value);
        return (
          <a class={`tile series-${colour}`} href={href} key={figure}>
            <span class="tile-label">{label}</span>
            <span class="tile-value num" title={count(value)}>
              {text}
              {unit && <span class="tile-unit">{unit}</span>}
            </span>
            <Sparkline values={past[figure] ?? history.value[figure]} />
          </a>
        );
      })}
    </div>
  );
}

/** What the API remembers of each figure; connections and consumers only this page does. */
function pastOf(sampled: Overview | undefined): Partial<Record<Figure, readonly number[]>> {
  if (sampled === undefined) return {};
  const { queue_totals: totals, message_stats: stats } = sampled;
  const values = (samples: readonly Sample[]) => samples.map(({ sample }) => sample);
  return {
    ready: values(samplesOf(totals, 'messages_ready')),
    unacked: values(samplesOf(totals, 'messages_unacknowledged')),
    in: values(ratesOf(samplesOf(stats, 'publish'))),
    out: values(ratesOf(samplesOf(stats, 'deliver_get'))),
  };
}
