/**
 * Icon: the console's own line icons, drawn on a grid of 16. They are decoration: whatever they
 * stand for is also there as text, for eyes or for screen readers.
 */

const PATHS = {
  overview: 'M2.5 9.5h4v4h-4zM9.5 2.5h4v11h-4zM2.5 2.5h4v4h-4z',
  topology:
    'M3.5 5.5a2 2 0 1 0 0-.01M12.5 3.5a1.5 1.5 0 1 0 0-.01' +
    'M12.5 12.5a1.5 1.5 0 1 0 0-.01M5.5 5l5.5-1.2M5 6.8l6 4.9',
  queues: 'M2.5 3h11v2.8h-11zM2.5 7.9h11M2.5 10.5h11M2.5 13h11',
  exchanges: 'M2.5 5h9.5M9.5 2.2 12.3 5 9.5 7.8M13.5 11H4M6.5 8.2 3.7 11l2.8 2.8',
  connections:
    'M6 10 4.5 11.5a2.5 2.5 0 0 1-3.5-3.5L3.5 5.5a2.5 2.5 0 0 1 3.5 0' +
    'M10 6l1.5-1.5a2.5 2.5 0 0 1 3.5 3.5l-2.5 2.5a2.5 2.5 0 0 1-3.5 0M6 8.5l4-1',
  messages: 'M2 3.5h12v9H2zM2 4l6 4.8L14 4',
  trace: 'M1.5 8h3l2-5 3 10 2-5h3',
  playground: 'M4.5 2.8v10.4L13 8z',
  admin:
    'M8 5.6a2.4 2.4 0 1 0 .01 0M8 1.5v2M8 12.5v2M1.5 8h2M12.5 8h2M3.4 3.4l1.4 1.4' +
    'M11.2 11.2l1.4 1.4M3.4 12.6l1.4-1.4M11.2 4.8l1.4-1.4',
  nodes: 'M2.5 2.5h11v4.5h-11zM2.5 9h11v4.5h-11zM5 4.75h.01M5 11.25h.01',
  search: 'M7 2.5a4.5 4.5 0 1 0 .01 0M10.3 10.3l3.2 3.2',
  user: 'M8 2.5a2.7 2.7 0 1 0 .01 0M2.8 13.5c.6-3 2.7-4.3 5.2-4.3s4.6 1.3 5.2 4.3',
  bell: 'M4 11V7a4 4 0 0 1 8 0v4l1 1.2H3zM6.7 14.2h2.6',
  sun:
    'M8 5.2a2.8 2.8 0 1 0 .01 0M8 1.2v1.3M8 13.5v1.3M1.2 8h1.3M13.5 8h1.3' +
    'M3.2 3.2l.9.9M11.9 11.9l.9.9M3.2 12.8l.9-.9M11.9 4.1l.9-.9',
  moon: 'M13 9.7A5.7 5.7 0 1 1 6.3 3a4.6 4.6 0 0 0 6.7 6.7z',
  system: 'M2 3h12v8H2zM5.5 13.5h5M8 11v2.5',
  plus: 'M8 3v10M3 8h10',
  minus: 'M3 8h10',
  close: 'M3.8 3.8l8.4 8.4M12.2 3.8l-8.4 8.4',
  check: 'M3 8.5l3.2 3.2L13 4.7',
  down: 'M4 6.3l4 4 4-4',
  up: 'M4 9.7l4-4 4 4',
  right: 'M6.3 4l4 4-4 4',
  left: 'M9.7 4l-4 4 4 4',
  more: 'M3.5 8h.01M8 8h.01M12.5 8h.01',
  warning: 'M8 2.3 14.5 13.5h-13zM8 6.5v3.2M8 11.6h.01',
  info: 'M8 1.8a6.2 6.2 0 1 0 .01 0M8 7.3v3.9M8 4.9h.01',
  pause: 'M5.5 3.5v9M10.5 3.5v9',
  refresh: 'M13 8a5 5 0 1 1-1.5-3.5L13 6M13 2.8V6h-3.2',
  trash: 'M2.5 4.5h11M6 4.2V2.5h4v1.7M4 4.5l.6 9h6.8l.6-9M6.7 7v4M9.3 7v4',
  copy: 'M5.5 5.5h8v8h-8zM10.5 5.3V2.5h-8v8h2.8',
  columns: 'M2.5 3h11v10h-11zM6.2 3v10M9.8 3v10',
  filter: 'M2 3.5h12M4.5 8h7M6.7 12.5h2.6',
  lock: 'M3.5 7h9v6.5h-9zM5.5 7V5a2.5 2.5 0 0 1 5 0v2',
  out: 'M6.5 2.5h-4v11h4M6 8h8M11 5l3 3-3 3',
  upload: 'M8 10.5v-8M4.8 5.5 8 2.3l3.2 3.2M2.5 10v3.5h11V10',
  download: 'M8 2.5v8M4.8 7.5 8 10.7l3.2-3.2M2.5 10v3.5h11V10',
  keyboard: 'M1.5 4h13v8h-13zM4 6.5h.01M6.7 6.5h.01M9.3 6.5h.01M12 6.5h.01M5 9.5h6',
  link: 'M9 3h4v4M13 3 7.5 8.5M11.5 9.5v3.5h-8.5V4.5h3.5',
} as const;

/** The names of all icons. */
export type IconName = keyof typeof PATHS;

export function Icon({ name, size = 16 }: { name: IconName; size?: number }) {
  return (
    <svg
      aria-hidden="true"
      class="icon"
      fill="none"
      height={size}
      stroke="currentColor"
      stroke-linecap="round"
      stroke-linejoin="round"
      stroke-width="1.5"
      viewBox="0 0 16 16"
      width={size}
    >
      <path d={PATHS[name]} />
    </svg>
  );
}
