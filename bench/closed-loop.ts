/**
 * ClosedLoop: publishes as fast as its windows allow. A publish costs its share of one large
 * write of pre-encoded units, a delivery its share of one division (DeliveryCounter). Publisher
 * and consumers are separate connections of this one process, so that the windows are plain
 * counters. Hot path: runs once per chunk read, never per message (but for single acks).
 */
import { Acker } from './acker.ts';
import { ConfirmCounter } from './confirm-counter.ts';
import type { Connection } from './connection.ts';
import { DeliveryCounter } from './delivery-counter.ts';
import type { Scenario } from './scenarios.ts';
import { dismantle, exchangeOne, openPublisher, prepare, type Topology } from './topology.ts';
import { type Measured, measure, sleep, type Timing } from './window.ts';

const WRITE_BYTES = 128 * 1024;
/** No more is written while this much waits for the kernel. */
const BACKLOG_BYTES = 2 * WRITE_BYTES;
/** A write waits until this share of the window is free: tiny writes would measure write(2). */
const LEAST_SHARE = 1 / 20;
const DRAIN_MS = 20_000;

interface Port {
  readonly port: number;
  readonly pid: number;
}

/** @throws Error when the broker refuses, loses, repeats or stops delivering messages */
export async function runClosedLoop(
  broker: Port,
  scenario: Scenario,
  timing: Timing,
): Promise<Measured> {
  const topology = await prepare(broker.port, scenario);
  const publisher = await openPublisher(broker.port, scenario);
  const loop = new ClosedLoop(topology, publisher, scenario);
  loop.start();
  const measured = await loop.orFailure(measure(broker.pid, timing, () => loop.delivered));
  await loop.orFailure(loop.drain());
  await exchangeOne(topology.consumers, topology.publish, loop.published + 2);
  await publisher.close();
  await dismantle(topology, scenario);
  return measured;
}

class ClosedLoop {
  published = 0;
  readonly #publisher: Connection;
  readonly #consumers: readonly Connection[];
  readonly #counters: DeliveryCounter[];
  readonly #ackers: Acker[];
  readonly #confirms = new ConfirmCounter();
  readonly #window: number;
  readonly #confirmWindow: number;
  readonly #batch: Buffer;
  readonly #unitBytes: number;
  readonly #leastUnits: number;
  readonly #failed: Promise<never>;
  #fail!: (reason: Error) => void;
  #running = false;

  constructor(topology: Topology, publisher: Connection, scenario: Scenario) {
    this.#publisher = publisher;
    this.#consumers = topology.consumers;
    this.#counters = topology.consumers.map(() => new DeliveryCounter(topology.form, 1));
    this.#ackers =
      scenario.ackEvery === 0
        ? []
        : topology.consumers.map((consumer) => new Acker(consumer, scenario.ackEvery, 1));
    this.#window = scenario.window;
    this.#confirmWindow = scenario.confirmWindow;
    const narrowest = this.#confirmWindow || this.#window;
    this.#leastUnits = Math.max(1, Math.floor(narrowest * LEAST_SHARE));
    this.#unitBytes = topology.publish.length;
    const units = Math.max(1, Math.floor(WRITE_BYTES / this.#unitBytes));
    const { publishes } = topology;
    const unit = (_: unknown, index: number): Buffer => publishes[index % publishes.length]!;
    this.#batch = Buffer.concat(Array.from({ length: units }, unit));
    this.#failed = new Promise((_, reject) => {
      this.#fail = reject;
    });
    this.#failed.catch(() => {});
  }

  /** Deliveries to all consumers so far. */
  get delivered(): number {
    return this.#counters.reduce((sum, counter) => sum + counter.count - 1, 0);
  }

  start(): void {
    this.#running = true;
    for (const [index, consumer] of this.#consumers.entries()) {
      const counter = this.#counters[index]!;
      const acker = this.#ackers[index];
      consumer.takeOver((bytes, length) => {
        try {
          counter.receive(bytes, length);
        } catch (error) {
          return consumer.fail(error as Error);
        }
        acker?.advance(counter.count);
        this.#publish();
      }, this.#fail);
    }
    this.#publisher.takeOver((bytes, length) => {
      try {
        this.#confirms.receive(bytes, length);
      } catch (error) {
        return this.#publisher.fail(error as Error);
      }
      this.#publish();
    }, this.#fail);
    this.#publish();
  }

  /** `work`, unless a connection fails before it is done. */
  orFailure<T>(work: Promise<T>): Promise<T> {
    return Promise.race([work, this.#failed]);
  }

  /** Stops publishing and waits until everything published is delivered and confirmed. */
  async drain(): Promise<void> {
    this.#running = false;
    const deadline = Date.now() + DRAIN_MS;
    while (!this.#drained()) {
      if (Date.now() > deadline) throw new Error(`stalled: ${this.#standing()}`);
      await sleep(5);
    }
    for (const [index, consumer] of this.#consumers.entries()) {
      this.#ackers[index]?.finish(this.#counters[index]!.count);
      consumer.handBack();
    }
    this.#publisher.handBack();
  }

  #drained(): boolean {
    const confirmed = this.#confirmWindow === 0 || this.#confirms.count === this.published;
    return (
      confirmed &&
      this.#counters.every((counter) => counter.count === this.published + 1 && counter.aligned)
    );
  }

  #standing(): string {
    const delivered = this.#counters.map((counter) => counter.count - 1).join(', ');
    return `published ${this.published}, delivered ${delivered}, confirmed ${this.#confirms.count}`;
  }

  /** Writes whatever the windows have room for. */
  #publish(): void {
    while (this.#running && this.#publisher.backlogBytes < BACKLOG_BYTES) {
      const room = this.#room();
      if (room < this.#leastUnits) return;
      const bytes = Math.min(room * this.#unitBytes, this.#batch.length);
      this.published += bytes / this.#unitBytes;
      this.#publisher.write(
        bytes === this.#batch.length ? this.#batch : this.#batch.subarray(0, bytes),
        this.#written,
      );
    }
  }

  readonly #written = (): void => this.#publish();

  /** How many more messages the windows allow. */
  #room(): number {
    let slowest = this.#counters[0]!.count;
    for (const counter of this.#counters) slowest = Math.min(slowest, counter.count);
    const room = this.#window - (this.published - (slowest - 1));
    if (this.#confirmWindow === 0) return room;
    return Math.min(room, this.#confirmWindow - (this.published - this.#confirms.count));
  }
}
