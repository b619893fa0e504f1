/**
 * Palette: Ctrl-K finds anything: pages, queues, exchanges, connections, users. What is on the
 * broker is asked for by name, a few of each kind, while somebody types.
 */
import { useEffect, useRef, useState } from 'preact/hooks';
import { Dialog } from '../parts/dialog.tsx';
import { Icon } from '../parts/icon.tsx';
import { find, type Hit, placesLike } from './find.ts';
import { paletteOpen } from './shortcuts.ts';
import './palette.css';

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

export default function Palette() {
  const [text, setText] = useState('');
  const [chosen, setChosen] = useState(0);
  const list = useRef<HTMLDivElement>(null);
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
        <div aria-label="Found" class="hits" id="hits" ref={list} role="listbox">
          {hits.map((hit, index) => (
            <a
              aria-selected={index === chosen}
              class="hit"
              href={hit.href}
              id={`hit-${index}`}
              key={`${hit.kind} ${hit.href}`}
              onClick={close}
              role="option"
              tabIndex={-1}
            >
              <Icon name={hit.icon} />
              <span class="hit-name">{hit.name}</span>
              <span class="hit-kind">{hit.kind}</span>
            </a>
          ))}
        </div>
        {hits.length === 0 && <p class="muted">Nothing is called that.</p>}
      </div>
    </Dialog>
  );
}
