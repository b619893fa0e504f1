/**
 * Protocols: how many connections speak what, as one bar with its words. It looks at the first 500
 * connections, and says so if there are more.
 */
import { asPage, type PageOf } from '../../api/page-of.ts';
import { count, percent } from '../../format/number.ts';
import { useResource } from '../../live/resource.ts';
import { Panel } from '../../parts/panel.tsx';

interface Spoken {
  readonly protocol?: string;
}

const MOST = 500;
const PATH = `connections?page=1&page_size=${MOST}&columns=protocol`;

export function Protocols() {
  const { data } = useResource<PageOf<Spoken> | readonly Spoken[]>(PATH);
  const page = data && asPage(data);
  const shares = sharesOf(page?.items ?? []);
  const total = page?.items.length ?? 0;
  return (
    <Panel title="Protocols">
      {total === 0 ? (
        <p class="muted">{page ? 'Nobody is connected.' : ' '}</p>
      ) : (
        <div class="protocols">
          <svg
            aria-hidden="true"
            class="protocol-bar"
            preserveAspectRatio="none"
            viewBox={`0 0 ${total} 1`}
          >
            {shares.map(({ protocol, many, before }, index) => (
              <rect
                class={`protocol-part series-${(index % 6) + 1}`}
                height="1"
                key={protocol}
                width={many}
                x={before}
              />
            ))}
          </svg>
          <ul class="protocol-list">
            {shares.map(({ protocol, many }, index) => (
              <li class={`series-${(index % 6) + 1}`} key={protocol}>
                <span class="legend-mark" />
                {protocol}
                <span class="num muted">
                  {count(many)} · {percent(many / total)}
                </span>
              </li>
            ))}
          </ul>
          {page && page.total_count > MOST && (
            <p class="muted">
              The first {count(MOST)} of {count(page.total_count)} connections.
            </p>
          )}
        </div>
      )}
    </Panel>
  );
}

interface Share {
  readonly protocol: string;
  readonly many: number;
  /** How many stand left of it. */
  readonly before: number;
}

function sharesOf(connections: readonly Spoken[]): Share[] {
  const counts = new Map<string, number>();
  for (const { protocol = 'unknown' } of connections) {
    counts.set(protocol, (counts.get(protocol) ?? 0) + 1);
  }
  let before = 0;
  return [...counts]
    .sort(([a], [b]) => a.localeCompare(b))
    .map(([protocol, many]) => {
      before += many;
      return { protocol, many, before: before - many };
    });
}
