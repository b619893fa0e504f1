/**
 * What a scenario needs on the broker before it starts: queues, for fan-out an exchange, and one
 * consumer per queue; and the first delivery of each consumer, from which its wire size is known.
 */
import { bindMany, publishesFor } from './bindings.ts';
import { Connection } from './connection.ts';
import { type DeliveryForm, receiveDelivery } from './delivery-counter.ts';
import {
  ackFrame,
  CHANNEL,
  EMPTY_TABLE,
  long,
  METHOD,
  methodFrame,
  octet,
  publishUnit,
  short,
  shortstr,
  table,
} from './frames.ts';
import type { Scenario } from './scenarios.ts';

const CONSUMER_TAG = 'c';
const DURABLE = 0b00010;
const EXCLUSIVE = 0b00100;
const AUTO_DELETE = 0b00100;
const NO_ACK = 0b0010;

export interface Topology {
  /** One per queue; each has received, and if need be acknowledged, delivery 1. */
  readonly consumers: readonly Connection[];
  readonly form: DeliveryForm;
  /** A whole publish: method, header and body frame. */
  readonly publish: Buffer;
  /** All that a run repeats, equally long; the first is `publish`. */
  readonly publishes: readonly Buffer[];
}

/** The publish that a scenario repeats. `bodyBytes` zeros; the open loop writes times into it. */
function publishFor(scenario: Scenario, exchange: string, routingKey: string): Buffer {
  const body = Buffer.alloc(scenario.bodyBytes);
  return publishUnit({ exchange, routingKey, body, persistent: scenario.persistent });
}

export async function prepare(port: number, scenario: Scenario): Promise<Topology> {
  // The process id keeps a run from meeting an exclusive queue that the broker is still deleting.
  const name = `bench-${process.pid}`;
  const exchange = hasExchange(scenario) ? name : '';
  const consumers: Connection[] = [];
  for (let index = 0; index < scenario.fanout; index += 1) {
    const connection = await Connection.open(port);
    consumers.push(connection);
    if (index === 0 && exchange !== '') await declareExchange(connection, exchange, scenario);
    const queue = scenario.fanout > 1 ? `${name}-${index}` : name;
    await declareQueue(connection, queue, scenario);
    if (scenario.bindings > 0) await bindMany(connection, scenario, exchange, queue);
    else if (exchange !== '') await bind(connection, queue, exchange);
    await consume(connection, queue, scenario);
  }
  const publishes =
    scenario.bindings > 0
      ? publishesFor(scenario, exchange)
      : [publishFor(scenario, exchange, name)];
  const publish = publishes[0]!;
  const form = await exchangeOne(consumers, publish, 1);
  if (scenario.ackEvery > 0) for (const consumer of consumers) consumer.write(ackFrame(1, false));
  return { consumers, form, publish, publishes };
}

/**
 * Publishes one message and parses it at every consumer, whose delivery tag must be `tag`: at
 * the start this is the calibration, at the end the proof that nothing was miscounted.
 */
export async function exchangeOne(
  consumers: readonly Connection[],
  publish: Buffer,
  tag: number,
): Promise<DeliveryForm> {
  const arriving = Promise.all(consumers.map((consumer) => receiveDelivery(consumer)));
  consumers[0]!.write(publish);
  const [first, ...others] = await arriving;
  for (const delivery of [first!, ...others]) {
    if (delivery.bytes !== first!.bytes) throw new Error('consumers differ in delivery size');
    if (delivery.tag !== tag) throw new Error(`delivery tag ${delivery.tag} instead of ${tag}`);
  }
  return first!;
}

/** Removes what outlives its connection, and closes. */
export async function dismantle(topology: Topology, scenario: Scenario): Promise<void> {
  const first = topology.consumers[0]!;
  const name = `bench-${process.pid}`;
  if (scenario.durable) {
    const fields = [short(0), shortstr(name), octet(0)];
    await first.call(methodFrame(CHANNEL, METHOD.queueDelete, ...fields), METHOD.queueDeleteOk);
  }
  if (hasExchange(scenario)) {
    const fields = [short(0), shortstr(name), octet(0)];
    await first.call(
      methodFrame(CHANNEL, METHOD.exchangeDelete, ...fields),
      METHOD.exchangeDeleteOk,
    );
  }
  for (const consumer of topology.consumers) await consumer.close();
}

function hasExchange(scenario: Scenario): boolean {
  return scenario.fanout > 1 || scenario.bindings > 0;
}

async function declareExchange(
  connection: Connection,
  exchange: string,
  scenario: Scenario,
): Promise<void> {
  const fields = [
    short(0),
    shortstr(exchange),
    shortstr(scenario.exchangeType),
    octet(AUTO_DELETE),
    EMPTY_TABLE,
  ];
  await connection.call(
    methodFrame(CHANNEL, METHOD.exchangeDeclare, ...fields),
    METHOD.exchangeDeclareOk,
  );
}

async function declareQueue(
  connection: Connection,
  queue: string,
  scenario: Scenario,
): Promise<void> {
  const flags = octet(scenario.durable ? DURABLE : EXCLUSIVE);
  const quorum = scenario.queueType === 'quorum';
  const args = quorum ? table({ 'x-queue-type': 'quorum' }) : EMPTY_TABLE;
  const fields = [short(0), shortstr(queue), flags, args];
  await connection.call(
    methodFrame(CHANNEL, METHOD.queueDeclare, ...fields),
    METHOD.queueDeclareOk,
  );
}

async function bind(connection: Connection, queue: string, exchange: string): Promise<void> {
  const names = [shortstr(queue), shortstr(exchange), shortstr('')];
  await connection.call(
    methodFrame(CHANNEL, METHOD.queueBind, short(0), ...names, octet(0), EMPTY_TABLE),
    METHOD.queueBindOk,
  );
}

async function consume(connection: Connection, queue: string, scenario: Scenario): Promise<void> {
  if (scenario.prefetch > 0) {
    await connection.call(
      methodFrame(CHANNEL, METHOD.basicQos, long(0), short(scenario.prefetch), octet(0)),
      METHOD.basicQosOk,
    );
  }
  const flags = octet(scenario.ackEvery === 0 ? NO_ACK : 0);
  const fields = [short(0), shortstr(queue), shortstr(CONSUMER_TAG), flags, EMPTY_TABLE];
  await connection.call(
    methodFrame(CHANNEL, METHOD.basicConsume, ...fields),
    METHOD.basicConsumeOk,
  );
}

/** A second connection to publish on, in confirm mode if the scenario wants it. */
export async function openPublisher(port: number, scenario: Scenario): Promise<Connection> {
  const publisher = await Connection.open(port);
  if (scenario.confirmWindow > 0) {
    await publisher.call(
      methodFrame(CHANNEL, METHOD.confirmSelect, octet(0)),
      METHOD.confirmSelectOk,
    );
  }
  return publisher;
}
