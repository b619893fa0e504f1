/**
 * Intake: whether somebody may publish now. While memory or disk is short a publisher is sent
 * away and told when to come again, before its body is read; a store that is behind makes it
 * wait, but not for ever; and what all bodies take that are being received is bounded.
 */
import type { Broker } from '../../../src/broker/broker.ts';
import { HTTP_INTAKE_BYTES, HTTP_STORE_WAIT_MS } from '../../../src/limits.ts';
import { Problem } from './problem.ts';

/** How soon an alarm may be over: RabbitMQ and Warren look at memory every few seconds. */
const AFTER_ALARM_S = '5';

export class Intake {
  private readonly broker: Broker;
  private readonly waiters = new Set<() => void>();
  private bytes = 0;

  constructor(broker: Broker) {
    this.broker = broker;
    broker.store.onBusy((busy) => {
      if (!busy) for (const wake of [...this.waiters]) wake();
    });
  }

  /**
   * Makes room for a body. Give it back by release().
   * @throws Problem UNAVAILABLE
   */
  admit(bodyBytes: number): void {
    const { reason } = this.broker.alarms;
    if (reason !== null) {
      const text = `publishers are held back: ${reason}`;
      throw new Problem('UNAVAILABLE', text, { 'retry-after': AFTER_ALARM_S });
    }
    if (this.bytes > 0 && this.bytes + bodyBytes > HTTP_INTAKE_BYTES) {
      throw new Problem('UNAVAILABLE', 'too much is being published at once');
    }
    this.bytes += bodyBytes;
  }

  release(bodyBytes: number): void {
    this.bytes -= bodyBytes;
  }

  /** Resolves when the store keeps up. @throws Problem UNAVAILABLE if that takes too long */
  async room(): Promise<void> {
    const { store, clock } = this.broker;
    if (!store.busy) return;
    await new Promise<void>((resolve, reject) => {
      const timer = clock.schedule(HTTP_STORE_WAIT_MS, () => {
        this.waiters.delete(wake);
        const why = store.failure === null ? 'the store is behind' : 'the store cannot write';
        reject(new Problem('UNAVAILABLE', `publishers are held back: ${why}`));
      });
      const wake = (): void => {
        this.waiters.delete(wake);
        timer.cancel();
        resolve();
      };
      this.waiters.add(wake);
    });
  }
}
