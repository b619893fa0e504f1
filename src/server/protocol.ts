/**
 * Protocol: the port that every adapter implements. A listener accepts sockets and hands bytes
 * over; the adapter turns them into calls of a Session and deliveries into bytes. Nothing here
 * knows what the bytes mean.
 */
import type { Fields } from '../broker/field.ts';
import type { Session } from '../broker/session.ts';
import type { Outbox } from './outbox.ts';

/** The two ends of a connection. Behind a proxy: those that the proxy has reported. */
export interface Ends {
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localAddress: string;
  readonly localPort: number;
}

/** How a connection is encrypted, and who the peer has proved to be. */
export interface TlsDetails {
  /** `TLSv1.3`. */
  readonly version: string;
  /** The cipher suite by its standard name. */
  readonly cipher: string;
  /** The peer's certificate if it has sent one that was verified; null otherwise. */
  readonly certificate: PeerCertificate | null;
}

/** A client certificate that the listener's certificate authorities vouch for. */
export interface PeerCertificate {
  /** The distinguished name as RabbitMQ writes it: `CN=client,O=Example,C=NO` [RFC 4514]. */
  readonly subject: string;
  readonly issuer: string;
  readonly commonName: string | null;
  /** Subject alternative names: `DNS:host`, `email:a@b`, `URI:…`, `IP Address:…`. */
  readonly alternativeNames: readonly string[];
  readonly validFrom: string;
  readonly validTo: string;
}

/** What operators see of whoever is connected, on a socket of its own or not. */
export interface ConnectedPeer extends Ends {
  /** `127.0.0.1:40001 -> 127.0.0.1:5672`, as RabbitMQ names connections. */
  readonly name: string;
  /** null on a connection that is not encrypted. */
  readonly tls: TlsDetails | null;
  /** Bytes that have come, and in how many pieces. */
  readonly readBytes: number;
  readonly reads: number;
  /** Bytes that were sent, in how many pieces, and those that wait. */
  readonly outbox: Readonly<Pick<Outbox, 'bytes' | 'writes' | 'pending'>>;
  /** Closes at once. */
  destroy(): void;
}

/** One connected client, as an adapter sees it. */
export interface Client extends ConnectedPeer {
  /** Does the peer sit on this machine? */
  readonly loopback: boolean;
  /** Over WebSocket: the subprotocol that was agreed, '' if none; null over TCP. */
  readonly subprotocol: string | null;
  /** Over WebSocket: the `Authorization` header of the handshake, where it is wanted. */
  readonly authorization?: string | null;
  readonly outbox: Outbox;
  /** Stops and restarts reading from the socket. */
  pause(): void;
  resume(): void;
  /** Sends what is in the outbox, then closes; by force if the peer does not follow in time. */
  end(): void;
}

/** What a connection is doing, in RabbitMQ's words. `starting`: not logged in yet. */
export type ConnectionState = 'starting' | 'running' | 'flow' | 'blocking' | 'blocked' | 'closing';

/** What an adapter says about one of its connections; asked for when somebody looks. */
export interface Description {
  /** Precise, as RabbitMQ shows it: `AMQP 0-9-1`, `MQTT 3.1.1`, `STOMP 1.2`. */
  readonly protocol: string;
  readonly state: ConnectionState;
  /** null until the client has logged in. */
  readonly user: string | null;
  readonly vhost: string | null;
  /** What it does in the engine, with its channels and consumers; null until it has logged in. */
  readonly session?: Session | null;
  /** The SASL mechanism, or what comes nearest. */
  readonly authMechanism?: string;
  /** What the client says about itself. */
  readonly clientProperties?: Fields;
  /** The name that the client gave its connection. */
  readonly givenName?: string | null;
  /** MQTT. */
  readonly clientId?: string;
  /** Seconds between heartbeats or keep-alives, 0 for none. */
  readonly heartbeat?: number;
  /** AMQP: as negotiated. */
  readonly frameMax?: number;
  readonly channelMax?: number;
  /** How many channels (AMQP) or sessions (AMQP 1.0) are open. */
  readonly channels?: number;
}

/** What stop() is told when it is the broker that stops, not one connection that has to go. */
export const SHUTDOWN = 'shutdown';

/** What the registry of connections needs of whoever is in it. None of its methods may throw. */
export interface Registered {
  /** The store is (or is no longer) behind with writing: hold publishers back. */
  storeBusy?(busy: boolean): void;
  /** The broker is short of something, as `low on memory`, or no longer: see publisher-gate.ts. */
  alarmed?(reason: string | null): void;
  /** It has left the registry, for whatever reason; called once. */
  closed?(): void;
  /** The broker stops, or an operator closes the connection: say goodbye. */
  stop(reason: string): void;
  /** Without it operators see the protocol's name and no more. */
  describe?(): Description;
}

/** The adapter's side of one connection. None of its methods may throw. */
export interface Connection extends Registered {
  /** Bytes arrived; they are only valid during the call. */
  receive(buffer: Buffer, start: number, end: number): void;
  /** The outbox was over its high-water mark and has been sent. */
  drained(): void;
  storeBusy(busy: boolean): void;
  /** The socket is gone, for whatever reason; called once. */
  closed(): void;
}

export interface Protocol {
  /** As printed at start-up, e.g. `AMQP 0-9-1`. */
  readonly name: string;
  connect(client: Client): Connection;
  /** Every client is gone and the engine is about to close: what the adapter still does ends. */
  stop?(): Promise<void>;
}
