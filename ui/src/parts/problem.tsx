/**
 * Problem: an error where its result would have been, with what to do about it. For errors of
 * something that somebody just did, see toast.tsx and the forms.
 */
import { ApiError, sayError } from '../api/request.ts';
import { Button } from './button.tsx';
import { Icon } from './icon.tsx';
import './problem.css';

interface ProblemProps {
  readonly error: unknown;
  /** Tries again. */
  readonly onRetry?: () => void;
}

export function Problem({ error, onRetry }: ProblemProps) {
  return (
    <div class="problem" role="alert">
      <Icon name="warning" />
      <div>
        <p class="problem-text">{sayError(error)}</p>
        <p>{adviceFor(error)}</p>
      </div>
      {onRetry && (
        <Button icon="refresh" onClick={onRetry} small>
          Try again
        </Button>
      )}
    </div>
  );
}

/** What somebody can do about it. */
export function adviceFor(error: unknown): string {
  if (!(error instanceof ApiError))
    return 'Reload the page; if it stays, report it with this text.';
  switch (error.status) {
    case 0:
      return 'Is the broker running, and the network up? The page goes on once it answers.';
    case 401:
      return 'Your user may not see this. An administrator can add a tag or a permission.';
    case 404:
      return 'It is not there any more, or the address is misspelt.';
    case 400:
      return 'Check what you have entered.';
    default:
      return error.status >= 500 ? "The broker's log says more." : '';
  }
}
