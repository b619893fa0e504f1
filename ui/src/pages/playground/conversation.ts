/**
 * Conversation: what the playground needs of a protocol, whichever it is: publish one message,
 * subscribe to some. The protocols themselves are mqtt-client.ts, stomp-client.ts and
 * socket-client.ts; all speak to the port that the page came from.
 */
import { API_BASE, at, change } from '../../api/request.ts';
import { credentials } from '../../session/credentials.ts';
import { MqttClient } from './mqtt-client.ts';
import { SocketClient } from './socket-client.ts';
import { StompClient } from './stomp-client.ts';

export type Protocol = 'MQTT' | 'STOMP' | 'HTTP';

/** A message to publish, in the words of its protocol. */
export interface Outgoing {
  readonly protocol: Protocol;
  readonly vhost: string;
  /** Topic, destination, or exchange. */
  readonly where: string;
  /** HTTP. */
  readonly routingKey: string;
  readonly payload: string;
  readonly contentType: string;
  /** MQTT. */
  readonly qos: 0 | 1;
  readonly retain: boolean;
}

/** What is subscribed to. */
export interface Wanted {
  readonly protocol: Protocol;
  readonly vhost: string;
  /** Topic filter, destination, or queue. */
  readonly where: string;
}

/** A message that came. */
export interface Received {
  readonly where: string;
  readonly payload: Uint8Array;
  /** Whatever else it says about itself. */
  readonly facts: Readonly<Record<string, string>>;
}

/** A client that is connected. */
export interface Client {
  subscribe(where: string, take: (message: Received) => void): Promise<void>;
  publish(message: Outgoing): Promise<string>;
  close(): void;
}

/** Where WebSockets go, beside the page. */
function socketUrl(path: string): string {
  const url = new URL(path, new URL('..', API_BASE));
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  return String(url);
}

/** @param lost told why, should the connection end @throws Error in words for people */
export async function connect(
  protocol: Protocol,
  vhost: string,
  lost: (reason: string) => void,
): Promise<Client> {
  const login = credentials();
  if (login === null) throw new Error('Sign in first.');
  if (protocol === 'MQTT') return MqttClient.connect(socketUrl('ws/mqtt'), vhost, login, lost);
  if (protocol === 'STOMP') return StompClient.connect(socketUrl('ws/stomp'), vhost, login, lost);
  return SocketClient.connect(socketUrl(at`v1/vhosts/${vhost}/socket`), login, lost);
}

/** Publishes one message by a connection of its own. @returns what became of it */
export async function publish(message: Outgoing, extended: boolean): Promise<string> {
  if (!extended) return publishToRabbit(message);
  const client = await connect(message.protocol, message.vhost, () => {});
  try {
    return await client.publish(message);
  } finally {
    client.close();
  }
}

/** RabbitMQ has no messages over HTTP but those of its management API. */
async function publishToRabbit(message: Outgoing): Promise<string> {
  const { vhost, where, routingKey, payload, contentType } = message;
  const path = at`exchanges/${vhost}/${where === '' ? 'amq.default' : where}/publish`;
  const answer = await change<{ routed: boolean }>('POST', path, {
    routing_key: routingKey,
    properties: { content_type: contentType },
    payload,
    payload_encoding: 'string',
  });
  return answer?.routed ? 'Published and routed.' : 'Published, but it reached no queue.';
}
