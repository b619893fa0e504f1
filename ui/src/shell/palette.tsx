/**
 * Palette: Ctrl-K finds anything: pages, queues, exchanges, connections, users. What is on the
 * broker is asked for by name, a few of each kind, while somebody types.
 */
import { signal } from '@preact/signals';
import { useEffect, useRef, useState } from 'preact/hooks';
import { Dialog } from '../parts/dialog.tsx';
import { Icon } from '../parts/icon.tsx';
import { find, type Hit, placesLike } from './find.ts';
import './palette.css';

export const paletteOpen = signal(false);

export function openPalette(): void {
  paletteOpen.value = true;
}

function close(): void {
  paletteOpen.value = false;
}

const REST_MS = 120;

/** What the broker has by that name; asked for once the typist rests. */
function useFound(text: string): readonly Hit[] {
  const [found, setFound] = useState<readonly Hit[]>([]);
  useEffect(() => {
    if (text.trim() === '') {
      setFound([]);
      return undefined;
    }
    const stopped = new AbortController();
    const timer = setTimeout(() => {
      void find(text.trim(), stopped.signal).then((hits) => {
        if (!stopped.signal.aborted) setFound(hits);
      });
    }, REST_MS);
    return () => {
      clearTimeout(timer);
      stopped.abort();
    };
  }, [text]);
  return found;
}

export function Palette() {
  const [text, setText] = useState('');
  const [chosen, setChosen] = useState(0);
  const list = useRef<HTMLUListElement>(null);
  const found = useFound(text);
  useEffect(() => setChosen(0), [text]);
  const hits = [...placesLike(text), ...found];
  const press = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step !== undefined && hits.length > 0) {
      event.preventDefault();
      const next = (chosen + step + hits.length) % hits.length;
      setChosen(next);
      list.current?.children[next]?.scrollIntoView({ block: 'nearest' });
    } else if (event.key === 'Enter') {
      event.preventDefault();
      const hit = hits[chosen];
      if (hit === undefined) return;
      close();
      window.location.hash = hit.href;
    }
  };
  return (
    <Dialog onClose={close} title="Find anything">
      <div class="palette">
        <input
          aria-activedescendant={hits.length > 0 ? `hit-${chosen}` : undefined}
          aria-autocomplete="list"
          aria-controls="hits"
          aria-expanded="true"
          aria-label="Name of a page, queue, exchange or connection"
          autocomplete="off"
          autofocus
          onInput={(event) => setText(event.currentTarget.value)}
          onKeyDown={press}
          placeholder="Page, queue, exchange, connection …"
          role="combobox"
          spellcheck={false}
          type="text"
          value={text}
        />
        <ul aria-label="Found" class="hits" id="hits" ref={list} role="listbox">
          {hits.map((hit, index) => (
            <li
              aria-selected={index === chosen}
              id={`hit-${index}`}
              key={`${hit.kind} ${hit.href}`}
              role="option"
            >
              <a class="hit" href={hit.href} onClick={close} tabIndex={-1}>
                <Icon name={hit.icon} />
                <span class="hit-name">{hit.name}</span>
                <span class="hit-kind">{hit.kind}</span>
              </a>
            </li>
          ))}
        </ul>
        {hits.length === 0 && <p class="muted">Nothing is called that.</p>}
      </div>
    </Dialog>
  );
}
