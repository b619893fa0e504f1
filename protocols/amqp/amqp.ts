/**
 * AMQP 0-9-1 as a protocol of the server: makes a connection for every client that a listener
 * accepts. The codec is spec.ts to frames.ts, the behaviour connection.ts, channel.ts, methods/.
 */
import type { Broker } from '../../src/broker/broker.ts';
import type { Client, Connection, Protocol } from '../../src/server/protocol.ts';
import { AmqpConnection, type AmqpOptions } from './connection.ts';

export class Amqp implements Protocol {
  readonly name = 'AMQP 0-9-1';
  private readonly broker: Broker;
  private readonly options: AmqpOptions;

  constructor(broker: Broker, options: AmqpOptions) {
    this.broker = broker;
    this.options = options;
  }

  connect(client: Client): Connection {
    return new AmqpConnection(client, this.broker, this.options);
  }
}
