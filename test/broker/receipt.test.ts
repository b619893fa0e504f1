import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Receipt } from '../../src/broker/receipt.ts';
import { Answers } from '../support/engine.ts';

describe('a receipt', () => {
  test('reports when the last holder lets go', () => {
    const answers = new Answers();
    const receipt = answers.receipt();
    receipt.hold();
    receipt.hold();
    receipt.settled(null);
    expect(receipt.release()).toBe(false);
    expect(answers.list).toEqual([]);
    receipt.settled(null);
    expect(answers.list).toEqual(['1 ack']);
  });

  test('reports a refusal by a queue and a failure of a store', () => {
    const answers = new Answers();
    const refused = answers.receipt();
    refused.refuse();
    expect(refused.release()).toBe(true);
    const failed = answers.receipt();
    failed.hold();
    failed.settled(new Error('full'));
    failed.release();
    expect(answers.list).toEqual(['1 nack', '2 nack']);
  });

  test('can be used again, with a clean sheet', () => {
    const answers = new Answers();
    const receipt = answers.receipt();
    receipt.refuse();
    expect(receipt.release()).toBe(true);
    receipt.reuse(7);
    expect(receipt.release()).toBe(true);
    expect(answers.list).toEqual(['1 nack', '7 ack']);
  });

  test('reports once whatever the order in which it is let go', () => {
    const outcomes = fc.array(fc.constantFrom(null, new Error('failed')), { maxLength: 6 });
    fc.assert(
      fc.property(outcomes, fc.nat(), fc.boolean(), (errors, adapterAt, refused) => {
        const list: boolean[] = [];
        const receipt = new Receipt({ completed: (_, accepted) => void list.push(accepted) }, 1);
        for (const _ of errors) receipt.hold();
        if (refused) receipt.refuse();
        const steps = errors.map((error) => () => receipt.settled(error));
        steps.splice(adapterAt % (steps.length + 1), 0, () => void receipt.release());
        steps.forEach((step, index) => {
          expect(list).toEqual([]);
          step();
          if (index === steps.length - 1) expect(list).toHaveLength(1);
        });
        expect(list).toEqual([!refused && errors.every((error) => error === null)]);
      }),
    );
  });
});
