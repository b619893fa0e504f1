/**
 * @stomp/stompjs, which most pages use, against the broker: over WebSocket as in a browser, in each
 * version of STOMP, and over TCP through its own adapter.
 */
import { once } from 'node:events';
import {
  type IFrame,
  type IMessage,
  type Client as Stomp,
  Client as StompClient,
  Versions,
} from '@stomp/stompjs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import WebSocket from 'ws';
import { type ObservedBroker, startObserved } from '../support/observed-broker.ts';

let warren: ObservedBroker;
const clients: Stomp[] = [];

beforeAll(async () => {
  warren = await startObserved({
    'stomp.listeners.tcp.default': '127.0.0.1:0',
    'web_stomp.tcp.port': '127.0.0.1:0',
  });
});

afterEach(async () => {
  for (const client of clients.splice(0)) await client.deactivate({ force: true });
});

afterAll(() => warren.stop());

/** Connects by WebSocket, offering only this version, or all. */
async function connect(version?: string, changes: Record<string, unknown> = {}): Promise<Stomp> {
  const protocols = version === undefined ? undefined : [`v${version.replace('.', '')}.stomp`];
  const url = `ws://127.0.0.1:${warren.portOf('http/web-stomp')}/ws`;
  const client = new StompClient({
    webSocketFactory: () =>
      new WebSocket(url, protocols ?? ['v12.stomp', 'v11.stomp', 'v10.stomp']),
    connectHeaders: { login: 'guest', passcode: 'guest' },
    reconnectDelay: 0,
    ...(version !== undefined && { stompVersions: new Versions([version]) }),
    ...changes,
  });
  clients.push(client);
  await new Promise<IFrame>((resolve, reject) => {
    client.onConnect = resolve;
    client.onStompError = (frame) => reject(new Error(frame.headers.message));
    client.onWebSocketError = reject;
    client.activate();
  });
  return client;
}

/** Messages in order, to be awaited. */
class Inbox {
  private readonly came: IMessage[] = [];
  private wake: () => void = () => {};

  readonly take = (message: IMessage): void => {
    this.came.push(message);
    this.wake();
  };

