/**
 * Process metrics: Node's own numbers, under the names that prom-client made usual: event-loop
 * delay, heap, garbage collections, CPU. Measuring the loop costs a timer, so it is switched on
 * with the metrics listener and off with it.
 */
import { constants, monitorEventLoopDelay, PerformanceObserver } from 'node:perf_hooks';
import { type Exposition, labelText } from './exposition.ts';

const GC_KINDS: ReadonlyMap<number, string> = new Map([
  [constants.NODE_PERFORMANCE_GC_MINOR, 'minor'],
  [constants.NODE_PERFORMANCE_GC_MAJOR, 'major'],
  [constants.NODE_PERFORMANCE_GC_INCREMENTAL, 'incremental'],
  [constants.NODE_PERFORMANCE_GC_WEAKCB, 'weakcb'],
]);

const LOOP_RESOLUTION_MS = 20;

/** Collections of one kind. */
interface Collections {
  count: number;
  seconds: number;
}

export class ProcessMetrics {
  private readonly loop: ReturnType<typeof monitorEventLoopDelay>;
  private readonly observer: PerformanceObserver;
  private readonly collections = new Map<string, Collections>();

  constructor() {
    for (const kind of GC_KINDS.values()) this.collections.set(kind, { count: 0, seconds: 0 });
    this.loop = monitorEventLoopDelay({ resolution: LOOP_RESOLUTION_MS });
    this.loop.enable();
    this.observer = new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) this.note(entry);
    });
    this.observer.observe({ entryTypes: ['gc'] });
  }

  stop(): void {
    this.loop.disable();
    this.observer.disconnect();
  }

  /** Writes all; the delays are those since the last time. */
  write(out: Exposition): void {
    this.writeLoop(out);
    const { heapTotal, heapUsed, external, arrayBuffers } = process.memoryUsage();
    const gauge = (name: string, help: string, value: number): void => {
      out.family(name, 'gauge', help, '');
      out.sample('', value);
    };
    gauge('nodejs_heap_size_total_bytes', 'Size of the heap', heapTotal);
    gauge('nodejs_heap_size_used_bytes', 'Used part of the heap', heapUsed);
    gauge('nodejs_external_memory_bytes', 'Memory of objects outside the heap', external);
    gauge('nodejs_array_buffers_bytes', 'Memory of buffers', arrayBuffers);
    out.family('nodejs_gc_duration_seconds', 'histogram', 'Garbage collections by kind', '');
    for (const [kind, { count, seconds }] of this.collections) {
      const labels = labelText({ kind });
      out.sample(labelText({ kind, le: '+Inf' }), count, '_bucket');
      out.sample(labels, seconds, '_sum');
      out.sample(labels, count, '_count');
    }
    const { user, system } = process.cpuUsage();
    out.family('process_cpu_user_seconds_total', 'counter', 'CPU time in user mode', '');
    out.sample('', user / 1e6);
    out.family('process_cpu_system_seconds_total', 'counter', 'CPU time in the system', '');
    out.sample('', system / 1e6);
    out.family('nodejs_version_info', 'gauge', 'Version of Node.js', '');
    out.sample(labelText({ version: process.version }), 1);
  }

  private writeLoop(out: Exposition): void {
    const { loop } = this;
    const empty = loop.count === 0;
    // The histogram measures whole intervals: what is above the timer's own period is delay.
    const seconds = (nanoseconds: number): number =>
      empty ? 0 : Math.max(0, nanoseconds / 1e9 - LOOP_RESOLUTION_MS / 1e3);
    const figures: readonly (readonly [string, number])[] = [
      ['mean', loop.mean],
      ['max', loop.max],
      ['p50', loop.percentile(50)],
      ['p90', loop.percentile(90)],
      ['p99', loop.percentile(99)],
    ];
    for (const [name, value] of figures) {
      const help = `Delay of the event loop since the last scrape, ${name}`;
      out.family(`nodejs_eventloop_lag_${name}_seconds`, 'gauge', help, '');
      out.sample('', seconds(value));
    }
    loop.reset();
  }

  private note(entry: { duration: number; detail?: unknown }): void {
    const { kind } = entry.detail as { kind: number };
    const collections = this.collections.get(GC_KINDS.get(kind) ?? '');
    if (collections === undefined) return;
    collections.count++;
    collections.seconds += entry.duration / 1000;
  }
}
