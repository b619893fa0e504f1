import { describe, expect, test } from 'vitest';
import { type Field, TypedNumber } from '../../../src/broker/field.ts';
import { checkArguments } from '../../../src/broker/queue/arguments.ts';
import {
  declaredType,
  QUEUE_TYPES,
  type QueueType,
} from '../../../src/broker/queue/queue-types.ts';
import { headers, refusal } from '../../support/engine.ts';

type Args = Record<string, Field>;

const classic = QUEUE_TYPES.get('classic') as QueueType;
const quorum = QUEUE_TYPES.get('quorum') as QueueType;

/** What follows `PRECONDITION_FAILED - invalid arg `. */
async function objection(type: QueueType, args: Args): Promise<string> {
  const prefix = 'PRECONDITION_FAILED - invalid arg ';
  const text = await refusal(() => checkArguments(type, headers(args), 'q', '/'));
  return text.startsWith(prefix) ? text.slice(prefix.length) : text;
}

const where = "for queue 'q' in vhost '/': ";

/** Of both types. */
const COMMON: readonly [Args, string][] = [
  [{ 'x-message-ttl': -1 }, `'x-message-ttl' ${where}{value_negative,-1}`],
  [{ 'x-message-ttl': 'a' }, `'x-message-ttl' ${where}"expected integer, got longstr"`],
  [{ 'x-message-ttl': 1.5 }, `'x-message-ttl' ${where}"expected integer, got double"`],
  [{ 'x-expires': 0 }, `'x-expires' ${where}{value_zero,0}`],
  [{ 'x-expires': 315360000001 }, `'x-expires' ${where}{value_too_large,315360000001}`],
  [{ 'x-max-length': -1 }, `'x-max-length' ${where}{value_negative,-1}`],
  [{ 'x-max-length-bytes': 'a' }, `'x-max-length-bytes' ${where}"expected integer, got longstr"`],
  [{ 'x-overflow': 'drop-tail' }, `'x-overflow' ${where}invalid_overflow`],
  [{ 'x-overflow': 5 }, `'x-overflow' ${where}{unacceptable_type,signedint}`],
  [
    { 'x-dead-letter-routing-key': 'k' },
    `'x-dead-letter-routing-key' ${where}routing_key_but_no_dlx_defined`,
  ],
  [
    { 'x-single-active-consumer': 'yes' },
    `'x-single-active-consumer' ${where}{unacceptable_type,longstr}`,
  ],
  [
    { 'x-queue-leader-locator': 'here' },
    `'x-queue-leader-locator' ${where}invalid_queue_locator_arg`,
  ],
];

const CLASSIC: readonly [Args, string][] = [
  ...COMMON,
  [{ 'x-max-priority': 256 }, `'x-max-priority' ${where}{max_value_exceeded,256}`],
  [{ 'x-queue-mode': 'eager' }, `'x-queue-mode' ${where}"unsupported queue mode 'eager'"`],
  [{ 'x-queue-version': 3 }, `'x-queue-version' ${where}"unsupported queue version '3'"`],
];

const QUORUM: readonly [Args, string][] = [
  ...COMMON,
  [{ 'x-delivery-limit': 'a' }, `'x-delivery-limit' ${where}"expected integer, got longstr"`],
  [{ 'x-dead-letter-strategy': 'x' }, `'x-dead-letter-strategy' ${where}invalid_dlx_strategy`],
  [{ 'x-quorum-initial-group-size': 0 }, `'x-quorum-initial-group-size' ${where}{value_zero,0}`],
  [{ 'x-max-in-memory-length': -1 }, `'x-max-in-memory-length' ${where}{value_negative,-1}`],
  [{ 'x-consumer-timeout': -1 }, `'x-consumer-timeout' ${where}{value_negative,-1}`],
  [{ 'x-member-placement-tag': '' }, `'x-member-placement-tag' ${where}empty_binary`],
  [{ 'x-delayed-retry-type': 'x' }, `'x-delayed-retry-type' ${where}invalid_delayed_retry_type`],
  [
    { 'x-delayed-retry-type': 'all' },
    `'x-delayed-retry-type' ${where}delayed_retry_type_but_no_delayed_retry_min_defined`,
  ],
  [{ 'x-delayed-retry-min': 0 }, `'x-delayed-retry-min' ${where}{value_zero,0}`],
];

