/**
 * Attention: "what needs attention?": all findings, worst first, as far as the viewer may see what
 * they are about. They are looked for once a round of samples, whoever and how many ask, and not
 * at all if nobody does; thousands of queues in turns, so that messages flow in between.
 */
import { FINDINGS_MAX } from '../../../src/limits-console.ts';
import type { ManagementContext } from '../management/context.ts';
import type { Resource } from '../routing.ts';
import { Slices } from '../slices.ts';
import type { Viewer } from '../viewer.ts';
import { findInBroker, findInConnections, findInVhost } from './broker-findings.ts';
import { type Finding, Findings } from './finding.ts';
import { findInExchange, findInQueue } from './queue-findings.ts';

const ORDER = ['critical', 'warning', 'info'];

/** `GET /api/_ui/attention`. */
export function attentionResource(context: ManagementContext): Resource {
  const attention = new Attention(context);
  return {
    path: '/api/_ui/attention',
    access: 'management',
    get: async ({ viewer }) =>
      (await attention.findings()).filter(visibleTo(viewer)).slice(0, FINDINGS_MAX),
  };
}

function visibleTo(viewer: Viewer): (finding: Finding) => boolean {
  return ({ subject }) => {
    const { kind, vhost, name, user } = subject;
    if (kind === 'node') return viewer.isMonitor;
    if (kind === 'vhost') return viewer.seesVhost(name);
    if (user !== undefined) return viewer.seesUser(user);
    return vhost === null || viewer.mayEnter(vhost);
  };
}

class Attention {
  private readonly context: ManagementContext;
  private latest: Promise<readonly Finding[]> | null = null;
  private tick = -1;
  private madeAtMs = 0;

  constructor(context: ManagementContext) {
    this.context = context;
  }

  /** Those of the present round. */
  findings(): Promise<readonly Finding[]> {
    const { sampler } = this.context.statistics;
    const nowMs = this.context.broker.clock.now();
    // Alarms and topology change between samples, too.
    const old = nowMs - this.madeAtMs >= 1000;
    if (this.latest === null || this.tick !== sampler.tick || old) {
      this.tick = sampler.tick;
      this.madeAtMs = nowMs;
      this.latest = this.look(nowMs);
    }
    return this.latest;
  }

  private async look(nowMs: number): Promise<readonly Finding[]> {
    const { context } = this;
    const { statistics } = context;
    const findings = new Findings();
    findInBroker(context, nowMs, findings);
    findInConnections(context, findings);
    const slices = new Slices();
    for (const vhost of context.broker.vhosts.values()) {
      const view = { vhost, statistics, nowMs };
      findInVhost(vhost, findings);
      const { exchanges, queues } = vhost.topology;
      for (const exchange of exchanges.values()) findInExchange(exchange, view, findings);
      for (const queue of queues.values()) {
        findInQueue(queue, view, findings);
        if (slices.over()) await slices.rest();
      }
    }
    return findings.all.sort((a, b) => ORDER.indexOf(a.severity) - ORDER.indexOf(b.severity));
  }
}
