/** MQTT 5 in the matrix: MQTT.js, QoS 1, a session that stays. Slashes are dots elsewhere. */
import {
  connect,
  connectAsync,
  type IConnackPacket,
  type IPublishPacket,
  type MqttClient,
} from 'mqtt';
import { type Connect, Inbox, type Side } from './side.ts';

export const connectMqtt: Connect = (portOf) => connectBy(`mqtt://127.0.0.1:${portOf('mqtt')}`);

/** The same over WebSocket. */
export const connectMqttByWebSocket: Connect = (portOf) =>
  connectBy(`ws://127.0.0.1:${portOf('http/web-mqtt')}/ws`);

async function connectBy(url: string): Promise<Side> {
  const login = { username: 'guest', password: 'guest', protocolVersion: 5 as const };
  const publisher = await connectAsync(url, { ...login, reconnectPeriod: 0 });
  const subscribers: MqttClient[] = [];
  return {
    async publish(key, { body, headers, persistent = false, expirationMs, ...rest }) {
      const { contentType, correlationId, replyTo } = rest;
      await publisher.publishAsync(topicOf(key), body, {
        qos: persistent ? 1 : 0,
        properties: {
          ...(contentType !== undefined && { contentType }),
          ...(correlationId !== undefined && { correlationData: Buffer.from(correlationId) }),
          ...(replyTo !== undefined && { responseTopic: topicOf(replyTo) }),
          ...(headers !== undefined && { userProperties: { ...headers } }),
          ...(expirationMs !== undefined && { messageExpiryInterval: expirationMs / 1000 }),
        },
      });
      // QoS 0 has no answer: what comes after it has one.
      if (!persistent) await publisher.publishAsync('matrix-nobody', '', { qos: 1 });
    },

    async subscribe(key, { prefetch } = {}) {
      const inbox = new Inbox();
      const client = connect(url, {
        ...login,
        clientId: `matrix-${key}`,
        clean: false,
        reconnectPeriod: 0,
        properties: {
          sessionExpiryInterval: 3600,
          ...(prefetch !== undefined && { receiveMaximum: prefetch }),
        },
        customHandleAcks: (_topic, _message, packet, done) => {
          inbox.put(gotOf(packet as IPublishPacket, () => done(0)));
        },
      });
      // What asks for no acknowledgement comes by another way.
      client.on('message', (_topic, _payload, packet) => {
        if (packet.qos === 0) inbox.put(gotOf(packet, () => {}));
      });
      subscribers.push(client);
      const connack = await new Promise<IConnackPacket>((resolve, reject) => {
        client.once('connect', resolve);
        client.once('error', reject);
      });
      // What comes back from before holds up the library, its answer to SUBSCRIBE included.
      if (!connack.sessionPresent) await client.subscribeAsync(topicOf(key), { qos: 1 });
      return inbox;
    },

    async leave() {
      // Nothing is said: what is out stays out until the broker notices.
      for (const client of [...subscribers.splice(0), publisher]) {
        client.end(true);
        client.stream.destroy();
      }
    },
  };

  function gotOf(packet: IPublishPacket, ack: () => void) {
    const properties = packet.properties ?? {};
    const { messageExpiryInterval: seconds, responseTopic, correlationData } = properties;
    return {
      body: Buffer.from(packet.payload),
      contentType: properties.contentType,
      correlationId: correlationData?.toString(),
      replyTo: responseTopic?.replaceAll('/', '.'),
      headers: { ...properties.userProperties },
      persistent: packet.qos > 0,
      expirationMs: seconds === undefined ? undefined : seconds * 1000,
      redelivered: packet.dup,
      ack,
      refuse: null,
    };
  }
}

function topicOf(key: string): string {
  return key.replaceAll('.', '/');
}
