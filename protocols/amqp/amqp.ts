/**
 * AMQP 0-9-1 as a protocol of the server: makes a connection for every client that a listener
 * accepts. The codec is spec.ts to frames.ts, the behaviour connection.ts, channel.ts, methods/.
 */
import type { Broker } from '../../src/broker/broker.ts';
import type { Client, Connection, Protocol } from '../../src/server/protocol.ts';
import { AmqpConnection } from './connection.ts';
import type { HandshakeOptions } from './handshake.ts';

export class Amqp implements Protocol {
  readonly name = 'AMQP 0-9-1';
  private readonly broker: Broker;
  private readonly options: HandshakeOptions;

  constructor(broker: Broker, options: HandshakeOptions) {
    this.broker = broker;
    this.options = options;
  }

  connect(client: Client): Connection {
    return new AmqpConnection(client, this.broker, this.options);
  }
}
