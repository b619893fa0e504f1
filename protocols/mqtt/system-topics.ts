/**
 * SystemTopics: `$SYS/broker/…`, what mosquitto and others tell about themselves in topics. Given
 * to clients that subscribe to topics starting with `$SYS`, at once and every ten seconds; nothing
 * is published to exchanges, so that AMQP consumers of everything never see them.
 */
import type { Broker } from '../../src/broker/broker.ts';
import { BrokerError } from '../../src/broker/errors.ts';
import { Message } from '../../src/broker/message.ts';
import type { Properties } from '../../src/broker/properties.ts';
import type { Session } from '../../src/broker/session.ts';
import { Traffic } from '../../src/broker/traffic.ts';
import type { Timer } from '../../src/clock.ts';
import { SYSTEM_TOPICS_INTERVAL_MS } from '../../src/limits.ts';
import type { ClientSession } from './client-session.ts';
import { asRetained, PLAIN } from './message-form.ts';
import type { MqttOptions } from './options.ts';
import { keyOf, matches } from './topics.ts';

/** A client that has subscribed to topics of the server. */
export interface Watcher {
  readonly session: Session;
  readonly client: ClientSession;
}

/** How many clients there are, connected or not. */
export interface Census {
  readonly connected: number;
  readonly total: number;
}

const PREFIX = '$SYS';

/** Does the filter ask for topics of the broker? */
export function isSystemFilter(filter: string): boolean {
  return filter === PREFIX || filter.startsWith(`${PREFIX}/`);
}

const LIVE = PLAIN[0] as Properties;
const RETAINED = asRetained(LIVE);

export class SystemTopics {
  private readonly broker: Broker;
  private readonly options: MqttOptions;
  private readonly census: () => Census;
  private readonly watchers = new Set<Watcher>();
  private readonly startedAtMs: number;
  private timer: Timer | null = null;

  constructor(broker: Broker, options: MqttOptions, census: () => Census) {
    this.broker = broker;
    this.options = options;
    this.census = census;
    this.startedAtMs = broker.clock.now();
  }

  /** A client has subscribed: it is told what there is now, and later what changes. */
  watch(watcher: Watcher, filter: string): void {
    this.watchers.add(watcher);
    this.tell(watcher, RETAINED, (topic) => matches(filter, topic));
    this.timer ??= this.arm();
  }

  forget(watcher: Watcher): void {
    this.watchers.delete(watcher);
    if (this.watchers.size === 0) this.stop();
  }

  stop(): void {
    this.timer?.cancel();
    this.timer = null;
  }

  private arm(): Timer {
    return this.broker.clock.schedule(SYSTEM_TOPICS_INTERVAL_MS, () => {
      this.timer = this.arm();
      for (const watcher of this.watchers) this.tell(watcher, LIVE, () => true);
    });
  }

  private tell(watcher: Watcher, properties: Properties, wanted: (topic: string) => boolean): void {
    const { client, session } = watcher;
    for (const [topic, value] of this.values()) {
      if (!wanted(topic)) continue;
      const body = Buffer.from(String(value));
      const message = new Message(this.options.exchange, keyOf(topic), properties, body);
      for (const kind of [0, 1] as const) {
        const filters = [...client.subscriptions[kind].filters.keys()].filter(isSystemFilter);
        if (!filters.some((filter) => matches(filter, topic))) continue;
        try {
          session.publishTo(client.queueName(kind), message);
        } catch (error) {
          // The queue was deleted, or the right to it taken away.
          if (!(error instanceof BrokerError)) throw error;
        }
      }
    }
  }

  private values(): [topic: string, value: string | number][] {
    const { broker, options } = this;
    const traffic = new Traffic();
    for (const past of broker.totals.past.values()) traffic.add(past);
    for (const session of broker.sessions) {
      for (const open of session.openTraffics()) traffic.add(open);
    }
    const { deliver, deliverNoAck } = traffic.deliveries();
    let [subscriptions, stored, retained] = [0, 0, 0];
    for (const vhost of broker.vhosts.values()) {
      for (const queue of vhost.topology.queues.values()) {
        subscriptions += queue.subscriptions.size;
        stored += queue.size + queue.unsettled;
      }
      retained += vhost.topology.state.of('mqtt.retained').size;
    }
    const { connected, total } = this.census();
    const uptime = Math.floor((broker.clock.now() - this.startedAtMs) / 1000);
    return [
      ['$SYS/broker/version', `Warren ${options.version}`],
      ['$SYS/broker/uptime', `${uptime} seconds`],
      ['$SYS/broker/clients/connected', connected],
      ['$SYS/broker/clients/disconnected', total - connected],
      ['$SYS/broker/clients/total', total],
      ['$SYS/broker/subscriptions/count', subscriptions],
      ['$SYS/broker/messages/received', traffic.publish],
      ['$SYS/broker/messages/sent', deliver + deliverNoAck],
      ['$SYS/broker/messages/stored', stored],
      ['$SYS/broker/retained messages/count', retained],
    ];
  }
}
