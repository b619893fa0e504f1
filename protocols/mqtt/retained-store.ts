/**
 * RetainedStore: the retained messages of every vhost, over restarts: kept as the engine's
 * ProtocolState by topic. A topic that is published to faster than can be written is written with
 * what was last.
 */
import type { Broker } from '../../src/broker/broker.ts';
import type { Field, Fields } from '../../src/broker/field.ts';
import { Message } from '../../src/broker/message.ts';
import type { Receipt } from '../../src/broker/receipt.ts';
import { decodeStoredHeader } from '../../src/broker/stored-header.ts';
import type { VHost } from '../../src/broker/vhost.ts';
import { Retained, type RetainedLimits } from './retained.ts';
import { topicOf } from './topics.ts';

const KIND = 'mqtt.retained';

/** Whoever waits until a topic is written. */
type Settled = Pick<Receipt, 'settled'>;

/** Who waits for a topic to be written, and whether it has changed since. */
interface Writing {
  waiting: Settled[];
  changed: boolean;
}

export class RetainedStore {
  private readonly broker: Broker;
  private readonly limits: RetainedLimits;
  /** A vhost of the same name as one that was deleted starts empty. */
  private readonly vhosts = new Map<string, { readonly of: VHost | undefined; kept: Retained }>();
  private readonly writing = new Map<string, Writing>();

  constructor(broker: Broker, limits: RetainedLimits) {
    this.broker = broker;
    this.limits = limits;
  }

  /** The retained messages of a vhost. */
  in(vhost: string): Retained {
    const of = this.broker.vhosts.get(vhost);
    const known = this.vhosts.get(vhost);
    if (known !== undefined && known.of === of) return known.kept;
    const kept = new Retained(this.limits);
    this.vhosts.set(vhost, { of, kept });
    this.restore(vhost, kept);
    return kept;
  }

  /**
   * Does what a publisher's retain flag asks for: an empty message forgets [MQTT-3.3.1-6].
   * @param settled told when that is safe; null if nobody waits for it
   */
  keep(vhost: string, message: Message, settled: Settled | null): void {
    if (message.arrivedAtMs === 0) message.arrivedAtMs = this.broker.clock.now();
    const retained = this.in(vhost);
    if (message.bodyBytes === 0) retained.delete(topicOf(message.routingKey) as string);
    else if (!retained.put(message)) {
      settled?.settled(null);
      return;
    }
    this.write(vhost, message.routingKey, settled);
  }

  private write(vhost: string, routingKey: string, settled: Settled | null): void {
    const id = `${vhost}\0${routingKey}`;
    const known = this.writing.get(id);
    if (known !== undefined) {
      known.changed = true;
      if (settled !== null) known.waiting.push(settled);
      return;
    }
    const writing: Writing = { waiting: settled === null ? [] : [settled], changed: true };
    this.writing.set(id, writing);
    void this.writeAll(vhost, routingKey, writing).then(() => void this.writing.delete(id));
  }

  private async writeAll(vhost: string, routingKey: string, writing: Writing): Promise<void> {
    while (writing.changed) {
      const { waiting } = writing;
      writing.waiting = [];
      writing.changed = false;
      const error = await this.writeOne(vhost, routingKey);
      for (const settled of waiting) settled.settled(error);
    }
  }

  private async writeOne(vhost: string, routingKey: string): Promise<Error | null> {
    const message = this.in(vhost).get(topicOf(routingKey) as string);
    try {
      if (message !== null) {
        const record = { vhost, kind: KIND, key: routingKey, value: fieldsOf(message) };
        await this.broker.propose({ op: 'state.put', record });
      } else await this.broker.propose({ op: 'state.delete', vhost, kind: KIND, key: routingKey });
      return null;
    } catch (error) {
      this.broker.log.error(`a retained message was not kept: ${(error as Error).message}`);
      return error as Error;
    }
  }

  private restore(vhost: string, into: Retained): void {
    const known = this.broker.vhosts.get(vhost)?.topology.state.of(KIND);
    if (known === undefined) return;
    for (const value of known.values()) {
      const message = messageOf(value);
      if (message !== null) into.put(message);
    }
  }
}

function fieldsOf(message: Message): Fields {
  return new Map<string, Field>([
    ['header', message.encodeHeader()],
    ['body', message.body],
    ['arrived', message.arrivedAtMs],
  ]);
}

function messageOf(value: Fields): Message | null {
  const [header, body, arrived] = ['header', 'body', 'arrived'].map((name) => value.get(name));
  if (!Buffer.isBuffer(header) || !Buffer.isBuffer(body)) return null;
  const { exchange, routingKey, properties } = decodeStoredHeader(header);
  if (topicOf(routingKey) === null) return null;
  const message = new Message(exchange, routingKey, properties, body);
  if (typeof arrived === 'number') message.arrivedAtMs = arrived;
  return message;
}
