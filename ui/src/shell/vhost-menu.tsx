/**
 * VhostMenu: chooses the virtual host that all lists are narrowed to. How lists use the choice is
 * vhost.ts. The names are read when it opens; many can be narrowed by typing.
 */
import { useState } from 'preact/hooks';
import { useResource } from '../live/resource.ts';
import { Icon } from '../parts/icon.tsx';
import { Menu } from '../parts/menu.tsx';
import { useQuery } from './location.tsx';
import { chooseVhost, vhost } from './vhost.ts';

export function VhostMenu() {
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
      {(close) => (
        <Names
          chosen={chosen}
          onChoose={(name) => {
            choose(name);
            close();
          }}
        />
      )}
    </Menu>
  );
}

/** So many fit without a filter. */
const FEW = 12;

interface NamesProps {
  readonly chosen: string;
  readonly onChoose: (name: string) => void;
}

function Names({ chosen, onChoose }: NamesProps) {
  const { data } = useResource<readonly { readonly name: string }[]>('vhosts?columns=name', true);
  const [text, setText] = useState('');
  const names = (data ?? []).map(({ name }) => name);
  const shown = names.filter((name) => name.includes(text)).slice(0, 100);
  return (
    <>
      {names.length > FEW && (
        <input
          aria-label="Filter virtual hosts"
          onInput={(event) => setText(event.currentTarget.value)}
          placeholder="Filter"
          spellcheck={false}
          value={text}
        />
      )}
      {(text === '' ? ['', ...shown] : shown).map((name) => (
        <button
          aria-pressed={name === chosen}
          class="menu-item"
          key={name}
          onClick={() => onChoose(name)}
          type="button"
        >
          {name === '' ? 'All virtual hosts' : name}
        </button>
      ))}
    </>
  );
}
