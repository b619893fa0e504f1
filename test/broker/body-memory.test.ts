/** Body memory: used again when the last who holds a message lets go, and never before. */
import { describe, expect, it } from 'vitest';
import { BodyPool } from '../../src/broker/body-memory.ts';
import { Message } from '../../src/broker/message.ts';
import { NO_PROPERTIES } from '../../src/broker/properties.ts';
import { BODY_MEMORY_KEPT_BYTES, MOST_REUSED_BODY_BYTES } from '../../src/limits-memory.ts';

const KIB = 1024;

/** A message of so many bytes in memory of the pool. */
function pooled(pool: BodyPool, bytes: number): Message {
  const memory = pool.take(bytes);
  if (memory === null) throw new Error(`no memory for ${bytes} bytes`);
  return new Message('', 'q', NO_PROPERTIES, memory.part(bytes).fill(7), memory);
}

describe('a pool', () => {
  it('has memory for bodies of some size only', () => {
    const pool = new BodyPool();
    expect(pool.take(4 * KIB - 1)).toBeNull();
    expect(pool.take(MOST_REUSED_BODY_BYTES + 1)).toBeNull();
    expect(pool.take(4 * KIB)?.bytes.length).toBe(4 * KIB);
    expect(pool.take(4 * KIB + 1)?.bytes.length).toBe(5 * KIB);
    expect(pool.take(4 * KIB + 1)?.part(4 * KIB + 1).length).toBe(4 * KIB + 1);
    expect(pool.take(MOST_REUSED_BODY_BYTES)?.bytes.length).toBe(MOST_REUSED_BODY_BYTES);
  });

  it('hands out what came back last, to bodies of that size', () => {
    const pool = new BodyPool();
    const first = pooled(pool, 16 * KIB);
    const second = pooled(pool, 16 * KIB);
    const { buffer } = second.lent;
    first.release();
    second.release();
    expect(pool.keptBytes).toBe(32 * KIB);
    expect(pool.take(8 * KIB)?.bytes.buffer).not.toBe(buffer);
    expect(pool.take(15.5 * KIB)?.bytes.buffer).toBe(buffer);
    expect(pool.keptBytes).toBe(16 * KIB);
  });

  it('keeps no more than it may', () => {
    const pool = new BodyPool();
    const count = BODY_MEMORY_KEPT_BYTES / (32 * KIB) + 5;
    const messages = Array.from({ length: count }, () => pooled(pool, 32 * KIB));
    for (const message of messages) message.release();
    expect(pool.keptBytes).toBe(BODY_MEMORY_KEPT_BYTES);
  });
});

describe('a message', () => {
  it('gives its memory back when the last who holds it lets go', () => {
    const pool = new BodyPool();
    const message = pooled(pool, 8 * KIB);
    message.hold();
    message.hold();
    message.release();
    message.release();
    expect([message.lent[0], pool.keptBytes]).toEqual([7, 0]);
    message.release();
    expect(pool.keptBytes).toBe(8 * KIB);
  });

  it('is not there afterwards', () => {
    const message = pooled(new BodyPool(), 8 * KIB);
    message.release();
    expect(() => message.body).toThrow('the message is over');
    expect(() => message.lent).toThrow('the message is over');
    expect(() => message.keep()).toThrow('the message is over');
  });

  it('keeps its memory when somebody has taken its body', () => {
    const pool = new BodyPool();
    const message = pooled(pool, 8 * KIB);
    const { body } = message;
    message.release();
    expect([body[0], message.lent[0], pool.keptBytes]).toEqual([7, 7, 0]);
  });

  it('need not care if it is in memory of its own', () => {
    const message = new Message('', 'q', NO_PROPERTIES, Buffer.from('own'));
    message.release();
    expect(message.body.toString()).toBe('own');
  });
});
