/**
 * The open loop: a fixed number of messages per second whatever the broker does, and each
 * delivery's latency counted from the time its message was due to be sent, so that a broker that
 * stalls the sender is charged for the wait (no coordinated omission). Sending is on a thread of
 * its own (open-loop-sender.ts), because it sleeps between messages.
 */
import { Worker } from 'node:worker_threads';
import { Acker } from './acker.ts';
import type { Connection } from './connection.ts';
import { DeliveryCounter, type DeliveryForm } from './delivery-counter.ts';
import type { SenderOrder, SenderReport } from './open-loop-sender.ts';
import type { Scenario } from './scenarios.ts';
import { percentile } from './statistics.ts';
import { dismantle, exchangeOne, prepare } from './topology.ts';
import { type Latency, type Measured, measure, sleep, type Timing } from './window.ts';

const DRAIN_MS = 20_000;

export async function runOpenLoop(
  broker: { readonly port: number; readonly pid: number },
  scenario: Scenario,
  timing: Timing,
): Promise<Measured> {
  const topology = await prepare(broker.port, scenario);
  const consumer = topology.consumers[0]!;
  const seconds = (timing.warmupMs + timing.measureMs) / 1000;
  const messages = Math.round(seconds * scenario.ratePerSecond);
  const recorder = new LatencyRecorder(consumer, topology.form, scenario, messages);
  const sender = new Sender({ port: broker.port, scenario, messages, publish: topology.publish });
  await sender.ready;
  const failed = new Promise<never>((_, reject) => recorder.start(reject));
  sender.go();
  const work = async (): Promise<Measured> => {
    const measured = await measure(broker.pid, timing, () => recorder.delivered);
    const report = await sender.report;
    await recorder.drain(report.published);
    await exchangeOne(topology.consumers, topology.publish, report.published + 2);
    const skip = Math.round((timing.warmupMs / 1000) * scenario.ratePerSecond);
    return { ...measured, latency: recorder.summary(skip, report) };
  };
  const measured = await Promise.race([work(), failed, sender.failed]);
  await dismantle(topology, scenario);
  return measured;
}

/** The sending thread, seen from here. */
class Sender {
  readonly ready: Promise<void>;
  readonly report: Promise<SenderReport>;
  readonly failed: Promise<never>;
  readonly #worker: Worker;

  constructor(order: SenderOrder) {
    this.#worker = new Worker(new URL('./open-loop-sender.ts', import.meta.url), {
      workerData: order,
    });
    this.failed = new Promise((_, reject) => this.#worker.once('error', reject));
    this.failed.catch(() => {});
    this.ready = Promise.race([this.#message<'ready'>().then(() => {}), this.failed]);
    this.report = this.ready.then(() => this.#message<SenderReport>());
    this.report.catch(() => {});
  }

  go(): void {
    this.#worker.postMessage('go');
  }

  #message<T>(): Promise<T> {
    return new Promise((resolve) => this.#worker.once('message', resolve));
  }
}

/** Reads the due time out of every delivery's body and keeps the differences, in order. */
class LatencyRecorder {
  readonly #consumer: Connection;
  readonly #form: DeliveryForm;
  readonly #counter: DeliveryCounter;
  readonly #acker: Acker | null;
  readonly #latenciesNs: Float64Array;
  #unread: Buffer = Buffer.alloc(0);

  constructor(consumer: Connection, form: DeliveryForm, scenario: Scenario, messages: number) {
    this.#consumer = consumer;
    this.#form = form;
    this.#counter = new DeliveryCounter(form, 1);
    this.#acker = scenario.ackEvery > 0 ? new Acker(consumer, scenario.ackEvery, 1) : null;
    this.#latenciesNs = new Float64Array(messages);
  }

  get delivered(): number {
    return this.#counter.count - 1;
  }

  start(onFailure: (reason: Error) => void): void {
    this.#consumer.takeOver((bytes, length) => {
      const nowNs = Number(process.hrtime.bigint());
      const before = this.delivered;
      try {
        this.#counter.receive(bytes, length);
      } catch (error) {
        return this.#consumer.fail(error as Error);
      }
      this.#record(bytes.subarray(0, length), before, nowNs);
      this.#acker?.advance(this.#counter.count);
    }, onFailure);
  }

  #record(bytes: Buffer, before: number, nowNs: number): void {
    const pending = Buffer.concat([this.#unread, bytes]);
    let at = 0;
    for (let index = before; index < this.delivered; index += 1) {
      this.#latenciesNs[index] = nowNs - pending.readDoubleBE(at + this.#form.bodyOffset);
      at += this.#form.bytes;
    }
    this.#unread = pending.subarray(at);
  }

  async drain(published: number): Promise<void> {
    const deadline = Date.now() + DRAIN_MS;
    while (this.delivered < published || !this.#counter.aligned) {
      if (Date.now() > deadline) {
        throw new Error(`stalled: published ${published}, delivered ${this.delivered}`);
      }
      await sleep(5);
    }
    this.#acker?.finish(this.#counter.count);
    this.#consumer.handBack();
  }

  /** @param skip messages of the warm-up */
  summary(skip: number, report: SenderReport): Latency {
    const sorted = this.#latenciesNs.slice(skip, this.delivered).sort();
    return {
      samples: sorted.length,
      p50Ms: percentile(sorted, 0.5) / 1e6,
      p99Ms: percentile(sorted, 0.99) / 1e6,
      p999Ms: percentile(sorted, 0.999) / 1e6,
      sendLatenessP99Ms: report.latenessP99Ms,
    };
  }
}
