/**
 * Finding: something that needs an operator's attention: what it is, why, and what to do. Made by
 * queue-findings.ts and broker-findings.ts, collected in a bounded way by Findings, shown by
 * attention.ts.
 */
import { FINDINGS_OF_A_KIND_MAX } from '../../../src/limits-console.ts';
import { linkTo, type Subject } from './link.ts';

/** `critical`: messages are lost or held up now; `warning`: they will be; `info`: look some day. */
export type Severity = 'critical' | 'warning' | 'info';

/** What one rule has to say about one thing. */
export interface Remark {
  /** The rule. */
  readonly kind: string;
  readonly severity: Severity;
  readonly title: string;
  readonly cause: string;
  readonly fix: string;
  /** ms since 1970. */
  readonly since?: number | null;
}

/** What a remark is about. */
export interface FindingSubject {
  readonly kind: Subject;
  readonly vhost: string | null;
  readonly name: string;
  /** Shown only to that user, and to who monitors. */
  readonly user?: string | null;
}

/** A remark with what it is about. */
export interface Finding extends Remark {
  readonly id: string;
  readonly link: string;
  readonly subject: FindingSubject;
}

/** Takes what the rules find, and no more of a kind and vhost than anybody would read. */
export class Findings {
  readonly all: Finding[] = [];
  private readonly counts = new Map<string, number>();

  add(subject: FindingSubject, remark: Remark | null): void {
    if (remark === null) return;
    const { kind, vhost, name } = subject;
    const group = `${remark.kind}\0${vhost}`;
    const count = (this.counts.get(group) ?? 0) + 1;
    this.counts.set(group, count);
    if (count > FINDINGS_OF_A_KIND_MAX) return;
    const id = [remark.kind, ...(vhost === null ? [] : [vhost]), name].join(':');
    this.all.push({ ...remark, id, link: linkTo(kind, vhost, name), subject });
  }
}
