/**
 * Rail: the places, at the left edge; icons alone where there is less room. It is not there on
 * phones, which have bottom-bar.tsx instead.
 */
import { useLocation } from 'preact-iso';
import { overview } from '../live/overview.ts';
import { Icon } from '../parts/icon.tsx';
import { Logo } from './logo.tsx';
import { GROUPS, isAt, type Place, visible } from './places.ts';
import './rail.css';

export function Rail() {
  const { path } = useLocation();
  return (
    <nav aria-label="Main" class="rail">
      <a aria-label="Warren, overview" class="rail-brand" href="#/">
        <Logo size={26} />
        <span class="rail-word">Warren</span>
      </a>
      {GROUPS.map(visible).map((places) => (
        <ul class="rail-group" key={places[0]?.path}>
          {places.map((place) => (
            <li key={place.path}>
              <RailLink here={isAt(place, path)} place={place} />
            </li>
          ))}
        </ul>
      ))}
      <p class="rail-foot">{productOf()}</p>
    </nav>
  );
}

function RailLink({ place, here }: { place: Place; here: boolean }) {
  return (
    <a
      aria-current={here ? 'page' : undefined}
      class="rail-link"
      href={`#${place.path}`}
      title={`${place.label} (g ${place.key})`}
    >
      <Icon name={place.icon} />
      <span class="rail-word">{place.label}</span>
    </a>
  );
}

/** Which broker this is: the console also serves a RabbitMQ. */
function productOf(): string {
  const now = overview.value;
  if (now === null) return '';
  return `${now.product_name ?? 'RabbitMQ'} ${now.product_version ?? now.rabbitmq_version ?? ''}`;
}
