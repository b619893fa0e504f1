/**
 * RedriveDialog: brings messages back to where they came from, or moves them elsewhere. First it
 * is tried without moving anything, which says how many would go where and what stands in the way;
 * then it is done, with its progress, and can be stopped: what has gone has gone.
 */
import { useRef, useState } from 'preact/hooks';
import {
  cancelRedrive,
  followRedrive,
  type RedriveJob,
  type RedriveOrder,
  startRedrive,
} from '../../api/redrive.ts';
import { sayError } from '../../api/request.ts';
import { count, plural } from '../../format/number.ts';
import { refresh } from '../../live/ticker.ts';
import { Button } from '../../parts/button.tsx';
import { Dialog } from '../../parts/dialog.tsx';
import { toast } from '../../parts/toast.tsx';
import { emptyOrder, orderOf, RedriveForm, type RedriveWishes } from './redrive-form.tsx';
import { RedriveReport } from './redrive-report.tsx';

interface RedriveDialogProps {
  readonly vhost: string;
  readonly queue: string;
  /** Whether the queue has messages that died elsewhere: then they go back by default. */
  readonly dead: boolean;
  readonly onClose: () => void;
  readonly onDone: () => void;
}

export function RedriveDialog({ vhost, queue, dead, onClose, onDone }: RedriveDialogProps) {
  const [wishes, setWishes] = useState<RedriveWishes>(emptyOrder(dead));
  const [tried, setTried] = useState<RedriveJob | null>(null);
  const [job, setJob] = useState<RedriveJob | null>(null);
  const [failure, setFailure] = useState('');
  const stop = useRef(new AbortController());
  const running = job?.state === 'running';
  const run = async (dryRun: boolean) => {
    setFailure('');
    try {
      const order: RedriveOrder = { ...orderOf(wishes), dry_run: dryRun };
      const started = await startRedrive(wishes.kind, vhost, queue, order);
      const show = dryRun ? setTried : setJob;
      const ended = await followRedrive(started, show, stop.current.signal);
      if (ended.error !== null) setFailure(ended.error);
      if (dryRun) return;
      toast(`${plural(ended.moved, 'message')} went where they belong.`);
      refresh();
      onDone();
    } catch (error) {
      if (!stop.current.signal.aborted) setFailure(sayError(error));
    }
  };
  const close = () => {
    // A job goes on without a window, as it should.
    stop.current.abort();
    onClose();
  };
  return (
    <Dialog
      actions={
        <Actions
          job={job}
          onClose={close}
          onMove={() => void run(false)}
          onTry={() => void run(true)}
          tried={tried}
        />
      }
      onClose={close}
      shape="wide"
      title={`Move messages out of ${queue}`}
    >
      <RedriveForm
        disabled={running}
        onChange={(next) => {
          setWishes(next);
          setTried(null);
          setJob(null);
        }}
        wishes={wishes}
      />
      {failure && (
        <p class="field-error" role="alert">
          {failure}
        </p>
      )}
      <RedriveReport job={job ?? tried} />
    </Dialog>
  );
}

interface ActionsProps {
  /** What is being done, and what has been tried. */
  readonly job: RedriveJob | null;
  readonly tried: RedriveJob | null;
  readonly onClose: () => void;
  readonly onTry: () => void;
  readonly onMove: () => void;
}

function Actions({ job, tried, onClose, onTry, onMove }: ActionsProps) {
  const running = job?.state === 'running';
  const ready = tried !== null && tried.state === 'done' && job === null;
  return (
    <>
      {running ? (
        <Button kind="danger" onClick={() => void cancelRedrive(job.id)}>
          Stop
        </Button>
      ) : (
        <Button onClick={onClose}>{job === null ? 'Cancel' : 'Close'}</Button>
      )}
      <Button busy={tried?.state === 'running'} disabled={running} onClick={onTry}>
        Try without moving
      </Button>
      <Button
        busy={running}
        disabled={!ready || tried.matched === 0}
        kind="primary"
        onClick={onMove}
      >
        {ready ? `Move ${count(tried.matched)}` : 'Move'}
      </Button>
    </>
  );
}
