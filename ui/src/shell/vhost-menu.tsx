/**
 * VhostMenu: chooses the virtual host that all lists are narrowed to. How lists use the choice is
 * vhost.ts.
 */
import { useResource } from '../live/resource.ts';
import { Icon } from '../parts/icon.tsx';
import { Menu } from '../parts/menu.tsx';
import { useQuery } from './location.tsx';
import { chooseVhost, vhost } from './vhost.ts';

export function VhostMenu() {
  const { data } = useResource<readonly { readonly name: string }[]>('vhosts?columns=name', true);
  const [query, setQuery] = useQuery();
  const choose = (name: string) => {
    chooseVhost(name);
    if (query.page !== undefined) setQuery({ page: '' });
  };
  const chosen = vhost.value;
  return (
    <Menu
      align="start"
      button={
        <>
          <span class="vhost-word">{chosen === '' ? 'All virtual hosts' : chosen}</span>
          <Icon name="down" size={12} />
        </>
      }
      buttonClass="btn vhost-button"
      label={chosen === '' ? 'All virtual hosts' : `Virtual host ${chosen}`}
    >
      {(close) =>
        ['', ...(data ?? []).map(({ name }) => name)].map((name) => (
          <button
            aria-pressed={name === chosen}
            class="menu-item"
            key={name}
            onClick={() => {
              choose(name);
              close();
            }}
            type="button"
          >
            {name === '' ? 'All virtual hosts' : name}
          </button>
        ))
      }
    </Menu>
  );
}
