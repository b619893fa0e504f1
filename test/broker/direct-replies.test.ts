import { describe, expect, test } from 'vitest';
import { REPLY_TO } from '../../src/broker/properties.ts';
import type { Session } from '../../src/broker/session.ts';
import { REPLIES_WAITING_MAX } from '../../src/limits.ts';
import { Answers, BACKENDS, bodyOf, Engine, message, refusal } from '../support/engine.ts';

describe.each(BACKENDS)('direct replies ($name)', ({ name: backend }) => {
  async function start() {
    const engine = await Engine.open(backend);
    const requester = engine.session();
    const responder = engine.session();
    await engine.declare(responder, 'requests');
    return { engine, requester, responder };
  }

  /** Publishes a request and takes it out on the other side. Returns its reply-to. */
  async function ask(engine: Engine, requester: Session, responder: Session): Promise<string> {
    requester.publish(message('', 'requests', 'question', { replyTo: REPLY_TO }), null);
    await engine.settle();
    const request = await engine.fetch(responder, 'requests', true);
    return request?.message.properties.replyTo ?? 'no request';
  }

  const probe = (name: string, flags: object = {}) => ({
    ...{ name, durable: false, exclusive: false, autoDelete: false, arguments: new Map() },
    ...flags,
  });

  test('reach the one who asked, and nobody else', async () => {
    const { engine, requester, responder } = await start();
    const other = engine.consume(engine.session(), REPLY_TO, { noAck: true });
    const replies = engine.consume(requester, REPLY_TO, { noAck: true });
    const address = await ask(engine, requester, responder);
    expect(address).toMatch(/^amq\.rabbitmq\.reply-to\.[\w-]{24}$/);
    expect(responder.publish(message('', address, 'answer'), null)).toBe(1);
    await engine.settle();
    expect(replies.bodies).toEqual(['answer']);
    expect(replies.deliveries[0]?.message.routingKey).toBe(address);
    expect(other.bodies).toEqual([]);
  });

  test('are confirmed like any message, kept nowhere, and not listed', async () => {
    const { engine, requester, responder } = await start();
    engine.consume(requester, REPLY_TO, { noAck: true });
    const address = await ask(engine, requester, responder);
    const answers = new Answers();
    answers.publish(responder, message('', address, 'answer'));
    await engine.settle();
    expect(answers.list).toEqual(['1 ack']);
    expect([...engine.vhost.topology.queues.keys()]).toEqual(['requests']);
    expect(
      [...engine.broker.snapshot()].some((put) => JSON.stringify(put).includes(REPLY_TO)),
    ).toBe(false);
  });

  test('are dropped when the requester is gone, in whatever way it went', async () => {
    const { engine, requester, responder } = await start();
    const replies = engine.consume(requester, REPLY_TO, { noAck: true });
    const cancelled = await ask(engine, requester, responder);
    replies.subscription.cancel();
    expect(responder.publish(message('', cancelled, 'late'), null)).toBe(0);
    const second = engine.session();
    engine.consume(second, REPLY_TO, { noAck: true });
    const closed = await ask(engine, second, responder);
    await engine.run(second.close());
    expect(responder.publish(message('', closed, 'late'), null)).toBe(0);
    expect(replies.bodies).toEqual([]);
  });

  test('have addresses that can be asked for, however they are declared', async () => {
    const { engine, requester, responder } = await start();
    const replies = engine.consume(requester, REPLY_TO, { noAck: true });
    const address = await ask(engine, requester, responder);
    const alive = { name: address, messages: 0, consumers: 1 };
    expect(responder.topology.findQueue(address)).toEqual(alive);
    expect(await responder.topology.declareQueue(probe(address, { durable: true }))).toEqual(alive);
    expect(responder.topology.findQueue(REPLY_TO)).toEqual({ ...alive, name: REPLY_TO });
    replies.subscription.cancel();
    const gone = `NOT_FOUND - no queue '${address}' in vhost '/'`;
    expect(await refusal(() => responder.topology.findQueue(address))).toBe(gone);
    expect(await refusal(() => responder.topology.declareQueue(probe(address)))).toBe(gone);
  });

  test('have addresses that are no queues', async () => {
    const { engine, requester, responder } = await start();
    engine.consume(requester, REPLY_TO, { noAck: true });
    const address = await ask(engine, requester, responder);
    const none = `NOT_FOUND - no queue '${address}' in vhost '/'`;
    expect(await refusal(() => engine.consume(responder, address, { noAck: true }))).toBe(none);
    expect(await refusal(() => engine.fetch(responder, address))).toBe(none);
    expect(await refusal(() => engine.bind(responder, 'amq.fanout', address))).toBe(none);
    expect(await refusal(() => responder.topology.purgeQueue(address))).toBe(none);
  });

  test('are refused to those who do not keep the rules', async () => {
    const { engine, requester } = await start();
    const request = message('', 'requests', 'question', { replyTo: REPLY_TO });
    const publish = (traffic = requester.traffic) =>
      refusal(() => requester.publish(request, null, traffic));
    const nobody = 'PRECONDITION_FAILED - fast reply consumer does not exist';
    expect(await publish()).toBe(nobody);
    expect(await refusal(() => engine.consume(requester, REPLY_TO))).toBe(
      'PRECONDITION_FAILED - reply consumer cannot acknowledge',
    );
    const replies = engine.consume(requester, REPLY_TO, { noAck: true });
    expect(await refusal(() => engine.consume(requester, REPLY_TO, { noAck: true }))).toBe(
      'PRECONDITION_FAILED - reply consumer already set',
    );
    expect(await publish()).toBe('accepted');
    expect(await publish(requester.openTraffic())).toBe(nobody);
    replies.subscription.cancel();
    expect(await publish()).toBe(nobody);
  });

  test('go by channel: each has an address of its own', async () => {
    const { engine, requester, responder } = await start();
    const traffic = requester.openTraffic();
    engine.consume(requester, REPLY_TO, { noAck: true });
    const second = engine.consume(requester, REPLY_TO, { noAck: true, traffic });
    const request = message('', 'requests', 'question', { replyTo: REPLY_TO });
    requester.publish(request, null, traffic);
    await engine.settle();
    const got = await engine.fetch(responder, 'requests', true);
    responder.publish(message('', got?.message.properties.replyTo ?? '', 'answer'), null);
    expect(second.bodies).toEqual(['answer']);
  });

  test('wait for a requester that does not read, up to a limit', async () => {
    const { engine, requester, responder } = await start();
    const replies = engine.consume(requester, REPLY_TO, { noAck: true });
    const address = await ask(engine, requester, responder);
    replies.open = false;
    for (let i = 0; i <= REPLIES_WAITING_MAX; i++) {
      responder.publish(message('', address, String(i)), null);
    }
    replies.open = true;
    replies.subscription.resume();
    expect(replies.bodies).toHaveLength(REPLIES_WAITING_MAX);
    expect(bodyOf(replies.deliveries[0]!)).toBe('1');
  });
});
