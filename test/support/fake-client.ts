/**
 * FakeClient: a client without a socket, for adapters of a running engine: takes everything, and
 * keeps what it was sent. Whoever tests says when bytes arrive.
 */
import type { StompOptions } from '../../protocols/stomp/connection.ts';
import { Outbox, SlabPool } from '../../src/server/outbox.ts';
import type { Client } from '../../src/server/protocol.ts';
import { FakeSocket } from './fake-socket.ts';

export class FakeClient implements Client {
  readonly remoteAddress = '127.0.0.1';
  readonly remotePort = 1;
  readonly localAddress = '127.0.0.1';
  readonly localPort = 2;
  readonly name = 'fake';
  readonly loopback = true;
  readonly tls = null;
  readonly subprotocol = null;
  readonly readBytes = 0;
  readonly reads = 0;
  readonly socket = new FakeSocket();
  readonly outbox = new Outbox(this.socket.asSocket(), new SlabPool(), () => {});
  paused = false;
  ended = false;

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
  }

  end(): void {
    this.outbox.end();
    this.ended = true;
  }

  destroy(): void {
    this.ended = true;
  }

  /** All that it was sent. */
  text(): string {
    this.outbox.flush();
    return this.socket.bytes().toString();
  }
}

/** STOMP as it is without any option. */
export const DEFAULT_STOMP: StompOptions = {
  ...{ defaultVhost: '/', defaultUser: null, defaultPassword: '', topicExchange: 'amq.topic' },
  ...{ nackRequeues: true, implicitConnect: false, hideServer: false, certificateLogin: false },
  httpLogin: false,
  ...{ maxFrameBytes: 1_000_000, maxFrameBytesBeforeLogin: 65_536, loginTimeoutMs: 10_000 },
};