  async next(): Promise<IMessage> {
    while (this.came.length === 0) {
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
    return this.came.shift()!;
  }
}

function receipt(client: Stomp, id: string): Promise<IFrame> {
  return new Promise((resolve) => client.watchForReceipt(id, resolve));
}

describe.each(['1.0', '1.1', '1.2'])('stomp.js over WebSocket with STOMP %s', (version) => {
  it('agrees on the version and on heart-beats', async () => {
    const client = await connect(version, { heartbeatIncoming: 2000, heartbeatOutgoing: 3000 });
    expect(client.connectedVersion).toBe(version);
  });

  it('gets what it sends, headers and special characters included', async () => {
    const client = await connect(version);
    const inbox = new Inbox();
    client.subscribe('/topic/a.*', inbox.take);
    const body = 'Käse 😀\n\0:\\';
    const headers = version !== '1.2' ? { plain: 'x' } : { name: 'c:d\r\n\\e' };
    client.publish({ destination: '/topic/a.b', body, headers });
    const message = await inbox.next();
    expect(message.body).toBe(body);
    expect(message.headers).toMatchObject({ ...headers, destination: '/topic/a.b' });
  });

  it('gets binary bodies as they are', async () => {
    const client = await connect(version);
    const inbox = new Inbox();
    client.subscribe('/queue/binary', inbox.take);
    const binaryBody = Uint8Array.from({ length: 256 }, (_none, byte) => byte);
    client.publish({ destination: '/queue/binary', binaryBody });
    expect(Buffer.from((await inbox.next()).binaryBody)).toEqual(Buffer.from(binaryBody));
  });

  it('acknowledges and refuses', async () => {
    const client = await connect(version);
    const inbox = new Inbox();
    const subscription = client.subscribe('/queue/acks', inbox.take, { ack: 'client-individual' });
    client.publish({ destination: '/queue/acks', body: 'again' });
    const first = await inbox.next();
    // STOMP 1.0 has no NACK, and stomp.js does not send it then.
    if (version === '1.0') {
      first.ack();
      return;
    }
    first.nack();
    const second = await inbox.next();
    expect(second.headers.redelivered).toBe('true');
    const done = receipt(client, 'acked');
    second.ack({ receipt: 'acked' });
    await done;
    subscription.unsubscribe();
    expect(warren.broker.vhosts.get('/')!.queue('acks').unsettled).toBe(0);
  });

  it('sends in transactions, and hears when they are safe', async () => {
    const client = await connect(version);
    const inbox = new Inbox();
    client.subscribe('/queue/tx', inbox.take);
    const aborted = client.begin();
    client.publish({ destination: '/queue/tx', body: 'no', headers: { transaction: aborted.id } });
    aborted.abort();
    const transaction = client.begin();
    const sent = receipt(client, 'sent');
    const headers = { transaction: transaction.id, receipt: 'sent', persistent: 'true' };
    client.publish({ destination: '/queue/tx', body: 'yes', headers });
    transaction.commit();
    expect((await inbox.next()).body).toBe('yes');
    await sent;
  });

  it('disconnects with a receipt', async () => {
    const client = await connect(version);
    await client.deactivate();
    expect(client.connected).toBe(false);
  });
});

describe('stomp.js', () => {
  it('takes the highest version if it may choose, and its subprotocol', async () => {
    const client = await connect();
    expect(client.connectedVersion).toBe('1.2');
    expect((client.webSocket as unknown as WebSocket).protocol).toBe('v12.stomp');
  });

  it('hears why it is refused', async () => {
    const connectHeaders = { login: 'guest', passcode: 'wrong' };
    await expect(connect('1.2', { connectHeaders })).rejects.toThrow('Bad CONNECT');
  });

  it('hears of its mistakes, and is disconnected', async () => {
    const client = await connect();
    const error = new Promise<IFrame>((resolve) => {
      client.onStompError = resolve;
    });
    const closed = new Promise((resolve) => {
      client.onWebSocketClose = resolve;
    });
    client.publish({ destination: '/invalid/destination' });
    expect((await error).headers.message).toBe('Unknown destination');
    await closed;
  });

  it('gets large messages, whole, although it sends and reads in pieces', async () => {
    const client = await connect('1.2', { splitLargeFrames: true, maxWebSocketChunkSize: 8192 });
    const inbox = new Inbox();
    client.subscribe('/queue/large', inbox.take);
    const body = 'ä'.repeat(1_000_000);
    client.publish({ destination: '/queue/large', body });
    expect((await inbox.next()).body).toBe(body);
  });

  it('works over TCP, through a socket that looks like a WebSocket', async () => {
    const { TCPWrapper } = await import('../support/tcp-wrapper.ts');
    const webSocketFactory = () => new TCPWrapper(warren.portOf('stomp'));
    const client = await connect('1.2', { webSocketFactory });
    const inbox = new Inbox();
    client.subscribe('/queue/tcp', inbox.take);
    client.publish({ destination: '/queue/tcp', body: 'over TCP' });
    expect((await inbox.next()).body).toBe('over TCP');
  });
});

describe('WebSocket messages', () => {
  it('are text where they are UTF-8 and binary where they are not, whole frames in each', async () => {
    const socket = new WebSocket(`ws://127.0.0.1:${warren.portOf('http/web-stomp')}/ws`);
    await once(socket, 'open');
    const send = (frame: string | Buffer) => socket.send(frame);
    const received = async () => {
      const [data, isBinary] = (await once(socket, 'message')) as [Buffer, boolean];
      return { isBinary, frame: data.toString('latin1') };
    };
    // Cut anywhere, in text and binary messages, and several frames in one.
    send('CONNECT\naccept-version:1.2\nlogin:gue');
    send(Buffer.from('st\npasscode:guest\n\n\0SUBSCRIBE\nid:1\ndestination:/topic/ws\nrece'));
    const connected = received();
    expect((await connected).frame).toMatch(/^CONNECTED\n/);
    send('ipt:r\n\n\0\n\n');
    expect((await received()).frame).toBe('RECEIPT\nreceipt-id:r\n\n\0\n');
    send(Buffer.from('SEND\ndestination:/topic/ws\n\nK\xe4se\0', 'latin1'));
    const binary = await received();
    expect(binary).toMatchObject({ isBinary: true });
    expect(binary.frame).toMatch(/^MESSAGE\n[\s\S]*\n\nK\xe4se\0\n$/);
    send('SEND\ndestination:/topic/ws\n\nKäse\0SEND\ndestination:/topic/ws\n\nWurst\0');
    const text = await received();
    expect(text.isBinary).toBe(false);
    expect(text.frame.match(/MESSAGE/g)).toHaveLength(2);
    const large = 'x'.repeat(100_000);
    send(`SEND\ndestination:/topic/ws\n\n${large}\0`);
    expect((await received()).frame).toMatch(/^MESSAGE\n[\s\S]*x\0\n$/);
    socket.terminate();
  });
});
