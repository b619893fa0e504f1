/**
 * Hot spots: where a V8 CPU profile (*.cpuprofile, written by node --cpu-prof) says that the time
 * went, by function, without those it called. Chrome's DevTools show the same file as a chart.
 */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

interface Profile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: {
      readonly functionName: string;
      readonly url: string;
      readonly lineNumber: number;
    };
  }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

export interface HotSpot {
  /** `function file:line` */
  readonly place: string;
  /** Of the time that was not idle, 0 … 1. */
  readonly share: number;
}

/** Functions by their own time, the dearest first; idle time is left out. */
export function hotSpots(profile: Profile): HotSpot[] {
  const placeOf = new Map<number, string>();
  for (const { id, callFrame } of profile.nodes) {
    const file =
      callFrame.url === '' ? '' : ` ${shortUrl(callFrame.url)}:${callFrame.lineNumber + 1}`;
    placeOf.set(id, `${callFrame.functionName || '(anonymous)'}${file}`);
  }
  const spent = new Map<string, number>();
  let busy = 0;
  for (const [index, id] of profile.samples.entries()) {
    const place = placeOf.get(id) ?? '(unknown)';
    if (place === '(idle)') continue;
    const microseconds = profile.timeDeltas[index] ?? 0;
    spent.set(place, (spent.get(place) ?? 0) + microseconds);
    busy += microseconds;
  }
  return [...spent]
    .map(([place, microseconds]) => ({ place, share: microseconds / busy }))
    .toSorted((left, right) => right.share - left.share);
}

function shortUrl(url: string): string {
  return url.split('/').slice(-3).join('/');
}

/** The first `limit` hot spots of the newest profile in `directory`, as text. */
export function hotSpotReport(directory: string, limit: number): string {
  const names = readdirSync(directory).filter((name) => name.endsWith('.cpuprofile'));
  const newest = names.toSorted().at(-1);
  if (newest === undefined) return `no profile in ${directory}: did Warren end by itself?`;
  const file = path.join(directory, newest);
  const spots = hotSpots(JSON.parse(readFileSync(file, 'utf8')) as Profile).slice(0, limit);
  const lines = spots.map(
    ({ place, share }) => `${(share * 100).toFixed(1).padStart(5)} %  ${place}`,
  );
  return [`## Hot spots: ${file}`, '', ...lines].join('\n');
}
