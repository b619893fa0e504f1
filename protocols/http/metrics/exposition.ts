/**
 * Exposition: Prometheus' text format 0.0.4, written by hand because dashboards match some of its
 * strings literally (`le="100.0"`). Collects text in pieces, so that a scrape of many thousand
 * lines neither holds the broker up nor is in memory as a whole.
 */
import { METRICS_PIECE_CHARACTERS } from '../../../src/limits.ts';

export type MetricType = 'counter' | 'gauge' | 'histogram' | 'untyped';

export type Labels = Readonly<Record<string, string>>;

/** The content type of what is written. */
export const TEXT_FORMAT = 'text/plain; version=0.0.4';

export class Exposition {
  private readonly prefix: string;
  private text = '';
  private name = '';

  /** @param prefix before every name, such as `rabbitmq_` */
  constructor(prefix: string) {
    this.prefix = prefix;
  }

  /** Starts a family; its samples follow. */
  family(name: string, type: MetricType, help: string, prefix = this.prefix): void {
    this.name = `${prefix}${name}`;
    this.text += `# TYPE ${this.name} ${type}\n# HELP ${this.name} ${help}\n`;
  }

  /** One sample of the family. @param suffix `_bucket` and its kin */
  sample(labels: string, value: number, suffix = ''): void {
    this.text += `${this.name}${suffix}${labels} ${numberText(value)}\n`;
  }

  /** What has been written since the last time, if it is enough for a piece. */
  piece(): string | null {
    return this.text.length < METRICS_PIECE_CHARACTERS ? null : this.rest();
  }

  /** What is left. */
  rest(): string {
    const { text } = this;
    this.text = '';
    return text;
  }
}

/** `{vhost="/",queue="a\"b"}`; nothing for none. */
export function labelText(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

function escaped(value: string): string {
  return value.replace(/[\\"\n]/g, (c) => (c === '\n' ? '\\n' : `\\${c}`));
}

function numberText(value: number): string {
  if (Number.isFinite(value)) return String(value);
  if (Number.isNaN(value)) return 'NaN';
  return value > 0 ? '+Inf' : '-Inf';
}