describe('queue arguments', () => {
  test('are refused in the words of RabbitMQ', async () => {
    for (const [args, text] of CLASSIC) expect(await objection(classic, args)).toBe(text);
    for (const [args, text] of QUORUM) expect(await objection(quorum, args)).toBe(text);
    const wrongType = "invalid type 'signedint' for arg 'x-dead-letter-exchange' in queue 'q'";
    for (const type of [classic, quorum]) {
      expect(await objection(type, { 'x-dead-letter-exchange': 5 })).toBe(
        `PRECONDITION_FAILED - ${wrongType} in vhost '/'`,
      );
    }
  });

  test('of another type are refused whatever their value, unknown ones accepted', async () => {
    const of = (type: string, name: string) =>
      `'${name}' for queue 'q' in vhost '/' of queue type rabbit_${type}_queue`;
    const streams = ['x-max-age', 'x-stream-max-segment-size-bytes', 'x-initial-cluster-size'];
    const ofQuorum = quorum.arguments.filter((name) => !classic.arguments.includes(name));
    for (const name of [...streams, ...ofQuorum]) {
      expect(await objection(classic, { [name]: 5 })).toBe(of('classic', name));
    }
    const ofClassic = ['x-max-priority', 'x-queue-mode', 'x-queue-master-locator'];
    for (const name of [...streams, ...ofClassic]) {
      expect(await objection(quorum, { [name]: 5 })).toBe(of('quorum', name));
    }
    for (const name of ['x-unknown', 'constructor', '__proto__', 'hasOwnProperty', 'toString']) {
      const args = new Map<string, Field>([[name, 1]]);
      expect(await refusal(() => checkArguments(classic, args, 'q', '/'))).toBe('accepted');
    }
  });

  test('are accepted where they make sense', async () => {
    const accepted: [QueueType, Args][] = [
      [classic, { 'x-max-length': new TypedNumber('int64', 7n), 'x-overflow': 'drop-head' }],
      [classic, { 'x-overflow': 'reject-publish-dlx', 'x-max-priority': 255 }],
      [classic, { 'x-queue-mode': 'lazy', 'x-queue-version': 1, 'x-message-ttl': 0 }],
      [quorum, { 'x-delivery-limit': -1, 'x-quorum-initial-group-size': 3 }],
      [quorum, { 'x-delayed-retry-type': 'failed', 'x-delayed-retry-min': 100 }],
      [quorum, { 'x-delayed-retry-type': 'disabled', 'x-member-placement-tag': 'a' }],
      [quorum, { 'x-consumer-timeout': 1000, 'x-consumer-disconnected-timeout': 1000 }],
      [quorum, { 'x-dead-letter-strategy': 'at-least-once', 'x-max-in-memory-bytes': 5 }],
    ];
    for (const [type, args] of accepted) expect(await objection(type, args)).toBe('accepted');
  });

  test('name the type of the queue, if there is such a type', async () => {
    expect(declaredType(new Map(), 'q', '/')).toBe(classic);
    expect(declaredType(headers({ 'x-queue-type': 'classic' }), 'q', '/')).toBe(classic);
    expect(declaredType(headers({ 'x-queue-type': 'quorum' }), 'q', '/')).toBe(quorum);
    const refused = (type: Field) =>
      refusal(() => declaredType(headers({ 'x-queue-type': type }), 'q', '/'));
    const text = `PRECONDITION_FAILED - invalid arg 'x-queue-type' ${where}`;
    expect(await refused('stream')).toBe(`${text}"unsupported queue type 'stream'"`);
    expect(await refused(5)).toBe(`${text}{unacceptable_type,signedint}`);
  });
});
