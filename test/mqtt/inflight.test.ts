/** Packet identifiers of what is out: never two alike, and after a reconnect the same as before. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Inflight } from '../../protocols/mqtt/inflight.ts';
import { identified, PLAIN } from '../../protocols/mqtt/message-form.ts';
import type { Delivery } from '../../src/broker/delivery.ts';
import type { Properties } from '../../src/broker/properties.ts';

/** As much of a delivery as counts here. */
function delivery(position: number, redelivered = false, properties = PLAIN[1]): Delivery {
  const message = { properties };
  return { queue: { name: 'q' }, level: 0, position, redelivered, message } as unknown as Delivery;
}

const step = fc.record({
  do: fc.constantFrom('send', 'send', 'send', 'answer', 'answer late', 'release', 'reconnect'),
  qos: fc.constantFrom(1, 2),
  which: fc.nat(1000),
});

describe('packet identifiers', () => {
  it('are unique as long as they are in use, and lead to their message [MQTT-2.2.1-3]', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
        const inflight = new Inflight();
        const out = new Map<number, { readonly delivery: Delivery; readonly qos: number }>();
        let position = 0;
        for (const { do: what, qos, which } of steps) {
          const ids = [...out.keys()];
          const id = ids[which % ids.length] ?? 0;
          const known = out.get(id);
          if (what === 'send') {
            const sent = delivery(position++);
            const given = inflight.add(sent, qos);
            expect(out.has(given) || inflight.released.has(given)).toBe(false);
            expect(given).toBeGreaterThan(0);
            out.set(given, { delivery: sent, qos });
          } else if (what === 'release') {
            inflight.complete([...inflight.released][0] ?? 0);
          } else if (what === 'reconnect') {
            inflight.suspend();
            // In the order of the queue, as it gives them out again.
            const again = [...out].sort(
              ([, a], [, b]) => a.delivery.position - b.delivery.position,
            );
            out.clear();
            for (const [former, { delivery: old, qos: before }] of again) {
              const sent = delivery(old.position, true);
              expect(inflight.add(sent, before)).toBe(former);
              out.set(former, { delivery: sent, qos: before });
            }
          } else if (known !== undefined) {
            // The wrong answer finds nothing.
            const [right, wrong] =
              known.qos === 1
                ? [inflight.takeAcked(id), inflight.takeReceived(id)]
                : [inflight.takeReceived(id), inflight.takeAcked(id)];
            expect([right, wrong]).toEqual([known.delivery, undefined]);
            if (known.qos === 2) inflight.release(id);
            out.delete(id);
          }
          expect(inflight.size).toBe(out.size + inflight.released.size);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('go round, past those that are in use for long', () => {
    const inflight = new Inflight();
    const stuck = inflight.add(delivery(0), 1);
    const seen = new Set<number>();
    for (let position = 1; position < 70_000; position++) {
      const id = inflight.add(delivery(position), 1);
      seen.add(id);
      expect(inflight.takeAcked(id)?.position).toBe(position);
    }
    expect(seen.has(stuck)).toBe(false);
    expect(Math.max(...[...seen].slice(-100))).toBeLessThan(65_536);
    expect(inflight.takeAcked(stuck)?.position).toBe(0);
  });

  it('are enough for the largest receive maximum, even if all that was out has expired', () => {
    const inflight = new Inflight();
    const ids = new Set<number>();
    for (let position = 0; position < 65_535; position++) {
      ids.add(inflight.add(delivery(position), 1));
    }
    expect(ids.size).toBe(65_535);
    inflight.suspend();
    ids.clear();
    for (let position = 65_535; position < 131_070; position++) {
      ids.add(inflight.add(delivery(position), 1));
    }
    expect(ids.size).toBe(65_535);
  });

  it('of QoS 2 are the same in another process, beside those of QoS 1', () => {
    const messages = Array.from({ length: 100 }, () => identified(PLAIN[2] as Properties));
    const [before, after] = [new Inflight(), new Inflight()];
    const ids = messages.map((properties, index) => {
      const id = before.add(delivery(2 * index, false, properties), 2);
      before.add(delivery(2 * index + 1), 1);
      return id;
    });
    expect(new Set(ids).size).toBe(100);
    // The first half has been acknowledged, and there are others now.
    const again = messages.slice(50).map((properties, index) => {
      after.add(delivery(1000 + index, false, identified(PLAIN[2] as Properties)), 2);
      return after.add(delivery(index, true, properties), 2);
    });
    expect(again).toEqual(ids.slice(50));
  });

  it('that nobody has been given lead to nothing', () => {
    const inflight = new Inflight();
    expect([inflight.takeAcked(1), inflight.takeReceived(1)]).toEqual([undefined, undefined]);
    inflight.add(delivery(0), 1);
    expect([inflight.takeAcked(17), inflight.takeAcked(65_535)]).toEqual([undefined, undefined]);
  });
});
