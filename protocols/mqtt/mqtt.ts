/**
 * MQTT 3.1, 3.1.1 and 5 as a protocol of the server: makes a connection for every client that a
 * listener accepts. All listeners share one of these, so that clients find their sessions again.
 */
import type { Broker } from '../../src/broker/broker.ts';
import type { Client, Connection, Protocol } from '../../src/server/protocol.ts';
import { MqttConnection } from './connection.ts';
import type { MqttOptions } from './options.ts';
import { Sessions } from './sessions.ts';
import type { Shared } from './shared.ts';

export class Mqtt implements Protocol {
  readonly name = 'MQTT';
  private readonly shared: Shared;
  private readonly open = new Set<MqttConnection>();

  constructor(broker: Broker, options: MqttOptions) {
    this.shared = { broker, options, sessions: new Sessions(broker, options) };
  }

  connect(client: Client): Connection {
    const connection = new MqttConnection(client, this.shared);
    this.open.add(connection);
    void connection.ended.then(() => this.open.delete(connection));
    return connection;
  }

  /** Waits until every session is written down, and stops what runs for clients that are away. */
  async stop(): Promise<void> {
    await Promise.all([...this.open].map(({ ended }) => ended));
    this.shared.sessions.stop();
  }
}
