/**
 * confirm: asks before anything that cannot be undone, with the number of what would be lost. What
 * is grave has to be typed. The action runs inside the dialog, with its progress, and its failure
 * is shown there.
 */
import { signal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { sayError } from '../api/request.ts';
import { refresh } from '../live/ticker.ts';
import { Button } from './button.tsx';
import { Dialog } from './dialog.tsx';
import { Field } from './field.tsx';
import { FormError } from './form-error.tsx';
import { toast } from './toast.tsx';

/** One thing to confirm. */
export interface Confirmation {
  readonly title: string;
  /** What will happen, with counts. */
  readonly body: ComponentChildren;
  /** The button's word: `Delete 3 queues`. */
  readonly verb: string;
  /** What has to be typed before the button works. */
  readonly typed?: string;
  /** Said when it is done. */
  readonly done: string;
  /** Does it; `progress` shows how far it is, between 0 and 1. */
  readonly action: (progress: (share: number) => void) => Promise<unknown>;
  readonly after?: () => void;
}

const asked = signal<Confirmation | null>(null);

export function confirm(what: Confirmation): void {
  asked.value = what;
}

/** Where the question appears; the shell has one. */
export function ConfirmDialog() {
  const what = asked.value;
  return what && <Question what={what} key={what.title} />;
}

function Question({ what }: { what: Confirmation }) {
  const [typed, setTyped] = useState('');
  const [share, setShare] = useState<number | null>(null);
  const [failure, setFailure] = useState('');
  const busy = share !== null;
  const close = () => {
    if (!busy) asked.value = null;
  };
  const run = async (event: Event) => {
    event.preventDefault();
    if (busy || (what.typed !== undefined && typed !== what.typed)) return;
    setShare(0);
    setFailure('');
    try {
      await what.action(setShare);
      asked.value = null;
      toast(what.done);
      what.after?.();
    } catch (error) {
      setShare(null);
      setFailure(sayError(error));
    } finally {
      refresh();
    }
  };
  return (
    <Dialog onClose={close} title={what.title}>
      <form class="form" onSubmit={run}>
        <div class="form">{what.body}</div>
        {what.typed !== undefined && (
          <Field label={`Type ${what.typed} to confirm`}>
            <input
              autocomplete="off"
              onInput={(event) => setTyped(event.currentTarget.value)}
              spellcheck={false}
              value={typed}
            />
          </Field>
        )}
        {busy && <progress aria-label="Progress" class="progress" max={1} value={share} />}
        <FormError text={failure} />
        <div class="form-actions">
          <Button disabled={busy} onClick={close}>
            Cancel
          </Button>
          <Button
            busy={busy}
            disabled={what.typed !== undefined && typed !== what.typed}
            kind="danger"
            type="submit"
          >
            {what.verb}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
