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

  constructor(broker: Broker, options: MqttOptions) {
    this.shared = { broker, options, sessions: new Sessions(broker, options) };
  }

  connect(client: Client): Connection {
    return new MqttConnection(client, this.shared);
  }

  /** Stops what waits: wills and sessions of clients that are away. */
  stop(): void {
    this.shared.sessions.stop();
  }
}
