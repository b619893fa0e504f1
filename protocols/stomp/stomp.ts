/**
 * STOMP 1.0, 1.1 and 1.2 as a protocol of the server: makes a connection for every client that a
 * listener accepts. The codec is frames.ts and replies.ts, the behaviour connection.ts and
 * commands.ts.
 */
import type { Broker } from '../../src/broker/broker.ts';
import type { Client, Connection, Protocol } from '../../src/server/protocol.ts';
import { StompConnection, type StompOptions } from './connection.ts';

export class Stomp implements Protocol {
  readonly name = 'STOMP';
  private readonly broker: Broker;
  private readonly options: StompOptions;

  constructor(broker: Broker, options: StompOptions) {
    this.broker = broker;
    this.options = options;
  }

  connect(client: Client): Connection {
    return new StompConnection(client, this.broker, this.options);
  }
}
