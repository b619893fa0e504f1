/**
 * The open loop's sending thread: message n is due at start + n / rate. It sleeps in Atomics.wait,
 * whose timeout has no millisecond grid, and lets the event loop turn once between sends. The due
 * time travels in the body's first eight octets. Messages that are overdue leave in one write.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { ConfirmCounter } from './confirm-counter.ts';
import type { Connection } from './connection.ts';
import type { Scenario } from './scenarios.ts';
import { percentile } from './statistics.ts';
import { openPublisher } from './topology.ts';
import { sleep } from './window.ts';

export interface SenderOrder {
  readonly port: number;
  readonly scenario: Scenario;
  readonly messages: number;
  readonly publish: Uint8Array;
}

export interface SenderReport {
  readonly published: number;
  /** Send time minus due time. */
  readonly latenessP99Ms: number;
}

const CONFIRM_WAIT_MS = 20_000;
/** Never written to: only there to be waited for. */
const never = new Int32Array(new SharedArrayBuffer(4));

function nowNs(): number {
  return Number(process.hrtime.bigint());
}

/** Sends all messages on time; resolves with the lateness of each, in nanoseconds. */
function sendAll(publisher: Connection, order: SenderOrder): Promise<Float64Array> {
  const unit = Buffer.from(order.publish);
  const timeAt = unit.length - 1 - order.scenario.bodyBytes;
  const intervalNs = 1e9 / order.scenario.ratePerSecond;
  const latenessNs = new Float64Array(order.messages);
  const startNs = nowNs();
  let sent = 0;
  return new Promise((resolve) => {
    const turn = (): void => {
      const waitNs = startNs + sent * intervalNs - nowNs();
      if (waitNs > 0) Atomics.wait(never, 0, 0, waitNs / 1e6);
      const due = Math.floor((nowNs() - startNs) / intervalNs) + 1 - sent;
      const count = Math.max(0, Math.min(due, order.messages - sent));
      const bytes = Buffer.allocUnsafe(count * unit.length);
      for (let index = 0; index < count; index += 1) {
        const dueNs = startNs + sent * intervalNs;
        unit.copy(bytes, index * unit.length);
        bytes.writeDoubleBE(dueNs, index * unit.length + timeAt);
        latenessNs[sent] = nowNs() - dueNs;
        sent += 1;
      }
      if (count > 0) publisher.write(bytes);
      if (sent === order.messages) resolve(latenessNs);
      else setImmediate(turn);
    };
    turn();
  });
}

async function main(order: SenderOrder): Promise<void> {
  const publisher = await openPublisher(order.port, order.scenario);
  const confirms = new ConfirmCounter();
  const go = new Promise((resolve) => parentPort!.once('message', resolve));
  parentPort!.postMessage('ready');
  await go;
  publisher.takeOver(
    (bytes, length) => confirms.receive(bytes, length),
    (reason) => {
      // Out of any promise: ends this thread, which the main thread sees as its failure.
      throw reason;
    },
  );
  const latenessNs = await sendAll(publisher, order);
  const deadline = Date.now() + CONFIRM_WAIT_MS;
  while (order.scenario.confirmWindow > 0 && confirms.count < order.messages) {
    if (Date.now() > deadline) throw new Error(`confirmed ${confirms.count} of ${order.messages}`);
    await sleep(5);
  }
  publisher.handBack();
  await publisher.close();
  const report: SenderReport = {
    published: order.messages,
    latenessP99Ms: percentile(latenessNs.sort(), 0.99) / 1e6,
  };
  parentPort!.postMessage(report);
}

await main(workerData as SenderOrder);
