import { describe, expect, test } from 'vitest';
import { type Field, TypedNumber } from '../../../src/broker/field.ts';
import { comparedArguments, settingsOf } from '../../../src/broker/queue/arguments.ts';
import { headers, refusal } from '../../support/engine.ts';

const settings = (args: Record<string, Field>) => settingsOf(headers(args), 'q', '/');

/** What follows `PRECONDITION_FAILED - invalid arg `. */
async function objection(args: Record<string, Field>): Promise<string> {
  const prefix = 'PRECONDITION_FAILED - invalid arg ';
  const text = await refusal(() => settings(args));
  return text.startsWith(prefix) ? text.slice(prefix.length) : text;
}

describe('queue arguments', () => {
  test('are settings', () => {
    expect(
      settings({
        'x-message-ttl': 0,
        'x-expires': 1,
        'x-dead-letter-exchange': '',
        'x-dead-letter-routing-key': 'k',
        'x-max-length': new TypedNumber('int64', 7n),
        'x-max-length-bytes': 8,
        'x-overflow': 'reject-publish-dlx',
        'x-max-priority': 255,
        'x-single-active-consumer': true,
        'x-queue-type': 'classic',
        'x-queue-mode': 'lazy',
        'x-unknown': 'kept, and of no effect',
      }),
    ).toEqual({
      ttlMs: 0,
      expiresMs: 1,
      deadLetterExchange: '',
      deadLetterRoutingKey: 'k',
      maxLength: 7,
      maxLengthBytes: 8,
      overflow: 'reject-publish-dlx',
      maxPriority: 255,
      singleActiveConsumer: true,
    });
  });

  test('have no effect when they are not there', () => {
    expect(settings({})).toEqual({
      ttlMs: -1,
      expiresMs: -1,
      deadLetterExchange: null,
      deadLetterRoutingKey: null,
      maxLength: -1,
      maxLengthBytes: -1,
      overflow: 'drop-head',
      maxPriority: 0,
      singleActiveConsumer: false,
    });
  });

  test('are refused in the words of RabbitMQ', async () => {
    const where = "for queue 'q' in vhost '/': ";
    const cases: [Record<string, Field>, string][] = [
      [{ 'x-message-ttl': -1 }, `'x-message-ttl' ${where}{value_negative,-1}`],
      [{ 'x-message-ttl': 'a' }, `'x-message-ttl' ${where}"expected integer, got longstr"`],
      [{ 'x-message-ttl': 1.5 }, `'x-message-ttl' ${where}"expected integer, got double"`],
      [{ 'x-expires': 0 }, `'x-expires' ${where}{value_zero,0}`],
      [{ 'x-expires': 315360000001 }, `'x-expires' ${where}{value_too_large,315360000001}`],
      [{ 'x-max-priority': 256 }, `'x-max-priority' ${where}{max_value_exceeded,256}`],
      [{ 'x-overflow': 'drop-tail' }, `'x-overflow' ${where}invalid_overflow`],
      [
        { 'x-dead-letter-routing-key': 'k' },
        `'x-dead-letter-routing-key' ${where}routing_key_but_no_dlx_defined`,
      ],
      [
        { 'x-single-active-consumer': 'yes' },
        `'x-single-active-consumer' ${where}{unacceptable_type,longstr}`,
      ],
      [{ 'x-queue-mode': 'eager' }, `'x-queue-mode' ${where}"unsupported queue mode 'eager'"`],
      [
        { 'x-delivery-limit': 5 },
        "'x-delivery-limit' for queue 'q' in vhost '/' of queue type rabbit_classic_queue",
      ],
    ];
    for (const [args, text] of cases) expect(await objection(args)).toBe(text);
    for (const type of ['quorum', 'stream']) {
      expect(await objection({ 'x-queue-type': type })).toBe(
        `'x-queue-type' ${where}"unsupported queue type '${type}'"`,
      );
    }
    const wrongType = new Map<string, Field>([['x-dead-letter-exchange', 5]]);
    expect(await refusal(() => settingsOf(wrongType, 'q', '/'))).toBe(
      "PRECONDITION_FAILED - invalid type 'signedint' for arg 'x-dead-letter-exchange' " +
        "in queue 'q' in vhost '/'",
    );
  });

  test('called like something every object has are unknown like any other', async () => {
    for (const name of ['constructor', '__proto__', 'hasOwnProperty', 'toString']) {
      const args = new Map<string, Field>([[name, 1]]);
      expect(await refusal(() => settingsOf(args, 'q', '/'))).toBe('accepted');
    }
  });

  test('that matter are compared when a queue is declared again, but not its type', () => {
    expect(comparedArguments()).toContain('x-max-priority');
    expect(comparedArguments()).not.toContain('x-queue-type');
    expect(comparedArguments()).not.toContain('x-unknown');
  });
});
