/**
 * Viewport: which part of a map is seen: dragged by the mouse or a finger, zoomed by the wheel, two
 * fingers or buttons, moved by the arrow keys. Knows nothing of what is on the map.
 */
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';

/** A scale, and where the map's origin is on the screen. */
export interface View {
  readonly scale: number;
  readonly x: number;
  readonly y: number;
}

export interface Viewport {
  readonly view: View;
  /** Whoever holds the map. */
  readonly box: { current: HTMLDivElement | null };
  readonly dragging: boolean;
  readonly zoom: (factor: number) => void;
  readonly fit: () => void;
}

const LEAST = 0.15;
const MOST = 2.5;
/** On a phone it is better to see a part than to read nothing. */
const READABLE = 0.6;
const STEP = 60;

function clamped(scale: number): number {
  return Math.min(MOST, Math.max(LEAST, scale));
}

/** @param width of the map, in its own units; it is fitted into the box when that changes */
export function useViewport(width: number, height: number): Viewport {
  const box = useRef<HTMLDivElement | null>(null);
  const [view, setView] = useState<View>({ scale: 1, x: 0, y: 0 });
  const [dragging, setDragging] = useState(false);
  const touched = useRef(false);
  const fitIn = useCallback(() => {
    const element = box.current;
    if (element === null || width === 0 || height === 0) return;
    const { clientWidth, clientHeight } = element;
    // A map that is small is not blown up, and one that is long begins at its left.
    const least = clientWidth < 600 ? READABLE : LEAST;
    const whole = Math.min(1, clientWidth / width, clientHeight / height);
    const scale = clamped(Math.max(least, whole));
    const x = Math.max(0, (clientWidth - width * scale) / 2);
    const y = Math.max(0, (clientHeight - height * scale) / 2);
    setView({ scale, x, y });
  }, [width, height]);
  useEffect(() => {
    if (!touched.current) fitIn();
  }, [fitIn]);
  const zoomAt = useCallback((factor: number, px: number, py: number) => {
    touched.current = true;
    setView((old) => {
      const scale = clamped(old.scale * factor);
      const grown = scale / old.scale;
      return { scale, x: px - (px - old.x) * grown, y: py - (py - old.y) * grown };
    });
  }, []);
  const zoom = useCallback(
    (factor: number) => {
      const { clientWidth = 0, clientHeight = 0 } = box.current ?? {};
      zoomAt(factor, clientWidth / 2, clientHeight / 2);
    },
    [zoomAt],
  );
  useEffect(() => {
    const element = box.current;
    if (element === null) return undefined;
    return listen(element, { zoomAt, setView, setDragging, touched, zoom });
  }, [zoomAt, zoom, width === 0]);
  const fitAgain = useCallback(() => {
    touched.current = false;
    fitIn();
  }, [fitIn]);
  return { view, box, dragging, zoom, fit: fitAgain };
}

interface Reactions {
  readonly zoomAt: (factor: number, x: number, y: number) => void;
  readonly zoom: (factor: number) => void;
  readonly setView: (change: (old: View) => View) => void;
  readonly setDragging: (dragging: boolean) => void;
  readonly touched: { current: boolean };
}

/** @returns stops listening */
function listen(element: HTMLElement, reactions: Reactions): () => void {
  const { zoomAt, zoom, setView, setDragging, touched } = reactions;
  const fingers = new Map<number, { x: number; y: number }>();
  const stop = new AbortController();
  const { signal } = stop;
  const move = (dx: number, dy: number) => {
    touched.current = true;
    setView((old) => ({ ...old, x: old.x + dx, y: old.y + dy }));
  };
  element.addEventListener(
    'wheel',
    (event) => {
      event.preventDefault();
      const { left, top } = element.getBoundingClientRect();
      const factor = Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : 0.0015));
      zoomAt(factor, event.clientX - left, event.clientY - top);
    },
    { passive: false, signal },
  );
  element.addEventListener(
    'pointerdown',
    (event) => {
      if (event.button === 0) fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    },
    { signal },
  );
  window.addEventListener(
    'pointermove',
    (event) => {
      const before = fingers.get(event.pointerId);
      if (before === undefined) return;
      const now = { x: event.clientX, y: event.clientY };
      const [dx, dy] = [now.x - before.x, now.y - before.y];
      if (fingers.size === 1 && Math.abs(dx) + Math.abs(dy) < 3 && !touched.current) return;
      if (fingers.size === 2) pinch(fingers, event.pointerId, now, element, zoomAt);
      else move(dx, dy);
      fingers.set(event.pointerId, now);
      setDragging(true);
    },
    { signal },
  );
  const up = (event: PointerEvent) => {
    fingers.delete(event.pointerId);
    setDragging(false);
  };
  window.addEventListener('pointerup', up, { signal });
  window.addEventListener('pointercancel', up, { signal });
  element.addEventListener('keydown', (event) => onKey(event, move, zoom), { signal });
  return () => stop.abort();
}

function pinch(
  fingers: ReadonlyMap<number, { x: number; y: number }>,
  moved: number,
  now: { x: number; y: number },
  element: HTMLElement,
  zoomAt: Reactions['zoomAt'],
): void {
  const other = [...fingers].find(([id]) => id !== moved)?.[1];
  const before = fingers.get(moved);
  if (other === undefined || before === undefined) return;
  const apart = (one: { x: number; y: number }) => Math.hypot(one.x - other.x, one.y - other.y);
  const { left, top } = element.getBoundingClientRect();
  const [x, y] = [(now.x + other.x) / 2 - left, (now.y + other.y) / 2 - top];
  zoomAt(apart(now) / Math.max(1, apart(before)), x, y);
}

function onKey(
  event: KeyboardEvent,
  move: (dx: number, dy: number) => void,
  zoom: (factor: number) => void,
): void {
  const moves: Readonly<Record<string, readonly [number, number]>> = {
    ArrowLeft: [STEP, 0],
    ArrowRight: [-STEP, 0],
    ArrowUp: [0, STEP],
    ArrowDown: [0, -STEP],
  };
  const by = moves[event.key];
  if (by !== undefined) move(...by);
  else if (event.key === '+' || event.key === '=') zoom(1.25);
  else if (event.key === '-') zoom(0.8);
  else return;
  event.preventDefault();
}
