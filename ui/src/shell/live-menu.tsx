/**
 * LiveMenu: whether figures move by themselves, how often, and a way to stop them for a look. The
 * beat itself is live/ticker.ts.
 */
import {
  chooseInterval,
  INTERVALS,
  intervalSeconds,
  paused,
  reachable,
  refresh,
  streaming,
} from '../live/ticker.ts';
import { Icon } from '../parts/icon.tsx';
import { Menu } from '../parts/menu.tsx';

export function LiveMenu() {
  const words = !reachable.value ? 'Offline' : paused.value ? 'Paused' : liveWords();
  const mark = !reachable.value ? ' live-lost' : paused.value ? ' live-paused' : '';
  return (
    <Menu
      button={
        <>
          <span class={`live-dot${mark}`} />
          <span class="live-word num">{words}</span>
          <Icon name="down" size={12} />
        </>
      }
      label={`Live data: ${words}`}
    >
      {(close) => (
        <>
          <button
            class="menu-item"
            onClick={() => {
              paused.value = !paused.value;
              close();
            }}
            type="button"
          >
            <Icon name={paused.value ? 'playground' : 'pause'} />
            {paused.value ? 'Go on' : 'Pause'}
          </button>
          <button class="menu-item" onClick={refresh} type="button">
            <Icon name="refresh" />
            Refresh now
          </button>
          {!streaming.value && <p class="menu-title">Every</p>}
          {!streaming.value &&
            INTERVALS.map((seconds) => (
              <button
                aria-pressed={intervalSeconds.value === seconds}
                class="menu-item"
                key={seconds}
                onClick={() => {
                  chooseInterval(seconds);
                  close();
                }}
                type="button"
              >
                {seconds} seconds
              </button>
            ))}
        </>
      )}
    </Menu>
  );
}

function liveWords(): string {
  return streaming.value ? 'Live' : `${intervalSeconds.value} s`;
}
