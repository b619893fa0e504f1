/**
 * SocketClient: the broker's own WebSocket for messages as JSON, `/v1/vhosts/…/socket`: consumes
 * from a queue (and acknowledges what it shows), publishes with a result.
 */
import type { Client, Outgoing, Received } from './conversation.ts';
import { Answer, OpenSocket } from './web-socket.ts';

interface SocketMessage {
  readonly token?: string;
  readonly exchange?: string;
  readonly routing_key?: string;
  readonly payload: string;
  readonly payload_encoding?: string;
  readonly properties?: Readonly<Record<string, unknown>>;
}

interface SocketEvent {
  readonly type: string;
  readonly id?: string | number;
  readonly detail?: string;
  readonly kind?: string;
  readonly messages?: readonly SocketMessage[];
  readonly results?: readonly SocketResult[];
}

/** What became of one message. */
interface SocketResult {
  readonly id?: string | number;
  readonly routed?: number;
  readonly detail?: string;
}

/** Messages that may be on their way to the page. */
const CREDIT = 50;

export class SocketClient implements Client {
  private readonly socket: OpenSocket;
  private readonly connected = new Answer<void>();
  private readonly answers = new Map<string | number, Answer<SocketEvent>>();
  private take: (message: Received) => void = () => {};
  private lastId = 0;

  private constructor(socket: OpenSocket, lost: (reason: string) => void) {
    this.socket = socket;
    const ended = (reason: string) => {
      this.fail(new Error(reason));
      lost(reason);
    };
    socket.listen((data) => {
      const text = typeof data === 'string' ? data : new TextDecoder().decode(data);
      const events = JSON.parse(text) as SocketEvent | SocketEvent[];
      for (const event of Array.isArray(events) ? events : [events]) this.receive(event, ended);
    }, ended);
  }

  /** @throws Error if the login is refused */
  static async connect(
    url: string,
    { username, password }: { readonly username: string; readonly password: string },
    lost: (reason: string) => void,
  ): Promise<SocketClient> {
    const socket = await OpenSocket.open(url, []);
    const client = new SocketClient(socket, lost);
    client.say({ type: 'login', username, password });
    await client.connected.promise;
    return client;
  }

  async subscribe(where: string, take: (message: Received) => void): Promise<void> {
    this.take = take;
    await this.ask({ type: 'consume', queue: where, credit: CREDIT });
  }

  async publish({ where, routingKey, payload, contentType }: Outgoing): Promise<string> {
    const properties = contentType === '' ? {} : { content_type: contentType };
    const exchange = where === '' ? 'amq.default' : where;
    const message = { exchange, routing_key: routingKey, payload, properties };
    const { results = [] } = await this.ask({ type: 'publish', ...message });
    const [result] = results;
    if (result?.detail !== undefined) throw new Error(result.detail);
    const routed = result?.routed ?? 0;
    if (routed === 0) return 'Taken, but it reached no queue.';
    return `Safe in ${routed} ${routed === 1 ? 'queue' : 'queues'}.`;
  }

  close(): void {
    this.socket.close();
  }

  private say(command: Readonly<Record<string, unknown>>): void {
    this.socket.send(JSON.stringify(command));
  }

  private ask(command: Readonly<Record<string, unknown>>): Promise<SocketEvent> {
    const id = ++this.lastId;
    const answer = new Answer<SocketEvent>();
    this.answers.set(id, answer);
    this.say({ ...command, id });
    return answer.promise;
  }

  private fail(error: Error): void {
    this.connected.reject(error);
    for (const answer of this.answers.values()) answer.reject(error);
    this.answers.clear();
  }

  private receive(event: SocketEvent, ended: (reason: string) => void): void {
    const { type, id, detail = type, messages = [], results } = event;
    if (type === 'ready') this.connected.resolve();
    else if (type === 'messages') this.show(messages);
    else if (type === 'closed' || type === 'cancelled') ended(detail);
    else if (type === 'published') {
      // One answer may hold the results of several commands, each with its id.
      for (const result of results ?? []) {
        this.answer(result.id ?? -1, { ...event, results: [result] });
      }
    } else if (id !== undefined) {
      if (type === 'error') this.answers.get(id)?.reject(new Error(detail));
      this.answer(id, event);
    } else if (type === 'error') {
      this.fail(new Error(detail));
    }
  }

  private answer(id: string | number, event: SocketEvent): void {
    this.answers.get(id)?.resolve(event);
    this.answers.delete(id);
  }

  private show(messages: readonly SocketMessage[]): void {
    const tokens = messages.map(({ token }) => token).filter((one) => one !== undefined);
    for (const {
      exchange = '',
      routing_key = '',
      payload,
      payload_encoding,
      properties,
    } of messages) {
      const facts: Record<string, string> = {};
      for (const [name, value] of Object.entries(properties ?? {})) {
        facts[name] = typeof value === 'string' ? value : JSON.stringify(value);
      }
      const bytes =
        payload_encoding === 'base64'
          ? Uint8Array.from(atob(payload), (one) => one.charCodeAt(0))
          : new TextEncoder().encode(payload);
      const where = exchange === '' ? routing_key : `${exchange} ${routing_key}`;
      this.take({ where, payload: bytes, facts });
    }
    if (tokens.length > 0) this.say({ type: 'ack', tokens });
  }
}
