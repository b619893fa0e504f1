/**
 * Logo: a burrow seen from the side, two tunnels one inside the other, and two ears above. The
 * same drawing is public/favicon.svg.
 */
export function Logo({ size = 24 }: { size?: number }) {
  return (
    <svg aria-hidden="true" class="logo" height={size} viewBox="0 0 32 32" width={size}>
      <rect class="logo-ground" height="32" rx="8" width="32" />
      <g class="logo-lines" fill="none" stroke-linecap="round" stroke-width="3.2">
        <path d="M7 25V17.5a9 9 0 0 1 18 0V25" />
        <path d="M13 25v-6.5a3 3 0 0 1 6 0V25" />
        <path d="M12.2 9.2 10.5 4.8M19.8 9.2l1.7-4.4" />
      </g>
    </svg>
  );
}
