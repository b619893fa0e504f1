/**
 * HealthChecks: the questions that load balancers and Kubernetes ask, asked once, with the answers
 * in words.
 */
import { useEffect, useState } from 'preact/hooks';
import { ApiError, read, sayError } from '../../api/request.ts';
import { Badge } from '../../parts/badge.tsx';
import { Button } from '../../parts/button.tsx';
import { Panel } from '../../parts/panel.tsx';

const CHECKS = [
  ['alarms', 'No alarm in the cluster'],
  ['local-alarms', 'No alarm on this node'],
  ['virtual-hosts', 'All virtual hosts run'],
  ['node-is-quorum-critical', 'No quorum depends on this node alone'],
  ['is-in-service', 'In service'],
  ['ready-to-serve-clients', 'Ready for clients'],
  ['certificate-expiration/1/months', 'No certificate ends within a month'],
] as const;

/** Undefined while it is asked; '' is well; null is not known to this broker. */
type Answer = string | null | undefined;

export function HealthChecks() {
  const [answers, setAnswers] = useState<Readonly<Record<string, Answer>>>({});
  const [round, setRound] = useState(0);
  useEffect(() => {
    const stopped = new AbortController();
    setAnswers({});
    for (const [path] of CHECKS) {
      void ask(path, stopped.signal).then((answer) => {
        if (!stopped.signal.aborted) setAnswers((before) => ({ ...before, [path]: answer }));
      });
    }
    return () => stopped.abort();
  }, [round]);
  return (
    <Panel
      aside={
        <Button icon="refresh" onClick={() => setRound(round + 1)} small>
          Check again
        </Button>
      }
      title="Health checks"
    >
      <ul class="checks">
        {CHECKS.filter(([path]) => answers[path] !== null).map(([path, label]) => (
          <li key={path}>
            <span>
              {label}
              {answers[path] && <span class="check-reason"> {answers[path]}</span>}
            </span>
            <Verdict answer={answers[path]} />
          </li>
        ))}
      </ul>
    </Panel>
  );
}

function Verdict({ answer }: { answer: Answer }) {
  if (answer === undefined) return <Badge>asking</Badge>;
  return (
    <Badge dot tone={answer === '' ? 'good' : 'bad'}>
      {answer === '' ? 'ok' : 'failed'}
    </Badge>
  );
}

async function ask(path: string, signal: AbortSignal): Promise<Answer> {
  try {
    await read(`health/checks/${path}`, signal);
    return '';
  } catch (error) {
    // RabbitMQ before 4 answers paths that it does not have in several ways.
    const known = error instanceof ApiError && error.status !== 404 && error.status !== 406;
    return known ? sayError(error) : null;
  }
}
