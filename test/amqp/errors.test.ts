/** Reply codes and texts, as clients see them. */
import { Buffer } from 'node:buffer';
import { describe, expect, it } from 'vitest';
import { AmqpError, REPLIES, REPLY_OF_KIND, replyText } from '../../protocols/amqp/errors.ts';

describe('reply codes', () => {
  it('of soft errors close the channel, of hard errors the connection [AMQP 1.2]', () => {
    const soft = Object.values(REPLIES).filter((reply) => reply.scope === 'channel');
    expect(soft.map((reply) => reply.code)).toEqual([311, 312, 313, 403, 404, 405, 406]);
    const hard = Object.values(REPLIES).filter((reply) => reply.scope === 'connection');
    const codes = [320, 402, 501, 502, 503, 504, 505, 506, 530, 540, 541];
    expect(hard.map((reply) => reply.code)).toEqual(codes);
  });

  it('answer every kind of error that the engine has', () => {
    expect(REPLY_OF_KIND.NOT_FOUND).toEqual({ code: 404, scope: 'channel' });
    expect(REPLY_OF_KIND.NOT_ALLOWED).toEqual({ code: 530, scope: 'connection' });
    for (const [kind, reply] of Object.entries(REPLY_OF_KIND)) {
      expect(reply).toBe(REPLIES[kind as keyof typeof REPLY_OF_KIND]);
    }
  });

  it('are known to an AmqpError by its kind', () => {
    const error = new AmqpError('UNEXPECTED_FRAME', 'header without method');
    expect(error).toMatchObject({
      name: 'AmqpError',
      kind: 'UNEXPECTED_FRAME',
      code: 505,
      scope: 'connection',
      message: 'header without method',
    });
  });
});

describe('reply texts', () => {
  it('begin with the name of the code', () => {
    expect(replyText('NOT_FOUND', "no queue 'q' in vhost '/'")).toBe(
      "NOT_FOUND - no queue 'q' in vhost '/'",
    );
  });

  it('of 255 bytes are left alone', () => {
    const text = replyText('NOT_FOUND', 'x'.repeat(255 - 12));
    expect(text).toHaveLength(255);
    expect(text.endsWith('x')).toBe(true);
  });

  it('of more end in dots, as those of RabbitMQ', () => {
    const text = replyText('NOT_FOUND', 'x'.repeat(256 - 12));
    expect(text).toHaveLength(255);
    expect(text.endsWith('xx...')).toBe(true);
  });

  it.each(['é', '€', '😀'])('are not cut in the middle of %s', (character) => {
    for (let shift = 0; shift < 4; shift += 1) {
      const text = replyText('NOT_FOUND', 'x'.repeat(shift) + character.repeat(200));
      expect(Buffer.byteLength(text)).toBeLessThanOrEqual(255);
      expect(Buffer.byteLength(text)).toBeGreaterThan(251);
      expect(text).not.toContain('\ufffd');
      expect(text.endsWith(`${character}...`)).toBe(true);
    }
  });
});
