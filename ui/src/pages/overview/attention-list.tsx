/**
 * AttentionList: what somebody should look at, the worst first,
 * each with its cause and what helps.
 */
import { useState } from 'preact/hooks';
import { attention, type Finding } from '../../live/attention.ts';
import { Badge, type Tone } from '../../parts/badge.tsx';
import { Button } from '../../parts/button.tsx';
import { Empty } from '../../parts/empty.tsx';
import { Icon } from '../../parts/icon.tsx';
import { Panel } from '../../parts/panel.tsx';

/** How many are shown before somebody asks for all. */
const FIRST = 6;

const TONES: Readonly<Record<Finding['severity'], readonly [Tone, string]>> = {
  critical: ['bad', 'Critical'],
  warning: ['warn', 'Warning'],
  info: ['info', 'Note'],
};

export function AttentionList() {
  const [all, setAll] = useState(false);
  const found = attention.value;
  if (found?.length === 0) {
    return (
      <Panel title="Needs attention">
        <Empty icon="check" title="All is well in the warren">
          No alarms, nobody is blocked, and every queue with messages has a consumer.
        </Empty>
      </Panel>
    );
  }
  const shown = all ? (found ?? []) : (found ?? []).slice(0, FIRST);
  const more = (found?.length ?? 0) - shown.length;
  return (
    <Panel aside={found && <Badge>{found.length}</Badge>} flush title="Needs attention">
      <ul class="findings">
        {shown.map((finding) => (
          <Item finding={finding} key={finding.id} />
        ))}
      </ul>
      {more > 0 && (
        <div class="findings-more">
          <Button kind="plain" onClick={() => setAll(true)} small>
            Show {more} more
          </Button>
        </div>
      )}
    </Panel>
  );
}

function Item({ finding }: { finding: Finding }) {
  const [tone, word] = TONES[finding.severity];
  return (
    <li class={`finding tone-${tone}`}>
      <Icon name={finding.severity === 'info' ? 'info' : 'warning'} />
      <div>
        <p class="finding-title">
          <span class="sr">{word}: </span>
          {finding.link ? <a href={finding.link}>{finding.title}</a> : finding.title}
        </p>
        <p>{finding.cause}</p>
        <p class="finding-fix">{finding.fix}</p>
      </div>
    </li>
  );
}
