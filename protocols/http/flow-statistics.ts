/**
 * FlowStatistics: who sends how much to whom: channels to exchanges, exchanges to queues, queues to
 * channels (RabbitMQ's `rates_mode = detailed`). Counted and sampled only while somebody looks at a
 * channel, an exchange or a queue, and for a while after that; or always, if the configuration
 * wants it. Whoever looks first finds nothing yet, as in RabbitMQ's other modes.
 */
import type { Broker } from '../../src/broker/broker.ts';
import { type Flow, type FlowSource, Flows } from '../../src/broker/flow.ts';
import type { DeliveryCounts } from '../../src/broker/traffic.ts';
import type { VHost } from '../../src/broker/vhost.ts';
import { FLOWS_WATCHED_MS } from '../../src/limits.ts';
import type { Sampler } from '../../src/rates.ts';
import { Counters, DETAILED } from './counters.ts';
import { DELIVERY_SERIES, FLOW_SERIES } from './series.ts';

export class FlowStatistics {
  readonly flows: Counters<Flow>;
  /** What comes from a queue through a channel: counted all the time, but not sampled. */
  readonly deliveries: Counters<DeliveryCounts>;
  private readonly broker: Broker;
  private readonly always: boolean;
  private on = false;
  private untilMs = Number.NEGATIVE_INFINITY;

  /** @param always whether they are counted though nobody looks */
  constructor(broker: Broker, sampler: Sampler, always: boolean) {
    this.broker = broker;
    this.always = always;
    const [flows, deliveries] = [FLOW_SERIES, DELIVERY_SERIES];
    this.flows = new Counters(sampler, flows, DETAILED, {
      width: flows.names.length,
      levels: DETAILED,
      objects: () => this.flowsNow(),
      read: flows.read,
    });
    this.deliveries = new Counters(sampler, deliveries, DETAILED, {
      width: deliveries.names.length,
      levels: DETAILED,
      late: true,
      objects: () => (this.on ? deliveriesOf(broker) : []),
      read: deliveries.read,
    });
    if (always) this.turnOn();
  }

  /** Somebody looks: now, and probably again soon. */
  look(): void {
    this.untilMs = this.broker.clock.now() + FLOWS_WATCHED_MS;
    if (!this.on) this.turnOn();
  }

  /** Before each round of samples: channels and exchanges have come and gone since the last. */
  private *flowsNow(): Generator<Flow> {
    if (!this.on) return;
    if (!this.always && this.broker.clock.now() > this.untilMs) {
      this.turnOff();
      return;
    }
    this.turnOn();
    for (const vhost of this.broker.vhosts.values()) {
      for (const { flows } of sourcesOf(vhost)) {
        if (flows !== null) for (const [, flow] of flows) yield flow;
      }
    }
  }

  private turnOn(): void {
    this.on = true;
    for (const vhost of this.broker.vhosts.values()) {
      const { exchanges, queues } = vhost.topology;
      for (const traffic of vhost.traffics) {
        if (traffic.flows === null) traffic.flows = new Flows();
        else traffic.flows.keep((exchange) => exchanges.get(exchange.name) === exchange);
      }
      for (const exchange of exchanges.values()) {
        if (exchange.flows === null) exchange.flows = new Flows();
        else exchange.flows.keep((queue) => queues.get(queue.name) === queue);
      }
    }
  }

  private turnOff(): void {
    this.on = false;
    for (const vhost of this.broker.vhosts.values()) {
      for (const source of sourcesOf(vhost)) source.flows = null;
    }
    this.deliveries.forget();
  }
}

function* sourcesOf(vhost: VHost): Generator<FlowSource<object>> {
  yield* vhost.traffics as Iterable<FlowSource<object>>;
  yield* vhost.topology.exchanges.values() as Iterable<FlowSource<object>>;
}

function* deliveriesOf(broker: Broker): Generator<DeliveryCounts> {
  for (const vhost of broker.vhosts.values()) {
    for (const traffic of vhost.traffics) for (const { counts } of traffic.queues()) yield counts;
  }
}
