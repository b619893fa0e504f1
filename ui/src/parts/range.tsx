/**
 * Range: how far back charts look, in the address as `range`. `useRange` also says with which
 * parameters the API gives samples of that range.
 */
import { useQuery } from '../shell/location.tsx';
import { Segments } from './segments.tsx';

type Key = '1m' | '10m' | '1h' | '8h' | '1d';

interface RangeShape {
  readonly key: Key;
  readonly label: string;
  readonly seconds: number;
  /** Between two samples, as RabbitMQ keeps them. */
  readonly step: number;
}

const RANGES: readonly RangeShape[] = [
  { key: '1m', label: '1 min', seconds: 60, step: 5 },
  { key: '10m', label: '10 min', seconds: 600, step: 5 },
  { key: '1h', label: '1 h', seconds: 3600, step: 60 },
  { key: '8h', label: '8 h', seconds: 28_800, step: 600 },
  { key: '1d', label: '1 day', seconds: 86_400, step: 1800 },
];

const USUAL = RANGES[1] as RangeShape;

/** The chosen range, no longer than `mostSeconds`. */
export function useRange(mostSeconds = 86_400): RangeShape {
  const [query] = useQuery();
  const chosen = RANGES.find(({ key }) => key === query.range) ?? USUAL;
  return chosen.seconds <= mostSeconds ? chosen : USUAL;
}

/** The parameters that ask for samples, for each kind of figure. */
export function sampling(
  range: RangeShape,
  kinds: readonly ('lengths' | 'msg_rates' | 'data_rates' | 'node_stats')[],
): Record<string, number> {
  return Object.fromEntries(
    kinds.flatMap((kind) => [
      [`${kind}_age`, range.seconds],
      [`${kind}_incr`, range.step],
    ]),
  );
}

/** The choice, as segments. */
export function RangePicker({ mostSeconds = 86_400 }: { mostSeconds?: number }) {
  const [, setQuery] = useQuery();
  const range = useRange(mostSeconds);
  return (
    <Segments
      label="Range of the charts"
      onChange={(key) => setQuery({ range: key === USUAL.key ? '' : key })}
      options={RANGES.filter(({ seconds }) => seconds <= mostSeconds).map(({ key, label }) => [
        key,
        label,
      ])}
      value={range.key}
    />
  );
}
