import { describe, expect, test } from 'vitest';
import { checkSame, checkSameArguments } from '../../src/broker/equivalence.ts';
import { type Field, TypedNumber } from '../../src/broker/field.ts';
import { headers, refusal } from '../support/engine.ts';

const QUEUE = "queue 'q' in vhost '/'";

function compared(asked: Record<string, Field>, has: Record<string, Field>): Promise<string> {
  return refusal(() => checkSameArguments(['x-a', 'x-b'], QUEUE, headers(asked), headers(has)));
}

describe('equivalence', () => {
  test('of flags names the flag and both values', async () => {
    expect(await refusal(() => checkSame('durable', QUEUE, true, true))).toBe('accepted');
    expect(await refusal(() => checkSame('durable', QUEUE, false, true))).toBe(
      "PRECONDITION_FAILED - inequivalent arg 'durable' for queue 'q' in vhost '/': " +
        "received 'false' but current is 'true'",
    );
  });

  test('of arguments compares integers by value and looks at the named ones only', async () => {
    const typed = new TypedNumber('int64', 5n);
    expect(await compared({ 'x-a': 5 }, { 'x-a': typed })).toBe('accepted');
    expect(await compared({ 'x-c': 5 }, { 'x-c': 6 })).toBe('accepted');
    expect(await compared({}, {})).toBe('accepted');
  });

  test('of arguments says what was received and what is there, as RabbitMQ does', async () => {
    const prefix = "PRECONDITION_FAILED - inequivalent arg 'x-b' for queue 'q' in vhost '/': ";
    expect(await compared({}, { 'x-b': 'v' })).toBe(
      `${prefix}received none but current is the value 'v' of type 'longstr'`,
    );
    expect(await compared({ 'x-b': 5 }, {})).toBe(
      `${prefix}received the value '5' of type 'signedint' but current is none`,
    );
    expect(await compared({ 'x-b': 5 }, { 'x-b': new TypedNumber('int64', 6n) })).toBe(
      `${prefix}received '5' but current is '6'`,
    );
  });
});
