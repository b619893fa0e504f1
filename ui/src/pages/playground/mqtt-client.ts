/**
 * MqttClient: as much of MQTT 5 as a page needs to publish and subscribe, QoS 0 and 1, over
 * WebSocket [MQTT 6]. The bytes are mqtt-packet.ts.
 */
import type { Client, Outgoing, Received } from './conversation.ts';
import {
  connectPacket,
  type MqttPacket,
  PacketReader,
  publishPacket,
  reasonOf,
  subscribePacket,
} from './mqtt-packet.ts';
import { Answer, OpenSocket } from './web-socket.ts';

const KEEP_ALIVE_S = 60;
const PING = Uint8Array.of(0xc0, 0);

export class MqttClient implements Client {
  private readonly socket: OpenSocket;
  private readonly connected = new Answer<void>();
  private readonly answers = new Map<number, Answer<MqttPacket>>();
  private readonly timer: ReturnType<typeof setInterval>;
  private take: (message: Received) => void = () => {};
  private lastId = 0;

  private constructor(socket: OpenSocket, lost: (reason: string) => void) {
    this.socket = socket;
    const reader = new PacketReader((packet) => this.receive(packet));
    const ended = (reason: string) => {
      clearInterval(this.timer);
      const error = new Error(reason);
      this.connected.reject(error);
      for (const answer of this.answers.values()) answer.reject(error);
      lost(reason);
    };
    this.timer = setInterval(() => socket.send(PING), KEEP_ALIVE_S * 500);
    socket.listen((data) => {
      if (typeof data !== 'string') reader.push(data);
    }, ended);
  }

  /** @throws Error if the login is refused */
  static async connect(
    url: string,
    vhost: string,
    login: { readonly username: string; readonly password: string },
    lost: (reason: string) => void,
  ): Promise<MqttClient> {
    const socket = await OpenSocket.open(url, ['mqtt']);
    const client = new MqttClient(socket, lost);
    const clientId = `console-${crypto.getRandomValues(new Uint32Array(1))[0]?.toString(36)}`;
    const username = `${vhost}:${login.username}`;
    const { password } = login;
    socket.send(connectPacket({ clientId, username, password, keepAlive: KEEP_ALIVE_S }));
    await client.connected.promise;
    return client;
  }

  async subscribe(where: string, take: (message: Received) => void): Promise<void> {
    this.take = take;
    const id = ++this.lastId;
    const { code } = await this.ask(id, subscribePacket(id, where, 1));
    if (code >= 0x80) throw new Error(`The subscription was refused: ${reasonOf(code)}.`);
  }

  async publish({ where, payload, qos, retain, contentType }: Outgoing): Promise<string> {
    const bytes = new TextEncoder().encode(payload);
    const id = qos === 0 ? 0 : ++this.lastId;
    const packet = publishPacket({ topic: where, payload: bytes, id, retain, contentType });
    if (qos === 0) {
      this.socket.send(packet);
      return 'Sent; with QoS 0 nobody says whether it arrived.';
    }
    const { code } = await this.ask(id, packet);
    if (code >= 0x80) throw new Error(`Refused: ${reasonOf(code)}.`);
    if (code === 0x10) return 'Acknowledged, but nobody is subscribed to it.';
    return 'Acknowledged: every queue has it.';
  }

  close(): void {
    clearInterval(this.timer);
    this.socket.send(Uint8Array.of(0xe0, 0));
    this.socket.close();
  }

  private ask(id: number, packet: Uint8Array<ArrayBuffer>): Promise<MqttPacket> {
    const answer = new Answer<MqttPacket>();
    this.answers.set(id, answer);
    this.socket.send(packet);
    return answer.promise;
  }

  private receive(packet: MqttPacket): void {
    const { type, id, code } = packet;
    if (type === 'connack') {
      if (code === 0) this.connected.resolve();
      else this.connected.reject(new Error(`The login was refused: ${reasonOf(code)}.`));
    } else if (type === 'publish') {
      const { topic = '', payload = new Uint8Array(), facts = {} } = packet;
      if (id !== 0) this.socket.send(Uint8Array.of(0x40, 2, id >> 8, id & 255));
      this.take({ where: topic, payload, facts });
    } else if (type === 'puback' || type === 'suback') {
      this.answers.get(id)?.resolve(packet);
      this.answers.delete(id);
    }
  }
}
