/**
 * Toasts: short words at the edge about what just happened. Good news leaves by itself, bad news
 * stays until it is closed. `attempt` runs an action and says how it ended.
 */
import { signal } from '@preact/signals';
import { sayError } from '../api/request.ts';
import { refresh } from '../live/ticker.ts';
import { Button } from './button.tsx';
import { Icon } from './icon.tsx';
import './toast.css';

interface ToastItem {
  readonly id: number;
  readonly tone: 'good' | 'bad';
  readonly text: string;
}

const STAY_MS = 5000;
const items = signal<readonly ToastItem[]>([]);
let lastId = 0;

function dismiss(id: number): void {
  items.value = items.value.filter((one) => one.id !== id);
}

export function toast(text: string, tone: 'good' | 'bad' = 'good'): void {
  const id = ++lastId;
  items.value = [...items.value.slice(-3), { id, tone, text }];
  if (tone === 'good') setTimeout(() => dismiss(id), STAY_MS);
}

/**
 * Runs something that changes the broker, says how it went, and lets every list read again.
 * @returns whether it worked
 */
export async function attempt(done: string, action: () => Promise<unknown>): Promise<boolean> {
  try {
    await action();
    toast(done);
    return true;
  } catch (error) {
    toast(sayError(error), 'bad');
    return false;
  } finally {
    refresh();
  }
}

/** Where they appear; the shell has one. */
export function Toasts() {
  return (
    <div class="toasts" role="status">
      {items.value.map(({ id, tone, text }) => (
        <div class={`toast toast-${tone}`} key={id}>
          <Icon name={tone === 'good' ? 'check' : 'warning'} />
          <p>{text}</p>
          <Button icon="close" kind="plain" label="Dismiss" onClick={() => dismiss(id)} small />
        </div>
      ))}
    </div>
  );
}
