/**
 * FormDialog: a window with a form: what is inside is up to its user; it has the buttons, waits
 * while the broker works, and shows its refusal as it is, because that names what is wrong.
 */
import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { sayError } from '../api/request.ts';
import { refresh } from '../live/ticker.ts';
import { Button } from './button.tsx';
import { Dialog } from './dialog.tsx';
import { FormError } from './form-error.tsx';
import { toast } from './toast.tsx';

interface FormDialogProps {
  readonly title: string;
  /** The word on the button. */
  readonly verb: string;
  /** Said when it is done. */
  readonly done: string;
  readonly onClose: () => void;
  /** Does it. @throws ApiError */
  readonly onSubmit: () => Promise<unknown>;
  readonly after?: () => void;
  readonly shape?: 'normal' | 'wide';
  readonly children: ComponentChildren;
}

export function FormDialog(props: FormDialogProps) {
  const { title, verb, done, onClose, onSubmit, after, shape, children } = props;
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState('');
  const submit = async (event: Event) => {
    event.preventDefault();
    if (busy) return;
    setBusy(true);
    setFailure('');
    try {
      await onSubmit();
      toast(done);
      onClose();
      after?.();
    } catch (error) {
      setFailure(sayError(error));
      setBusy(false);
    } finally {
      refresh();
    }
  };
  return (
    <Dialog onClose={onClose} shape={shape} title={title}>
      <form class="form" onSubmit={submit}>
        {children}
        <FormError text={failure} />
        <div class="form-actions">
          <Button onClick={onClose}>Cancel</Button>
          <Button busy={busy} kind="primary" type="submit">
            {verb}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
