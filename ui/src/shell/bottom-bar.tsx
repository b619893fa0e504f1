/**
 * BottomBar: the rail of phones: four places that one needs on the way, and a menu with the rest.
 * Rail and bar offer the same places, from places.ts.
 */
import { useLocation } from 'preact-iso';
import { Icon } from '../parts/icon.tsx';
import { Menu } from '../parts/menu.tsx';
import { GROUPS, isAt, visible } from './places.ts';
import './bottom-bar.css';

const FIRST = ['/', '/queues', '/connections', '/messages'];

export function BottomBar() {
  const { path } = useLocation();
  const all = visible(GROUPS.flat());
  const first = all.filter((place) => FIRST.includes(place.path));
  const rest = all.filter((place) => !FIRST.includes(place.path));
  return (
    <nav aria-label="Places" class="bottom-bar">
      {first.map((place) => (
        <a
          aria-current={isAt(place, path) ? 'page' : undefined}
          class="bottom-link"
          href={`#${place.path}`}
          key={place.path}
        >
          <Icon name={place.icon} size={18} />
          {place.label}
        </a>
      ))}
      <Menu
        button={
          <>
            <Icon name="more" size={18} />
            More
          </>
        }
        buttonClass="bottom-link"
        label="More places"
      >
        {(close) =>
          rest.map((place) => (
            <a
              aria-current={isAt(place, path) ? 'true' : undefined}
              class="menu-item"
              href={`#${place.path}`}
              key={place.path}
              onClick={close}
            >
              <Icon name={place.icon} />
              {place.label}
            </a>
          ))
        }
      </Menu>
    </nav>
  );
}
