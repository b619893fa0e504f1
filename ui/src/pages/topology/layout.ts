/**
 * Layout: where the nodes of a map go, by dagre, in layers from left to right. It is worked out
 * beside the page, in a worker, so that a large map does not hold up a keystroke; and only if what
 * is connected with what has changed, so that rates can change without anything moving.
 */
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Topology } from '../../api/topology.ts';
import type { LayoutAnswer, LayoutQuestion } from './layout-worker.ts';

/** A point of the map. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

/** Centres of nodes by id, the way of edges by `edgeKey`, and how large all of it is. */
export interface Layout {
  readonly nodes: Readonly<Record<string, Point>>;
  readonly edges: Readonly<Record<string, readonly Point[]>>;
  readonly width: number;
  readonly height: number;
}

export const NODE_WIDTH = 184;
export const NODE_HEIGHT = { exchange: 44, queue: 52, client: 40 } as const;

/** Tells edges apart. */
export function edgeKey({ from, to, kind }: { from: string; to: string; kind: string }): string {
  return `${kind} ${from} ${to}`;
}

/** The layout of a topology; that of the one before until it is there. */
export function useLayout(topology: Topology | undefined): Layout | null {
  const [layout, setLayout] = useState<Layout | null>(null);
  const worker = useRef<Worker | null>(null);
  useEffect(() => {
    const made = new Worker(new URL('./layout-worker.ts', import.meta.url), { type: 'module' });
    made.onmessage = ({ data }: MessageEvent<LayoutAnswer>) => setLayout(data);
    worker.current = made;
    return () => made.terminate();
  }, []);
  const shape = topology && shapeOf(topology);
  useEffect(() => {
    if (topology === undefined) return;
    const question: LayoutQuestion = {
      nodes: topology.nodes.map(({ id, kind }) => {
        return { id, kind, width: NODE_WIDTH, height: NODE_HEIGHT[kind] };
      }),
      edges: topology.edges.map((edge) => ({ ...edge, key: edgeKey(edge) })),
    };
    worker.current?.postMessage(question);
  }, [shape]);
  return layout;
}

function shapeOf({ nodes, edges }: Topology): string {
  return `${nodes.map(({ id }) => id).join()}|${edges.map(edgeKey).join()}`;
}
